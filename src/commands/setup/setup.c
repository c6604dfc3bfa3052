#include "commands/setup/setup.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/shellword.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/gateway/gateway.h"
#include "commands/gateway/start.h"
#include "commands/host.h"
#include "commands/output.h"
#include "system/files.h"
#include "system/log.h"
#include "system/process/ownpath.h"
#include "system/process/pidfile.h"
#include "system/stream/terminal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_NOTHING 1 /* there was nothing to do, or a person said no */

struct setup_request {
    bool undo, yes, shows_only;
    const struct setup_program *program;
    struct options options;
};

static int show_help(void)
{
    struct buffer text = {0};
    const struct setup_program *program;
    buffer_append_text(&text, "Usage: tcr-run setup PROGRAM [--undo] [-n] [-y] [--profile NAME]\n"
                              "Lets a program that tcr-run does not start find the lasting "
                              "gateway.\n\n");
    for (size_t i = 0; (program = setup_program_at(i)); i++)
        buffer_append_format(&text, "  %-8s %s\n", program->name, program->what);
    buffer_append_text(&text,
                       "\n"
                       "      --undo             take out what it wrote, and nothing else\n"
                       "  -n, --dry-run          only show the change\n"
                       "  -y, --yes              make it without asking\n"
                       "  -f, --keys FILE        the key file that names the profile's port\n"
                       "  -p, --profile NAME     the gateway of this profile\n"
                       "\n"
                       "Manual: tcr-run-gateway(1).\n");
    return output_print(&text);
}

/* ---- what goes in ---- */

/* By its name, if a shell finds it by that; otherwise by its path. */
static void name_self(struct buffer *text)
{
    char own[PATH_MAX], found[PATH_MAX];
    CLEANUP_FREE char *program = files_find_program("tcr-run");
    bool known = ownpath_find(own, sizeof own) == 0;
    if (!known || (program && realpath(program, found) && strcmp(own, found) == 0))
        buffer_append_text(text, "tcr-run");
    else
        shellword_append(text, own);
}

static bool find_facts(const struct options *options, struct setup_facts *facts)
{
    struct start start = START_INIT;
    start.profile = options->profile;
    start.keys = options->keys_file;
    start.port = atoi(GATEWAY_PORT_DEFAULT);
    /* Only a profile has a port in the key file, and reading that may ask for a passphrase. */
    if (start.profile && !start_find_port(&start))
        return false;
    snprintf(facts->address, sizeof facts->address, "http://127.0.0.1:%d", start.port);
    name_self(&facts->self);
    facts->token = gateway_stand_in();
    return facts->token != NULL;
}

static void facts_finish(struct setup_facts *facts)
{
    secret_free(facts->token);
    buffer_finish(&facts->self);
}

/* ---- what is shown ---- */

struct lines {
    const char *at, *end;
};

static bool next_line(struct lines *lines, const char **ret_line, size_t *ret_length)
{
    if (lines->at == lines->end)
        return false;
    const char *newline = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
    *ret_line = lines->at;
    *ret_length = (size_t)((newline ? newline : lines->end) - lines->at);
    lines->at = newline ? newline + 1 : lines->end;
    return true;
}

static bool has_line(struct lines lines, const char *wanted, size_t length)
{
    const char *line;
    size_t found;
    while (next_line(&lines, &line, &found))
        if (found == length && memcmp(line, wanted, length) == 0)
            return true;
    return false;
}

/* The token itself must not be shown on a screen. */
static void append_line(struct buffer *text, char sign, const char *line, size_t length,
                        const char *token)
{
    const char *hidden = memmem(line, length, token, strlen(token));
    size_t before = hidden ? (size_t)(hidden - line) : length;
    buffer_append_format(text, "%c %.*s", sign, (int)before, line);
    if (hidden)
        buffer_append_format(text, "(the gateway's token)%.*s",
                             (int)(length - before - strlen(token)), hidden + strlen(token));
    buffer_append_char(text, '\n');
}

/* Whole lines are added or removed; those that stay are in the same order. */
static void append_difference(struct buffer *text, const struct buffer *before,
                              const struct buffer *after, const char *token)
{
    struct lines old = {buffer_text(before), buffer_text(before) + before->length};
    struct lines new = {buffer_text(after), buffer_text(after) + after->length};
    const char *line, *other = NULL;
    size_t length, other_length = 0;
    bool has_other = next_line(&old, &other, &other_length);
    while (next_line(&new, &line, &length)) {
        while (has_other && (other_length != length || memcmp(other, line, length) != 0) &&
               !has_line((struct lines){line, new.end}, other, other_length)) {
            append_line(text, '-', other, other_length, token);
            has_other = next_line(&old, &other, &other_length);
        }
        if (has_other && other_length == length && memcmp(other, line, length) == 0)
            has_other = next_line(&old, &other, &other_length);
        else
            append_line(text, '+', line, length, token);
    }
    for (; has_other; has_other = next_line(&old, &other, &other_length))
        append_line(text, '-', other, other_length, token);
}

