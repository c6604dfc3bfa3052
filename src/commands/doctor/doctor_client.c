#include "base/cleanup.h"
#include "base/variable.h"
#include "commands/doctor/doctor.h"
#include "commands/host.h"
#include "core/client/claude_settings.h"
#include "system/files.h"
#include "system/keys/claude_files.h"
#include "system/process/capture.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

#define VERSION_MS      5000
#define VERSION_LONGEST 512

/* "2.1.197" from "2.1.197 (Claude Code)"; false if the text does not begin with a version. */
static bool cut_version(char *text)
{
    size_t length = strspn(text, "0123456789.");
    bool is_version = isdigit((unsigned char)text[0]) && memchr(text, '.', length);
    text[length] = '\0';
    return is_version;
}

static void ask_version(struct doctor *doctor, const char *file)
{
    char text[VERSION_LONGEST] = "";
    size_t length;
    int status = 0;
    char *argv[] = {(char *)file, (char *)"--version", NULL};
    CLEANUP_CLOSE int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    const struct capture_request request = {.argv = argv,
                                            .environment = environ,
                                            .limit_ms = VERSION_MS,
                                            .errors = nowhere,
                                            .host = &command_host};
    int r = capture_run(&request, text, sizeof text - 1, &length, &status);
    if (r == -ETIMEDOUT)
        doctor_say(doctor, "client", HEALTH_WARN,
                   "%s --version did not end within %d s; fix: try it by hand", file,
                   VERSION_MS / 1000);
    else if (r < 0 && r != -EFBIG)
        doctor_say(doctor, "client", HEALTH_WARN, "%s cannot be started: %s; fix: reinstall it",
                   file, strerror(-r));
    else if (status != 0)
        doctor_say(doctor, "client", HEALTH_WARN, "%s --version failed; fix: try it by hand", file);
    else if (r < 0 || !cut_version(text))
        doctor_say(doctor, "client", HEALTH_WARN,
                   "%s --version printed no version: it may not be Claude Code; fix: try it by "
                   "hand",
                   file);
    else
        doctor_say(doctor, "client", HEALTH_OK, "%s is version %s", file, text);
}

void doctor_check_client(struct doctor *doctor)
{
    CLEANUP_FREE char *file = files_find_program("claude");
    if (file)
        ask_version(doctor, file);
    else
        doctor_say(doctor, "client", HEALTH_WARN,
                   "there is no claude on PATH; fix: npm install -g @anthropic-ai/claude-code, or "
                   "correct PATH (not needed for other programs)");
}

/* --- settings files --- */

/* `line` is "PATH sets NAME". */
static void say_setting(struct doctor *doctor, const char *line, bool managed)
{
    static const char sets[] = " sets ";
    const char *name = line, *next = line;
    while ((next = strstr(next, sets)))
        name = next += sizeof sets - 1;
    int path = name > line ? (int)(name - line) - (int)sizeof sets + 1 : 0;
    bool is_address = strcmp(name, "ANTHROPIC_BASE_URL") == 0;
    const char *effect = is_address ? "send the keys elsewhere"
                         : strcmp(name, "CLAUDE_CODE_SIMPLE") == 0
                             ? "keep older versions from reading an OAuth token"
                             : "replace the key";
    if (managed && is_address)
        doctor_say(doctor, "settings", HEALTH_WARN,
                   "%s: your administrator has the keys sent to another address", line);
    else if (managed)
        doctor_say(doctor, "settings", HEALTH_FAIL,
                   "%s, which wins over every key: tcr-run has no effect on claude; fix: ask your "
                   "administrator to remove %s from %.*s",
                   line, name, path, line);
    else
        doctor_say(doctor, "settings", HEALTH_WARN,
                   "%s, which would %s; tcr-run blanks it where it starts claude itself, not where "
                   "another program does; fix: remove %s from %.*s",
                   line, effect, name, path, line);
}

static void say_settings(struct doctor *doctor, const struct buffer *lines, bool managed)
{
    CLEANUP_FREE char *copy = strdup(buffer_text(lines));
    for (char *line = copy, *end; line && (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        say_setting(doctor, line, managed);
    }
}

static void check_simple(struct doctor *doctor, const struct claude_settings_files *files)
{
    if (settings_are_simple(files->sources, files->count, NULL,
                            variable_value(environ, "CLAUDE_CODE_SIMPLE")))
        doctor_say(
            doctor, "settings", HEALTH_WARN,
            "CLAUDE_CODE_SIMPLE is set, so claude reads no OAuth token and only API keys are "
            "used; fix: unset it in the environment, or in \"env\" of Claude Code's settings");
}

static void check_files(struct doctor *doctor, const struct claude_settings_files *files)
{
    const struct kind kind = kind_make(KIND_OAUTH);
    struct shield shield = {0};
    struct buffer error = {0};
    const struct shield_request request = {.sources = files->sources,
                                           .source_count = files->count,
                                           .kind = &kind,
                                           .via = VIA_AUTO,
                                           .descriptor = -1};
    if (shield_build(&request, &shield, &error) < 0)
        doctor->out_of_memory = true;
    say_settings(doctor, &shield.shadows, false);
    say_settings(doctor, &shield.managed, true);
    check_simple(doctor, files);
    if (shield.shadows.length + shield.managed.length == 0)
        doctor_say(doctor, "settings", HEALTH_OK, "no settings file of Claude Code replaces a key");
    shield_finish(&shield);
    buffer_finish(&error);
}

void doctor_check_settings(struct doctor *doctor)
{
    struct claude_settings_files files = {0};
    CLEANUP_FREE char *config = claude_config_folder(environ);
    if (!config) {
        doctor_say(doctor, "settings", HEALTH_FAIL,
                   "there is no home folder, so claude does not run; fix: set HOME or "
                   "CLAUDE_CONFIG_DIR");
        return;
    }
    if (claude_settings_read(environ, config, &files) < 0)
        doctor->out_of_memory = true;
    else
        check_files(doctor, &files);
    claude_settings_finish(&files);
}
