#include "commands/run.h"
#include "base/buffer.h"
#include "base/duration.h"
#include "commands/attempt.h"
#include "commands/check.h"
#include "commands/command.h"
#include "commands/help.h"
#include "commands/journal.h"
#include "core/render.h"
#include "system/log.h"
#include "system/signals.h"
#include "system/startup.h"
#include "system/terminal.h"
#include "system/zone.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The pool keys that this run used or still can, as far as --retries lets it. */
static int keys_in_all(const struct turn *turn)
{
    const struct pool *pool = &turn->session->pool;
    int keys = turn->slot->attempts + (int)rotation_ready(&pool->rotation);
    return keys < pool->policy.retries ? keys : pool->policy.retries;
}

static void say_failover(const struct turn *turn)
{
    struct buffer line = {0};
    render_key_failure(&line, turn->used->key->name, turn->finding, turn->until, turn->now,
                       &zone_system);
    if (turn->chosen && turn->is_master)
        buffer_append_format(&line, "; carrying on with the master key \"%s\", which is billed",
                             turn->chosen->key->name);
    else if (turn->chosen)
        buffer_append_format(&line, "; carrying on with \"%s\" (%d of %d)", turn->chosen->key->name,
                             turn->slot->attempts + 1, keys_in_all(turn));
    log_say("%s", buffer_text(&line));
    buffer_finish(&line);
    journal_add_turn(turn, EVENT_FAILOVER);
}

/* `; "work" is ready first, at 23:02 (in 1h 12m)` */
static void append_earliest(struct buffer *line, const struct rotation *rotation, int64_t now)
{
    char span[DURATION_TEXT];
    int64_t earliest = rotation_earliest(rotation);
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        const struct candidate *candidate = &rotation->candidates[i];
        if (!candidate->cooling || candidate->cooling->until != earliest)
            continue;
        duration_format(earliest - now, span);
        buffer_append_format(line, "; \"%s\" is ready first, at ", candidate->key->name);
        render_time(line, earliest, now, &zone_system);
        buffer_append_format(line, " (in %s)", span);
        return;
    }
}

static const char *why_no_other(const struct session *session, const struct turn *turn)
{
    const struct rotation *rotation = &session->pool.rotation;
    if (turn->busy)
        return "every other key is in use";
    if (session->options->key)
        return "--key allows no other";
    if (turn->slot->attempts >= session->pool.policy.retries && rotation_ready(rotation) > 0)
        return "as many keys as --retries allows were tried";
    return "no other key is left";
}

static void say_given_up(const struct run *run, const struct turn *turn)
{
    struct buffer line = {0};
    render_key_failure(&line, turn->used->key->name, turn->finding, turn->until, turn->now,
                       &zone_system);
    buffer_append_format(&line, "; %s", why_no_other(run->session, turn));
    if (!turn->busy)
        append_earliest(&line, &run->session->pool.rotation, turn->now);
    log_say("%s", buffer_text(&line));
    buffer_finish(&line);
    journal_add_turn(turn, turn->busy ? EVENT_STOPPED : EVENT_EXHAUSTED);
}

static void say_nothing_usable(const struct session *session, int64_t now)
{
    if (session->pool.policy.retries == 0 && !session->pool.keyring.has_master) {
        log_say("no key can be used: --retries 0 allows none of the pool, and there is no master "
                "key");
        return;
    }
    const struct rotation *rotation = &session->pool.rotation;
    struct buffer line = {0};
    for (size_t i = 0; i < rotation->count + rotation->has_master && i < 20; i++) {
        const struct candidate *candidate = &rotation->candidates[i];
        buffer_append_format(&line, "%s\"%s\" ", i ? ", " : "", candidate->key->name);
        render_standing(&line, candidate, now, &zone_system);
    }
    log_say("no key can be used: %s", buffer_text(&line));
    buffer_clear(&line);
    append_earliest(&line, rotation, now);
    if (line.length > 0)
        log_say("%s; --wait waits for it, tcr-run reset NAME forgets what is known",
                buffer_text(&line) + 2);
    buffer_finish(&line);
}