/* 0: go on; else the exit status. */
static int ask(const struct setup_request *wish, const struct setup_file *file,
               const struct buffer *after, const char *token)
{
    struct buffer text = {0};
    buffer_append_format(&text, "%s:\n", file->path);
    append_difference(&text, &file->text, after, token);
    int status = output_print(&text);
    if (status != 0 || wish->yes)
        return status;
    if (wish->shows_only)
        return -1;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        log_say("setup: nothing was changed; without a terminal, --yes makes this change");
        return EXIT_NOTHING;
    }
    return terminal_agree("tcr-run: Make this change? [y/N] ", &command_host) ? 0 : EXIT_NOTHING;
}

/* ---- what is done ---- */

static void say_elsewhere(const struct buffer *addresses, const char *address)
{
    const char *text = buffer_text(addresses), *found = strstr(text, address);
    size_t length = strlen(address);
    while (found && found[length] != '\n')
        found = strstr(found + length, address);
    if (!found)
        log_warn("setup: the gateway that runs listens on %.*s, not on %s, which the program asks "
                 "now; fix: start it without --listen, or with --listen %s",
                 (int)strcspn(text, "\n"), text, address, address + strlen("http://"));
}

/* A program that waits for a gateway that nobody starts looks broken. */
static void say_next(const struct setup_request *wish, const struct setup_facts *facts)
{
    struct pidfile running;
    CLEANUP_FREE char *path = gateway_pid_path(wish->options.profile);
    int r = path ? pidfile_read(path, &running) : -ENOMEM;
    log_say("%s", wish->program->then);
    if (r == 0) {
        say_elsewhere(&running.text, facts->address);
        pidfile_finish(&running);
    }
    if (r == -ESRCH)
        log_say("no gateway runs now; to start one: tcr-run gateway start -d; to have systemd "
                "start it when it is needed: tcr-run gateway install");
}

static int change(const struct setup_request *wish, const struct setup_facts *facts,
                  const struct setup_file *file, struct buffer *after)
{
    const struct setup_program *program = wish->program;
    struct buffer error = {0};
    const char *text = file->exists ? buffer_text(&file->text) : NULL;
    int r = wish->undo && !text ? 0
            : wish->undo        ? program->remove(facts, text, file->text.length, after, &error)
                                : program->add(facts, text, file->text.length, after, &error);
    if (r < 0)
        log_say("%s: %s", file->path, buffer_text(&error));
    else if (after->failed)
        log_say("out of memory");
    else if (r == 0)
        log_say("%s: %s", file->path,
                wish->undo ? "nothing of tcr-run setup is in it" : "is set up already");
    buffer_finish(&error);
    if (r < 0 || after->failed)
        return EXIT_OWN_FAILURE;
    if (r == 0)
        return wish->undo ? EXIT_NOTHING : 0;
    int status = ask(wish, file, after, facts->token);
    if (status != 0)
        return status < 0 ? 0 : status;
    bool done = wish->undo ? setup_file_restore(file, after, after->length == 0)
                           : setup_file_write(file, after, program->keeps_token);
    if (done && !wish->undo)
        say_next(wish, facts);
    return done ? 0 : EXIT_OWN_FAILURE;
}

static int set_up(const struct setup_request *wish, const struct setup_facts *facts)
{
    struct setup_file file;
    struct buffer after = {0};
    if (!wish->program->path) {
        struct buffer text = {0};
        const char *gap = strstr(wish->program->then, "%s");
        buffer_append_format(&text, "%.*s%s%s\n", (int)(gap - wish->program->then),
                             wish->program->then, facts->address, gap + 2);
        return output_print(&text);
    }
    CLEANUP_FREE char *path = wish->program->path();
    if (!path)
        return EXIT_OWN_FAILURE;
    int status =
        setup_file_open(&file, path) ? change(wish, facts, &file, &after) : EXIT_OWN_FAILURE;
    buffer_finish_wiping(&after);
    setup_file_close(&file);
    return status;
}

static bool parse(int argc, char **argv, struct setup_request *wish)
{
    const struct flag flags[] = {{"undo", 0, &wish->undo, NULL},
                                 {"yes", 'y', &wish->yes, NULL},
                                 {"dry-run", 'n', &wish->shows_only, NULL},
                                 {0}};
    const char *nearest = NULL;
    int words = arguments_parse(argc, argv, flags, &wish->options);
    if (words < 0)
        return false;
    if (words != 1) {
        log_say("setup takes one program: claude, shell, aider or cursor; usage: tcr-run setup "
                "PROGRAM [--undo]");
        return false;
    }
    wish->program = setup_find(argv[1], &nearest);
    if (!wish->program && nearest)
        log_say("setup: unknown program \"%s\"; did you mean: tcr-run setup %s", argv[1], nearest);
    else if (!wish->program)
        log_say("setup: unknown program \"%s\"; expected claude, shell, aider or cursor", argv[1]);
    if (wish->program && wish->yes && wish->shows_only)
        log_say("setup: --yes makes the change and --dry-run does not; give one of them");
    return wish->program && !(wish->yes && wish->shows_only);
}

int command_setup(int argc, char **argv)
{
    struct setup_request wish = {0};
    struct setup_facts facts = {0};
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return show_help();
    if (!parse(argc, argv, &wish))
        return EXIT_OWN_FAILURE;
    int status = find_facts(&wish.options, &facts) ? set_up(&wish, &facts) : EXIT_OWN_FAILURE;
    facts_finish(&facts);
    return status;
}
