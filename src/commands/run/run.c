#include "base/buffer.h"
#include "base/duration.h"
#include "commands/command.h"
#include "commands/help.h"
#include "commands/host.h"
#include "commands/run/alarm.h"
#include "commands/run/announce.h"
#include "commands/run/attempt.h"
#include "commands/run/expiry.h"
#include "commands/run/journal.h"
#include "commands/run/othermodel.h"
#include "commands/run/preflight.h"
#include "commands/run/private_gateway.h"
#include "commands/run/ready.h"
#include "commands/run/renew.h"
#include "commands/run/whynot.h"
#include "core/show/render.h"
#include "system/clock.h"
#include "system/log.h"
#include "system/process/clienthelp.h"
#include "system/process/signals.h"
#include "system/process/startup.h"
#include "system/stream/terminal.h"
#include "system/zone.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The command died of a signal that we sent because its output could not be written. */
static bool ended_for_loss(const struct attempt *attempt)
{
    const struct supervised *result = &attempt->result;
    return attempt_lost(attempt, STREAM_OUT) && result->ending.by_signal &&
           (result->ending.code == SIGPIPE ||
            (result->ending.code == SIGTERM && result->told_to_end && !result->asked_to_end));
}

static bool say_loss(const struct attempt *attempt)
{
    static const char *const names[STREAM_COUNT] = {"output", "errors"};
    bool lost = false;
    for (int i = 0; i < STREAM_COUNT; i++) {
        int error = attempt_lost(attempt, (enum stream_id)i);
        if (error)
            log_say("cannot write the command's %s: %s%s", names[i], strerror(error),
                    i == STREAM_OUT && ended_for_loss(attempt) ? "; the command was ended for it"
                                                               : "");
        lost |= error != 0;
    }
    return lost;
}

static int exit_as(const struct attempt *attempt)
{
    const struct ending *ending = &attempt->result.ending;
    bool fine = !ending->by_signal && ending->code == 0;
    if (say_loss(attempt) && (fine || ended_for_loss(attempt)))
        return EXIT_OWN_FAILURE;
    store_let_go(attempt->session->pool.store);
    if (attempt->result.ended_by)
        signals_die_of(attempt->result.ended_by);
    if (ending->by_signal)
        signals_die_of(ending->code);
    return ending->code;
}

/* An interactive session that ended on a used-up key is carried on only if the person agrees. */
static bool may_carry_on(const struct run *run, const struct step *step)
{
    const struct session *session = run->session;
    struct buffer question = {0};
    if (!session->call.interactive || session->options->carry_on_unasked)
        return true;
    if (session->options->no_resume)
        return false;
    buffer_append_text(&question, "tcr-run: ");
    render_key_failure(&question, step->choice.used->key->name, step->choice.finding,
                       step->choice.until, step->choice.now, &zone_system);
    buffer_append_format(&question,
                         "\ntcr-run: Enter carries the conversation on with \"%s\", n or "
                         "Ctrl-C ends it: ",
                         step->choice.chosen->key->name);
    bool yes = terminal_confirm(buffer_text(&question), &command_host);
    buffer_finish(&question);
    return yes;
}

/* The trouble was not the key's, and the client had been told not to retry. The same key is used
 * once more, with the client's own retries: the client alone would not have ended here. */
static bool try_patiently(struct run *run, const struct step *step)
{
    if (!failure_is_transient(step->choice.finding->class) || !run->fast_fail)
        return false;
    announce_retry(step);
    step->choice.slot->candidate = step->choice.used;
    step->choice.slot->is_new = true;
    run->fast_fail = false;
    return true;
}

/* There is another key, but the person may not want it. */
static bool goes_on(struct run *run, const struct step *step)
{
    if (!may_carry_on(run, step)) {
        announce_stopped(step, NULL,
                         run->session->options->no_resume ? WHYNOT_NO_RESUME : WHYNOT_ANSWER);
        return false;
    }
    announce_failover(step);
    ready_note_step(run, step);
    if (failure_is_transient(step->choice.finding->class))
        run->fast_fail = false;
    return ready_or_wait(run);
}

