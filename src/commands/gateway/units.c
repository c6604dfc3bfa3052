#include "commands/gateway/units.h"

#include "base/cleanup.h"
#include "system/files.h"
#include "system/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNIT_LARGEST 65536
#define FIRST_LINE   "# " UNITS_WRITTEN "\n"
#define OURS_WITHIN  512 /* bytes: a property list has a head before it */

void units_finish(struct units *units)
{
    free(units->folder);
}

bool units_may_name(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    if (strlen(name) <= 64 && !name[strspn(name, allowed)])
        return true;
    log_say("gateway: the profile \"%s\" cannot be part of a unit's name; expected letters, "
            "digits, \"_\", \".\" and \"-\"",
            name);
    return false;
}

bool units_name(struct units *units, const char *profile)
{
    const char *dash = profile ? "-" : "", *name = profile ? profile : "";
    if (!units_may_name(name))
        return false;
    snprintf(units->socket, UNITS_NAME, "tcr-run-gateway%s%s.socket", dash, name);
    snprintf(units->service, UNITS_NAME, "tcr-run-gateway%s%s.service", dash, name);
    units->folder = files_xdg_shared("XDG_CONFIG_HOME", ".config", "systemd/user");
    if (!units->folder)
        log_say("gateway: there is no home folder for the units of systemd");
    return units->folder != NULL;
}

/* ---- their text: systemd.syntax(7) ---- */

static void append_escaped(struct buffer *text, const char *value, const char *doubled)
{
    for (const char *p = value; *p; p++) {
        if (*p == '\n')
            buffer_append_text(text, "\\n");
        else if (*p == '"' || *p == '\\')
            buffer_append_format(text, "\\%c", *p);
        else if (strchr(doubled, *p))
            buffer_append_format(text, "%c%c", *p, *p);
        else
            buffer_append(text, p, 1);
    }
}

/* A word of a command line, where "$" begins a variable. */
static void append_word(struct buffer *text, const char *word)
{
    buffer_append_text(text, "\"");
    append_escaped(text, word, "%$");
    buffer_append_text(text, "\"");
}

void units_append_socket(const struct start *start, struct buffer *text)
{
    buffer_append_text(text, FIRST_LINE "[Unit]\n"
                                        "Description=Addresses of the tcr-run gateway\n"
                                        "\n"
                                        "[Socket]\n");
    for (size_t i = 0; i < start->address_count; i++) {
        buffer_append_text(text, "ListenStream=");
        append_escaped(text, start->at[i].text, "%");
        buffer_append_text(text, "\n");
    }
    buffer_append_text(text, "BindIPv6Only=ipv6-only\n"
                             "SocketMode=0600\n"
                             "DirectoryMode=0700\n"
                             "Backlog=1024\n"
                             "\n"
                             "[Install]\n"
                             "WantedBy=sockets.target\n");
}

/* Variables that a gateway reads, and that a service would not get. */
static const struct {
    const char *name;
    bool is_path;
} carried[] = {
    {"TCR_KEYS_FILE", true},       {"TCR_STATE", false},
    {"TCR_PASSPHRASE_FILE", true}, {"TCR_GATEWAY_TOKEN_FILE", true},
    {"XDG_CONFIG_HOME", true},     {"XDG_STATE_HOME", true},
    {"HTTPS_PROXY", false},        {"https_proxy", false},
    {"NO_PROXY", false},           {"no_proxy", false},
    {"SSL_CERT_FILE", true},       {"SSL_CERT_DIR", true},
    {"CURL_CA_BUNDLE", true},      {"TCR_MASTER_KEY", false},
    {"TCR_REDIS_PASSWORD", false},
};

/* A key file is private, but units are read by other programs too. */
static bool holds_secret(const char *name, const char *value)
{
    const char *authority = strstr(value, "://");
    const char *at = authority ? strchr(authority, '@') : NULL;
    return strcmp(name, "TCR_REDIS_PASSWORD") == 0 || strcmp(name, "TCR_MASTER_KEY") == 0 ||
           (at && at < authority + 3 + strcspn(authority + 3, "/"));
}

