#include "commands/setup/setup.h"

#include "base/nearest.h"
#include "core/client/ownlines.h"
#include "core/client/settingsedit.h"
#include "system/files.h"
#include "system/keys/claude_files.h"
#include "system/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

static char *in_home(const char *name)
{
    char *path = NULL;
    const char *home = files_home();
    if (home && asprintf(&path, "%s/%s", home, name) < 0)
        path = NULL;
    if (!path)
        log_say("setup: there is no home folder");
    return path;
}

static int remove_lines(const struct setup_facts *facts, const char *text, size_t length,
                        struct buffer *ret_text, struct buffer *error)
{
    (void)facts;
    int r = ownlines_remove(text, length, ret_text);
    if (r < 0)
        buffer_append_text(error, "the lines of tcr-run begin there and do not end; remove them "
                                  "by hand");
    return r;
}

static int add_lines(const struct buffer *lines, const char *text, size_t length,
                     struct buffer *ret_text)
{
    return ownlines_add(text ? text : "", length, buffer_text(lines), ret_text);
}

/* ---- Claude Code ---- */

static char *claude_path(void)
{
    char *path = NULL, *folder = claude_config_folder(environ);
    if (!folder || asprintf(&path, "%s/settings.json", folder) < 0) {
        log_say("setup: there is no home folder");
        path = NULL;
    }
    free(folder);
    return path;
}

/* The helper's output is the key, so the settings hold none. */
struct claude_members {
    struct settings_member list[2];
    struct buffer helper;
};

static void list_members(const struct setup_facts *facts, struct claude_members *members)
{
    *members = (struct claude_members){0};
    buffer_append_format(&members->helper, "%s gateway token", buffer_text(&facts->self));
    members->list[0] =
        (struct settings_member){NULL, "apiKeyHelper", buffer_text(&members->helper)};
    members->list[1] = (struct settings_member){"env", "ANTHROPIC_BASE_URL", facts->address};
}

static int add_claude(const struct setup_facts *facts, const char *text, size_t length,
                      struct buffer *ret_text, struct buffer *error)
{
    struct claude_members members;
    list_members(facts, &members);
    int r = settingsedit_add(text, length, members.list, 2, ret_text, error);
    if (r == -EEXIST)
        buffer_append_text(error, "; remove it there, or leave it as it is");
    buffer_finish(&members.helper);
    return r > 0 ? 1 : r;
}

static int remove_claude(const struct setup_facts *facts, const char *text, size_t length,
                         struct buffer *ret_text, struct buffer *error)
{
    struct claude_members members;
    struct buffer made = {0};
    list_members(facts, &members);
    (void)settingsedit_add(NULL, 0, members.list, 2, &made, error);
    /* If the file is still as setup created it, the whole file is removed. */
    bool is_made = made.length == length && memcmp(buffer_text(&made), text, length) == 0;
    int r = is_made ? 1 : settingsedit_remove(text, length, members.list, 2, ret_text, error);
    buffer_finish(&made);
    buffer_finish(&members.helper);
    return r > 0 ? 1 : r;
}

/* ---- a shell ---- */

static const char *shell_name(void)
{
    const char *shell = getenv("SHELL"), *slash = shell ? strrchr(shell, '/') : NULL;
    return slash ? slash + 1 : shell ? shell : "";
}

static char *shell_path(void)
{
    const char *shell = shell_name(), *folder = getenv("ZDOTDIR");
    char *path;
    if (strcmp(shell, "bash") == 0)
        return in_home(".bashrc");
    if (strcmp(shell, "fish") == 0)
        return files_xdg_shared("XDG_CONFIG_HOME", ".config", "fish/config.fish");
    if (strcmp(shell, "zsh") == 0 && folder && *folder)
        return asprintf(&path, "%s/.zshrc", folder) < 0 ? NULL : path;
    if (strcmp(shell, "zsh") == 0)
        return in_home(".zshrc");
    log_say("setup: SHELL is \"%s\"; expected bash, zsh or fish; for another shell set "
            "ANTHROPIC_BASE_URL to the gateway's address, and ANTHROPIC_API_KEY to what tcr-run "
            "gateway token prints",
            shell);
    return NULL;
}