/* A session that somebody types in is not started over without asking. */
static bool tries_renewed(struct session *session, struct slot *slot, const struct finding *finding)
{
    return (!session->call.interactive || session->options->carry_on_unasked) &&
           renew_after_refusal(session, slot->candidate->key, finding);
}

/* After a failure that the key is to blame for. True if another attempt follows. */
static bool next_key(struct run *run, const struct attempt *attempt)
{
    enum whynot why = whynot_stopped(run->session, attempt);
    struct slot *suspect = session_suspect(run->session, &attempt->finding);
    if (why == WHYNOT_NOTHING && tries_renewed(run->session, suspect, &attempt->finding))
        return true;
    struct step step = {.session = run->session,
                        .choice = {.slot = suspect,
                                   .used = suspect->candidate,
                                   .finding = &attempt->finding,
                                   .choose = why == WHYNOT_NOTHING}};
    othermodel_begin(run->session, &attempt->finding);
    step_take(&step);
    if (!step.choice.choose || step.choice.failed) {
        announce_stopped(&step, attempt, step.choice.failed ? WHYNOT_MEMORY : why);
        return false;
    }
    if (step.choice.chosen)
        return goes_on(run, &step);
    if (try_patiently(run, &step))
        return true;
    if (othermodel_choose(run, &step))
        return true;
    if (othermodel_spend(run->session, &step))
        return goes_on(run, &step);
    announce_given_up(&step);
    run->busy = step.choice.busy;
    return ready_wait(run) && ready_or_wait(run);
}

static void count_slot(struct run *run, struct slot *slot)
{
    if (slot->is_new && slot->is_master)
        run->session->master_tried = true;
    else if (slot->is_new)
        slot->attempts++;
    slot->is_new = false;
    announce_attempt(run->session, slot, run->number, run->fast_fail);
}

static void count_attempt(struct run *run)
{
    run->number++;
    for (size_t i = 0; i < run->session->slot_count; i++)
        count_slot(run, &run->session->slots[i]);
}

/* A command that ended well may not have used its key: `claude --version` does not. For other
 * programs nothing shows what they did. Theirs ends a rest only where its length is our own guess
 * (`unproven`): the key rests, so somebody chose it by hand, and a wrong end costs one failure,
 * while a rest that goes on without need costs the key. */
static bool counts_as_success(const struct run *run, const struct attempt *attempt)
{
    const struct ending *ending = &attempt->result.ending;
    bool may_count = attempt->served || run->session->call.id != CLIENT_CLAUDE;
    return may_count && !ending->by_signal && ending->code == 0 && !attempt->used_another &&
           attempt->finding.class == CLASS_NONE;
}

static void note_success(struct run *run, const struct attempt *attempt)
{
    bool counts = counts_as_success(run, attempt);
    for (size_t i = 0; i < run->session->slot_count; i++) {
        struct slot *slot = &run->session->slots[i];
        struct step step = {.session = run->session,
                            .choice = {.slot = slot,
                                       .used = slot->candidate,
                                       .succeeded = true,
                                       .unproven = !attempt->served}};
        if (!counts || !slot->candidate->had_trouble)
            continue;
        step_take(&step);
        if (step.choice.ended)
            journal_add(run->session,
                        &(struct event){.kind = EVENT_RECOVERED,
                                        .key = slot->candidate->key->name,
                                        .text = attempt->served ? "it was served"
                                                                : "the command ended well"});
    }
}

/* Before anything that may end this process. */
static void close_gateway(struct session *session, struct gatewaynews **ret_news)
{
    if (session->gateway)
        private_gateway_close(session->gateway, session->session_exists, ret_news);
    session->gateway = NULL;
}

/* For later runs. Not after a command that was told to end, or that could not be started. */
static void ask_client(const struct session *session, const struct attempt *attempt)
{
    const struct supervised *result = &attempt->result;
    if (session_asks_client(session) && !result->exec_failed && !result->ended_by &&
        !result->asked_to_end)
        clienthelp_ask(session->options->command[0], session->environment, &command_host);
}

