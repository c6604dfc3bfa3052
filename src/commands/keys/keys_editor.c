#include "base/secret.h"
#include "base/shellword.h"
#include "commands/command.h"
#include "commands/host.h"
#include "commands/keys/keys.h"
#include "core/pool/keyfile.h"
#include "system/keys/draft.h"
#include "system/keys/keysource.h"
#include "system/log.h"
#include "system/process/editor.h"
#include "system/process/signals.h"
#include "system/stream/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct editing {
    struct keychange change;
    struct draft draft;
    char *before, *after;
    size_t before_length, after_length;
};

enum outcome { OUTCOME_DONE, OUTCOME_AGAIN, OUTCOME_LEFT };

static bool is_same(const struct editing *editing)
{
    return editing->after && editing->before_length == editing->after_length &&
           memcmp(editing->before, editing->after, editing->after_length) == 0;
}

/* A text that cannot be used is kept, unless that would expose what was sealed. */
static enum outcome leave(struct editing *editing)
{
    struct buffer path = {0};
    if (is_same(editing)) {
        log_say("%s: left as it was", editing->change.path);
    } else if (editing->change.sealed) {
        log_say("%s: left as it was; the edited text was removed, because it was not sealed",
                editing->change.path);
    } else {
        shellword_append(&path, editing->draft.path);
        log_say("%s: left as it was; the edited text is kept in %s; it holds tokens, remove it "
                "when it is no longer needed",
                editing->change.path, buffer_text(&path));
        draft_forget(&editing->draft);
    }
    buffer_finish(&path);
    return OUTCOME_LEFT;
}

static enum outcome ask_again(struct editing *editing)
{
    bool person = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
    if (person && terminal_confirm(editing->change.sealed
                                       ? "Enter to edit it again, n to throw the edited text away: "
                                       : "Enter to edit it again, n to leave the file as it was: ",
                                   &command_host))
        return OUTCOME_AGAIN;
    return leave(editing);
}

/* The default editor would fill a terminal. */
static bool lacks_terminal(void)
{
    return editor_name() && !editor_wanted() && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO));
}

static enum outcome start_editor(struct editing *editing)
{
    int status = 0;
    int r = editor_run(editing->draft.path, &status);
    if (r == -ENOENT && !editor_name())
        log_say("keys edit: there is no editor; set VISUAL or EDITOR");
    else if (r < 0 && r != -EINTR)
        log_say("keys edit: the editor cannot be started: %s", strerror(-r));
    if (r == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return OUTCOME_DONE;
    if (r == 0 && WIFEXITED(status))
        log_say("keys edit: %s ended with status %d", editor_name(), WEXITSTATUS(status));
    else if (r == 0)
        log_say("keys edit: %s was ended by signal %d", editor_name(), WTERMSIG(status));
    return OUTCOME_LEFT;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* What a run would only pass over, such as a field whose name is misspelled. */
static void warn_of_oddities(const struct editing *editing)
{
    struct keyring_report report = {0};
    struct keyring keyring;
    struct buffer prefix = {0};
    buffer_append_format(&prefix, "%s: ", editing->change.path);
    (void)keyfile_parse(editing->after, editing->after_length, &keyring, &report);
    log_warn_lines(buffer_text(&prefix), buffer_text(&report.warnings));
    keyring_finish(&keyring);
    keyring_report_finish(&report);
    buffer_finish(&prefix);
}

static enum outcome take_in(struct editing *editing)
{
    const struct keychange_text before = {editing->before, editing->before_length};
    const struct keychange_text after = {editing->after, editing->after_length};
    struct buffer error = {0};
    if (is_same(editing)) {
        log_say("%s: nothing was changed", editing->change.path);
        return OUTCOME_DONE;
    }
    if (is_blank(editing->after)) {
        log_say("%s: the edited text is empty", editing->change.path);
        return ask_again(editing);
    }
    int r = keychange_replace(&editing->change, &before, &after, &error);
    if (r == 0) {
        log_say("%s: changed%s", editing->change.path,
                editing->change.sealed ? " and sealed again" : "");
        warn_of_oddities(editing);
        return OUTCOME_DONE;
    }
    if (r == -EBUSY)
        buffer_append_text(&error, "it was changed by something else meanwhile");
    (void)keys_fail(editing->change.path, &error, r);
    return r == -EBUSY ? leave(editing) : ask_again(editing);
}

static enum outcome edit_once(struct editing *editing)
{
    struct buffer error = {0};
    enum outcome outcome = start_editor(editing);
    secret_free(editing->after);
    editing->after = NULL;
    int r = draft_read(&editing->draft, KEYSOURCE_FILE_LARGEST, &error, &editing->after,
                       &editing->after_length);
    if (r < 0) {
        (void)keys_fail(editing->draft.path, &error, r);
        return outcome == OUTCOME_LEFT ? OUTCOME_LEFT : ask_again(editing);
    }
    buffer_finish(&error);
    bool left = outcome == OUTCOME_LEFT || !editing->after;
    return left ? leave(editing) : take_in(editing);
}

static int edit(struct editing *editing)
{
    struct buffer error = {0};
    enum outcome outcome = OUTCOME_AGAIN;
    if (lacks_terminal()) {
        log_say("keys edit: there is no terminal for an editor; set VISUAL or EDITOR to one that "
                "needs none");
        return EXIT_OWN_FAILURE;
    }
    int r = draft_create(editing->before, editing->before_length, editing->change.sealed, &error,
                         &editing->draft);
    if (r < 0)
        return keys_fail("keys edit", &error, r);
    while (outcome == OUTCOME_AGAIN)
        outcome = edit_once(editing);
    draft_remove(&editing->draft);
    if (outcome == OUTCOME_DONE && !editing->change.exists && !is_same(editing))
        keys_say_what_is_hidden(&editing->change);
    return outcome == OUTCOME_DONE ? 0 : EXIT_OWN_FAILURE;
}

static int open_text(struct editing *editing, const struct options *options)
{
    struct buffer error = {0};
    char *path = keys_path(options);
    int r = path ? keychange_open_text(path, &command_host, &editing->change, &editing->before,
                                       &editing->before_length, &error)
                 : 0;
    int status = !path ? EXIT_OWN_FAILURE : r < 0 ? keys_fail(path, &error, r) : 0;
    buffer_finish(&error);
    free(path);
    return status;
}

int keys_edit(int argc, char **argv)
{
    const struct flag none[] = {{0}};
    struct options options;
    struct editing editing = {0};
    if (!keys_parse(argc, argv, none, 0, 0, &options))
        return EXIT_OWN_FAILURE;
    int status = open_text(&editing, &options);
    if (status == 0)
        status = edit(&editing);
    secret_free(editing.before);
    secret_free(editing.after);
    keychange_close(&editing.change);
    int ended_by = signals_end_pending();
    if (ended_by)
        signals_die_of(ended_by);
    return status;
}