static int add_shell(const struct setup_facts *facts, const char *text, size_t length,
                     struct buffer *ret_text, struct buffer *error)
{
    struct buffer lines = {0};
    (void)error;
    bool fish = strcmp(shell_name(), "fish") == 0;
    buffer_append_format(&lines,
                         fish ? "set -gx ANTHROPIC_BASE_URL %s\n"
                                "set -gx ANTHROPIC_API_KEY (%s gateway token)\n"
                              : "export ANTHROPIC_BASE_URL=%s\n"
                                "export ANTHROPIC_API_KEY=\"$(%s gateway token)\"\n",
                         facts->address, buffer_text(&facts->self));
    int r = add_lines(&lines, text, length, ret_text);
    buffer_finish(&lines);
    return r;
}

/* ---- Aider ---- */

static char *aider_path(void)
{
    return in_home(".aider.conf.yml");
}

/* YAML allows each key only once. */
static bool has_key(const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL)
        if (strncmp(line, key, length) == 0)
            return true;
    return false;
}

static int add_aider(const struct setup_facts *facts, const char *text, size_t length,
                     struct buffer *ret_text, struct buffer *error)
{
    struct buffer lines = {0}, others = {0};
    if (!text || ownlines_remove(text, length, &others) != 1)
        buffer_append(&others, text ? text : "", length);
    bool taken =
        has_key(buffer_text(&others), "set-env:") || has_key(buffer_text(&others), "api-key:");
    buffer_finish(&others);
    if (taken) {
        buffer_append_format(error,
                             "it has set-env or api-key already; add there "
                             "ANTHROPIC_API_BASE=%s and anthropic=, with what tcr-run gateway "
                             "token prints",
                             facts->address);
        return -EINVAL;
    }
    buffer_append_format(&lines,
                         "set-env:\n"
                         "  - ANTHROPIC_API_BASE=%s\n"
                         "api-key:\n"
                         "  - anthropic=%s\n",
                         facts->address, facts->token);
    int r = add_lines(&lines, text, length, ret_text);
    buffer_finish_wiping(&lines);
    return r;
}

static const struct setup_program programs[] = {
    {"claude", "Claude Code, started without tcr-run", false, claude_path, add_claude,
     remove_claude, "It applies to sessions that are started from now on."},
    {"shell", "all that is started from your shell (bash, zsh, fish)", false, shell_path, add_shell,
     remove_lines, "It applies to shells that are started from now on."},
    {"aider", "Aider, with Claude's models", true, aider_path, add_aider, remove_lines,
     "Its model is named anthropic/claude-..., as in aider --model anthropic/claude-sonnet-4-5."},
    {"cursor", "what to enter in Cursor's settings", false, NULL, NULL, NULL,
     "Cursor keeps its settings to itself. In Settings, Models:\n"
     "  OpenAI API Key            what tcr-run gateway token prints\n"
     "  Override OpenAI Base URL  %s/v1\n"
     "It can reach the gateway only where Cursor sends its requests from this machine."},
};
#define PROGRAMS (sizeof programs / sizeof *programs)

const struct setup_program *setup_program_at(size_t index)
{
    return index < PROGRAMS ? &programs[index] : NULL;
}

const struct setup_program *setup_find(const char *name, const char **ret_nearest)
{
    struct nearest nearest = nearest_begin(name, strlen(name));
    for (size_t i = 0; i < PROGRAMS; i++) {
        if (strcmp(programs[i].name, name) == 0)
            return &programs[i];
        nearest_consider(&nearest, programs[i].name);
    }
    if (ret_nearest)
        *ret_nearest = nearest.word;
    return NULL;
}