static int exit_as(const struct attempt *attempt)
{
    const struct ending *ending = &attempt->result.ending;
    for (int i = 0; i < STREAM_COUNT; i++) {
        int error = attempt->streams[i].relay.error;
        if (!attempt->plan.relays[i] || error == 0 || error == -EPIPE)
            continue;
        log_say("cannot write the command's %s: %s", i == STREAM_OUT ? "output" : "errors",
                strerror(-error));
        if (!ending->by_signal && ending->code == 0)
            return EXIT_OWN_FAILURE;
    }
    if (ending->by_signal)
        signals_die_of(ending->code);
    return ending->code;
}

/* An interactive session that ended on a used-up key is carried on only if the person agrees. */
static bool may_carry_on(const struct run *run, const struct turn *turn)
{
    const struct session *session = run->session;
    struct buffer question = {0};
    if (!session->call.interactive || session->options->carry_on_unasked)
        return true;
    if (session->options->no_resume)
        return false;
    buffer_append_text(&question, "tcr-run: ");
    render_key_failure(&question, turn->used->key->name, turn->finding, turn->until, turn->now,
                       &zone_system);
    buffer_append_format(&question,
                         "\ntcr-run: Enter carries the conversation on with \"%s\", n or "
                         "Ctrl-C ends it: ",
                         turn->chosen->key->name);
    bool yes = terminal_confirm(buffer_text(&question));
    buffer_finish(&question);
    return yes;
}

/* Trouble that is not the key's, met while the client was hurried: the same key once more, with the
 * client's own patience, rather than an end that the client alone would not have come to. */
static bool try_patiently(struct run *run, const struct turn *turn)
{
    if (!failure_is_transient(turn->finding->class) || !run->fast_fail)
        return false;
    struct buffer line = {0};
    buffer_append_format(&line, "\"%s\" ", turn->used->key->name);
    render_failure(&line, turn->finding);
    log_say("%s; trying again, with the client's own patience", buffer_text(&line));
    buffer_finish(&line);
    journal_add_turn(turn, EVENT_RETRY);
    turn->slot->candidate = turn->used;
    turn->slot->is_new = true;
    run->fast_fail = false;
    return true;
}

static bool can_repeat_input(const struct session *session)
{
    if (!session->input.overflowed || session->carry == CARRY_CONTINUE)
        return true;
    if (session->input.keep_error)
        log_say(
            "the command's input could not be kept for another attempt (%s), so it is not started "
            "again",
            strerror(session->input.keep_error));
    else
        log_say(
            "the command read more input than is kept for another attempt (%d MiB), so it is not "
            "started again",
            INPUT_KEPT_MOST / (1024 * 1024));
    return false;
}

/* After a failure that was the key's: true if another attempt follows. */
static bool next_key(struct run *run, const struct attempt *attempt)
{
    struct session *session = run->session;
    bool rotates = policy_rotates(&session->pool.policy, attempt->finding.class);
    struct slot *suspect = session_suspect(session, &attempt->finding);
    struct turn turn = {.session = session,
                        .slot = suspect,
                        .used = suspect->candidate,
                        .finding = &attempt->finding,
                        .choose = rotates && !attempt->is_last && !attempt->result.asked_to_end &&
                                  can_repeat_input(session)};
    session_turn(&turn);
    if (!turn.choose || turn.failed) {
        journal_add_turn(&turn, EVENT_STOPPED);
        return false;
    }
    if (!turn.chosen && try_patiently(run, &turn))
        return true;
    if (!turn.chosen) {
        say_given_up(run, &turn);
        run->busy = turn.busy;
        return run_wait_for_key(run) && run_make_ready(run);
    }
    if (!may_carry_on(run, &turn)) {
        journal_add_turn(&turn, EVENT_STOPPED);
        return false;
    }
    say_failover(&turn);
    run_take_turn(run, &turn);
    if (failure_is_transient(attempt->finding.class))
        run->fast_fail = false;
    return run_make_ready(run);
}

static void count_slot(struct run *run, struct slot *slot)
{
    const struct key *key = slot->candidate->key;
    if (slot->is_new && slot->is_master)
        run->session->master_tried = true;
    else if (slot->is_new)
        slot->attempts++;
    slot->is_new = false;
    if (slot->is_master && run->number == 1)
        log_say("using the master key \"%s\", which is billed", key->name);
    log_explain("attempt %d with \"%s\" (%s)%s", run->number, key->name, kind_name(&key->kind),
                run->fast_fail ? ", failing fast" : "");
}

