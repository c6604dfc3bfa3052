#include "commands/run/alarm.h"

#include "base/text.h"
#include "base/variable.h"
#include "commands/host.h"
#include "commands/run/journal.h"
#include "core/client/environment.h"
#include "system/log.h"
#include "system/process/detach.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHOWN_MOST 200 /* bytes of a notification; terminals cut long ones anywhere */

/* The program gets the command's environment without any key. */
static void run_command(const struct session *session, const struct event *event,
                        const char *sentence)
{
    const char *command = session->options->on_exhausted;
    char until[24] = "";
    struct environment environment;
    if (event->until > 0)
        snprintf(until, sizeof until, "%lld", (long long)event->until);
    const struct assignment set[] = {
        {"TCR_EXHAUSTED_REASON", sentence},
        {"TCR_EXHAUSTED_KEY", event->key ? event->key : ""},
        {"TCR_EXHAUSTED_CLASS", event->class == CLASS_NONE ? "" : failure_class_name(event->class)},
        {"TCR_EXHAUSTED_UNTIL", until},
        {"TCR_EXHAUSTED_COMMAND", journal_command(session)},
    };
    const struct environment_plan plan = {.set = set, .set_count = sizeof set / sizeof set[0]};
    int r = environment_build(session->environment, &plan, &environment);
    if (r == 0) {
        r = detach_run(command, environment.entries);
        environment_finish(&environment);
    }
    if (r < 0)
        log_warn("--on-exhausted: the command cannot be started: %s", strerror(-r));
}

void alarm_check(const struct session *session)
{
    const char *command = session->options->on_exhausted;
    struct buffer why = {0};
    if (command && !detach_can_run(command, session->environment, &command_host, &why))
        log_warn("--on-exhausted: %s; nothing will happen when the keys are used up",
                 buffer_text(&why));
    buffer_finish(&why);
}

static bool begins(const char *text, const char *beginning)
{
    return text && strncmp(text, beginning, strlen(beginning)) == 0;
}

/* A terminal that knows both sequences would show two notifications. */
static bool knows_777(char *const *environment)
{
    const char *term = variable_value(environment, "TERM");
    return begins(term, "foot") || begins(term, "rxvt") ||
           variable_value(environment, "VTE_VERSION") != NULL;
}

/* Written at once: a terminal takes it whole between the output of others. */
static void notify(const struct session *session, const char *sentence)
{
    char shown[SHOWN_MOST + 1], note[SHOWN_MOST + 64];
    const char *term = variable_value(session->environment, "TERM");
    const char *tmux = variable_value(session->environment, "TMUX");
    bool wrapped = tmux && *tmux;
    if (!isatty(STDERR_FILENO) || !term || !*term || strcmp(term, "dumb") == 0)
        return;
    snprintf(shown, sizeof shown, "%.*s", (int)text_fit(sentence, SHOWN_MOST), sentence);
    text_replace_controls(shown, strlen(shown), ' ');
    for (char *p = shown; *p; p++)
        *p = *p == ';' ? ',' : *p; /* a semicolon separates fields there */
    int length =
        snprintf(note, sizeof note, "%s\033]%s%s\a%s", wrapped ? "\033Ptmux;\033" : "",
                 knows_777(session->environment) ? "777;notify;tcr-run;" : "9;tcr-run: ", shown,
                 wrapped ? "\033\\" : "");
    (void)!write(STDERR_FILENO, note, (size_t)length);
}

void alarm_exhausted(struct session *session, const struct event *event, const char *sentence)
{
    if (session->alarmed)
        return;
    session->alarmed = true;
    if (session->options->on_exhausted)
        run_command(session, event, sentence);
    if (session->options->notify || session->pool.policy.notify)
        notify(session, sentence);
}