/* Runs one attempt. True if another follows; otherwise *ret_status is the exit status. */
static bool attempt_once(struct run *run, int *ret_status)
{
    struct attempt attempt = {.session = run->session,
                              .candidate = session_lead(run->session)->candidate,
                              .fast_fail = run->fast_fail};
    struct gatewaynews *news = NULL;
    bool again = false, has_gateway = run->session->gateway,
         warned = run->session->warned_of_source;
    count_attempt(run);
    *ret_status = attempt_run(&attempt);
    run->session->last_ending = attempt.result.ending;
    if (!has_gateway)
        journal_add_ending(&attempt, *ret_status, NULL);
    if (!warned && run->session->warned_of_source)
        journal_add(run->session, &(struct event){.kind = EVENT_WARNING,
                                                  .key = attempt.candidate->key->name,
                                                  .text = "the client used another credential"});
    if (*ret_status == 0) {
        /* A gateway saw the requests themselves, and has recorded what happened to the keys. */
        if (!run->session->gateway) {
            note_success(run, &attempt);
            again = attempt.finding.class != CLASS_NONE && next_key(run, &attempt);
        } else if (attempt.finding.class != CLASS_NONE) {
            whynot_explain(WHYNOT_GATEWAY, NULL);
        }
        attempt_release(&attempt, again);
    }
    if (!again) {
        announce_waited(run->session, &attempt.waited_out);
        close_gateway(run->session, &news);
        if (has_gateway)
            journal_add_ending(&attempt, *ret_status, news);
        free(news);
        ask_client(run->session, &attempt);
    }
    if (*ret_status == 0 && !again)
        *ret_status = exit_as(&attempt);
    attempt_finish(&attempt);
    return again;
}

/* Between attempts there is no command to forward a signal to: the signal is for us. */
static void end_if_asked(struct session *session)
{
    int signal = signals_stop_or_end();
    if (!signal)
        return;
    close_gateway(session, NULL);
    store_let_go(session->pool.store);
    signals_die_of(signal);
}

/* Starts with the first keys chosen. */
static int attempt_all(struct run *run)
{
    struct session *session = run->session;
    struct private_gateway gateway;
    int status = private_gateway_open(session, &gateway);
    if (status != 0)
        return status;
    session->gateway = gateway.way == GATEWAY_NONE ? NULL : &gateway;
    announce_own_wait(session);
    do
        end_if_asked(session);
    while (attempt_once(run, &status));
    end_if_asked(session);
    return status;
}

static int run_session(struct session *session)
{
    struct run run = {.session = session};
    struct step step = {.session = session, .choice = {.choose = true}};
    session->began_ms = clock_now_ms();
    expiry_warn(session);
    step_take(&step);
    if (step.choice.failed) {
        log_say("out of memory");
        return EXIT_OWN_FAILURE;
    }
    ready_note_step(&run, &step);
    if (!ready_slots(&run)) {
        end_if_asked(session);
        if (run.failed) {
            log_say("out of memory");
            return EXIT_OWN_FAILURE;
        }
        if (!run.busy)
            announce_nothing_usable(session, store_now(session->pool.store));
        bool waited = ready_wait(&run) && ready_or_wait(&run);
        end_if_asked(session);
        if (!waited)
            return EXIT_NO_KEY;
    }
    return attempt_all(&run);
}

static bool may_repeat(const struct session *session)
{
    return session->pool.keyring.count + session->pool.keyring.has_master > 1 ||
           session->options->waits;
}

int command_run(int argc, char **argv)
{
    struct options options;
    struct session session;
    if (!session_read_options(argc, argv, "", &options)) {
        options_finish(&options);
        return EXIT_OWN_FAILURE;
    }
    if (options.help || options.version) {
        options_finish(&options);
        return options.help ? help_show_all() : help_show_version();
    }
    int status = session_open(&session, &options);
    if (status == 0) {
        log_set_command(journal_command(&session));
        session.signal_fd = signals_take_over();
        if (session.signal_fd < 0) {
            log_say("cannot take over signals: %s", strerror(-session.signal_fd));
            status = EXIT_OWN_FAILURE;
        } else {
            input_init(&session.input, may_repeat(&session) && !session.call.interactive &&
                                           !startup_was_closed(STDIN_FILENO));
            alarm_check(&session);
            status = options.preflight ? preflight(&session) : 0;
            if (status == 0)
                status = run_session(&session);
        }
    }
    session_close(&session);
    options_finish(&options);
    return status;
}