static void count_attempt(struct run *run)
{
    run->number++;
    for (size_t i = 0; i < run->session->slot_count; i++)
        count_slot(run, &run->session->slots[i]);
}

static void note_success(struct run *run, const struct attempt *attempt)
{
    bool fine = !attempt->result.ending.by_signal && attempt->result.ending.code == 0;
    for (size_t i = 0; i < run->session->slot_count; i++) {
        struct slot *slot = &run->session->slots[i];
        struct turn turn = {
            .session = run->session, .slot = slot, .used = slot->candidate, .succeeded = true};
        if (fine && attempt->finding.class == CLASS_NONE && slot->candidate->had_trouble)
            session_turn(&turn);
    }
}

/* One attempt. True if another follows; otherwise *ret_status is the exit status. */
static bool attempt_once(struct run *run, int *ret_status)
{
    struct attempt attempt = {.session = run->session,
                              .candidate = session_lead(run->session)->candidate,
                              .fast_fail = run->fast_fail};
    bool again = false, warned = run->session->warned_of_source;
    count_attempt(run);
    *ret_status = attempt_run(&attempt);
    journal_add_ending(&attempt, run->number, *ret_status);
    if (!warned && run->session->warned_of_source)
        journal_add(run->session, &(struct event){.kind = EVENT_WARNING,
                                                  .key = attempt.candidate->key->name,
                                                  .text = "the client used another credential"});
    if (*ret_status == 0) {
        note_success(run, &attempt);
        again = attempt.finding.class != CLASS_NONE && next_key(run, &attempt);
        attempt_release(&attempt, again);
    }
    if (*ret_status == 0 && !again)
        *ret_status = exit_as(&attempt);
    attempt_finish(&attempt);
    return again;
}

/* Between attempts there is no command to forward a signal to: it is ours. */
static void end_if_asked(void)
{
    int signal = signals_end_pending();
    if (signal)
        signals_die_of(signal);
}

static int run_session(struct session *session)
{
    struct run run = {.session = session};
    struct turn turn = {.session = session, .choose = true};
    int status = EXIT_NO_KEY;
    session_turn(&turn);
    if (turn.failed) {
        log_say("out of memory");
        return EXIT_OWN_FAILURE;
    }
    run_take_turn(&run, &turn);
    if (!run_make_slots_ready(&run)) {
        end_if_asked();
        if (run.failed) {
            log_say("out of memory");
            return EXIT_OWN_FAILURE;
        }
        if (!run.busy) {
            say_nothing_usable(session, time(NULL));
            journal_add(session,
                        &(struct event){.kind = EVENT_EXHAUSTED,
                                        .until = rotation_earliest(&session->pool.rotation)});
        }
        bool waited = run_wait_for_key(&run) && run_make_ready(&run);
        end_if_asked();
        if (!waited)
            return EXIT_NO_KEY;
    }
    do
        end_if_asked();
    while (attempt_once(&run, &status));
    end_if_asked();
    return status;
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
    struct buffer error = {0};
    int status = EXIT_OWN_FAILURE;
    if (options_parse(argc, argv, &options, &error) < 0) {
        log_say("%s", buffer_text(&error));
        buffer_finish(&error);
        options_finish(&options);
        return status;
    }
    if (options.help || options.version) {
        options_finish(&options);
        return options.help ? command_help(argc, argv) : command_version();
    }
    log_set_level(options.quiet ? LOG_QUIET : (enum log_level)options.verbosity);
    status = session_open(&session, &options);
    if (status == 0) {
        session.signal_fd = signals_take_over();
        if (session.signal_fd < 0) {
            log_say("signals: %s", strerror(-session.signal_fd));
            status = EXIT_OWN_FAILURE;
        } else {
            input_init(&session.input, may_repeat(&session) && !session.call.interactive &&
                                           !startup_was_closed(STDIN_FILENO));
            status = options.preflight ? preflight(&session) : 0;
            if (status == 0)
                status = run_session(&session);
        }
    }
    session_close(&session);
    options_finish(&options);
    return status;
}