void units_each_variable(const struct units_visit *visit)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof carried / sizeof *carried; i++) {
        const char *name = carried[i].name, *value = getenv(name);
        if (!value || !*value)
            continue;
        if (holds_secret(name, value))
            visit->leave_out(visit->context, name);
        else
            visit->take(visit->context, name,
                        carried[i].is_path && realpath(value, path) ? path : value);
    }
}

struct environment {
    const struct units *units;
    struct buffer *text;
};

static void append_variable(void *context, const char *name, const char *value)
{
    const struct environment *environment = context;
    buffer_append_format(environment->text, "Environment=\"%s=", name);
    append_escaped(environment->text, value, "%");
    buffer_append_text(environment->text, "\"\n");
}

static void leave_out_variable(void *context, const char *name)
{
    const struct environment *environment = context;
    log_say("gateway: %s holds a secret and is not written into the unit; fix: systemctl --user "
            "edit %s, with a line Environment=%s=...",
            name, environment->units->service, name);
}

const char *units_word(const struct start *start, size_t i, char path[PATH_MAX])
{
    const char *word = start->words[i];
    return start_takes_file(start->words[i - 1]) && realpath(word, path) ? path : word;
}

/* Repeats the words that start was given, with a path that is independent of the folder. */
static void append_command(const struct start *start, const char *program, struct buffer *text)
{
    char path[PATH_MAX];
    buffer_append_text(text, "ExecStart=");
    append_word(text, program);
    buffer_append_text(text, " gateway start");
    for (size_t i = 1; i < start->word_count; i++) {
        buffer_append_text(text, " ");
        append_word(text, units_word(start, i, path));
    }
    buffer_append_text(text, "\n");
}

void units_append_service(const struct start *start, const struct units *units, const char *program,
                          struct buffer *text)
{
    buffer_append_format(text,
                         FIRST_LINE "[Unit]\n"
                                    "Description=tcr-run gateway\n"
                                    "Documentation=man:tcr-run-gateway(1)\n"
                                    "Requires=%s\n"
                                    "After=%s\n"
                                    "\n"
                                    "[Service]\n",
                         units->socket, units->socket);
    append_command(start, program, text);
    struct environment environment = {units, text};
    units_each_variable(&(struct units_visit){append_variable, leave_out_variable, &environment});
    /* Open answers get 30 s. A process that renews a login is never killed half-way. */
    buffer_append_text(text, "KillMode=process\n"
                             "TimeoutStopSec=35\n");
}

/* ---- files ---- */

static char *unit_path(const struct units *units, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", units->folder, name) < 0 ? NULL : path;
}

bool units_is_ours(const struct units *units, const char *name, bool *ret_exists)
{
    CLEANUP_FREE char *path = unit_path(units, name);
    struct buffer text = {0};
    if (!path)
        return false;
    int r = files_read_plain(path, UNIT_LARGEST, &text);
    *ret_exists = r != -ENOENT;
    size_t within = text.length < OURS_WITHIN ? text.length : OURS_WITHIN;
    bool ours = r == -ENOENT || (r == 0 && memmem(buffer_text(&text), within, UNITS_WRITTEN,
                                                  strlen(UNITS_WRITTEN)) != NULL);
    buffer_finish(&text);
    if (!ours)
        log_say("%s: %s; fix: move it away", path,
                r < 0 ? strerror(-r) : "was not written by tcr-run gateway install");
    return ours;
}

bool units_write(const struct units *units, const char *name, const struct buffer *text)
{
    CLEANUP_CLOSE int folder = open(units->folder, O_DIRECTORY | O_CLOEXEC);
    int r = folder < 0 ? -errno : files_replace(folder, name, buffer_text(text), text->length);
    if (r < 0)
        log_say("%s/%s: %s", units->folder, name, strerror(-r));
    return r == 0;
}

bool units_remove(const struct units *units, const char *name)
{
    CLEANUP_FREE char *path = unit_path(units, name);
    if (!path)
        return false;
    if (unlink(path) == 0 || errno == ENOENT)
        return true;
    log_say("%s: %s", path, strerror(errno));
    return false;
}
