#include "base/buffer.h"
#include "base/duration.h"
#include "commands/attempt.h"
#include "commands/command.h"
#include "commands/help.h"
#include "commands/journal.h"
#include "commands/session.h"
#include "commands/wait.h"
#include "core/render.h"
#include "system/keysource.h"
#include "system/log.h"
#include "system/signals.h"
#include "system/startup.h"
#include "system/terminal.h"
#include "system/zone.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The loop's own state: which key is next, and how the last attempt ended. */
struct run {
    struct session *session;
    bool fast_fail;
    bool busy;              /* all keys were in use when the last one was looked for */
    bool failed;            /* out of memory */
    int number;             /* of this attempt, from 1 */
    int64_t wait_until_end; /* when --wait=MAX is over; 0: not waiting yet */
};

static void say_failover(const struct run *run, const struct turn *turn)
{
    struct buffer line = {0};
    render_key_failure(&line, turn->used->key->name, turn->finding, turn->until, turn->now,
                       &zone_system);
    if (turn->chosen && turn->is_master)
        buffer_append_format(&line, "; carrying on with the master key \"%s\", which is billed",
                             turn->chosen->key->name);
    else if (turn->chosen)
        buffer_append_format(&line, "; carrying on with \"%s\" (%d of %d)", turn->chosen->key->name,
                             turn->slot->attempts + 1, run->session->pool.policy.retries);
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

static void say_undersized(const struct turn *turn)
{
    const struct crowd *crowd = &turn->crowd;
    char limits[64] = "";
    if (!crowd->to_be_said)
        return;
    if (crowd->capacity < crowd->keys)
        snprintf(limits, sizeof limits, ", which have the limits of %zu", crowd->capacity);
    log_say("warning: %zu runs share %zu ready key%s%s; keys of one organization share its limits, "
            "so more of them add nothing; keys of other accounts or organizations help, and fewer "
            "runs at once (--max-per-key 1 lets them wait)",
            crowd->runs, crowd->keys, crowd->keys == 1 ? "" : "s", limits);
    journal_add_undersized(turn);
}

static void take_turn(struct run *run, const struct turn *turn)
{
    run->fast_fail = session_lead(run->session)->another_left;
    run->busy = turn->busy;
    run->failed |= turn->failed;
    say_undersized(turn);
}

static const char *earliest_name(const struct rotation *rotation)
{
    int64_t earliest = rotation_earliest(rotation);
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        if (rotation->candidates[i].cooling && rotation->candidates[i].cooling->until == earliest)
            return rotation->candidates[i].key->name;
    return "a key";
}

/* Until a key that rests is ready: false if that is not to be waited for. */
static bool wait_for_reset(struct run *run, int64_t *said)
{
    struct session *session = run->session;
    const struct rotation *rotation = &session->pool.rotation;
    int64_t earliest = rotation_earliest(rotation);
    if (!session->options->waits || earliest == 0)
        return false;
    if (earliest > run->wait_until_end) {
        log_say("\"%s\" would be ready too late for --wait; giving up", earliest_name(rotation));
        return false;
    }
    if (*said == 0)
        journal_add(
            session,
            &(struct event){.kind = EVENT_WAIT, .key = earliest_name(rotation), .until = earliest});
    return wait_a_while(session->signal_fd, earliest, earliest_name(rotation), said);
}

/* Until another run may have ended: false if that was waited for long enough. */
static bool wait_for_place(struct run *run, const struct turn *turn, struct queue_wait *wait)
{
    struct session *session = run->session;
    wait->ahead = turn->ahead;
    if (session->options->waits && turn->now > run->wait_until_end) {
        log_say("no key became free in time for --wait; giving up");
        return false;
    }
    if (wait->since == 0) {
        wait->since = turn->now;
        journal_add(session, &(struct event){.kind = EVENT_WAIT});
    }
    return wait_in_queue(session->signal_fd, wait);
}

/* --wait, --max-per-key: true with a key chosen; false if there is nothing to wait for, or it takes
 * too long, or somebody asked to end. */
static bool wait_for_key(struct run *run)
{
    struct session *session = run->session;
    struct queue_wait queue = {.at_most = session->pool.policy.max_per_key};
    int64_t said = 0;
    bool started_over = false;
    if (!session->options->waits && !run->busy)
        return false;
    if (run->wait_until_end == 0)
        run->wait_until_end = time(NULL) + session->options->wait_longest;
    for (;;) {
        for (size_t i = 0; i < session->slot_count; i++)
            session->slots[i].candidate = NULL;
        if (!run->busy && !started_over)
            session_start_over(session);
        started_over |= !run->busy;
        struct turn turn = {.session = session, .choose = true, .waits = true};
        session_turn(&turn);
        take_turn(run, &turn);
        if (turn.chosen && !turn.failed) {
            wait_over();
            log_say("\"%s\" is %s; going on", turn.chosen->key->name,
                    queue.since ? "free" : "ready");
            return true;
        }
        if (turn.failed)
            return false;
        bool goes_on = turn.busy ? wait_for_place(run, &turn, &queue) : wait_for_reset(run, &said);
        if (!goes_on) {
            wait_over();
            return false;
        }
    }
}

static void set_aside(struct session *session, struct candidate *candidate, struct buffer *error)
{
    log_say("\"%s\" is passed over: %s", candidate->key->name, buffer_text(error));
    journal_add(session, &(struct event){.kind = EVENT_WARNING,
                                         .key = candidate->key->name,
                                         .text = buffer_text(error)});
    candidate->tried = true;
    buffer_finish(error);
}

/* Runs token commands until the slot's key has its secret and is of a usable kind. */
static bool make_slot_ready(struct run *run, struct slot *slot)
{
    struct session *session = run->session;
    while (slot->candidate) {
        struct buffer error = {0};
        struct key *key = slot->candidate->key;
        int r = keysource_resolve(&session->pool.keyring, key, session->environment, &error);
        if (r == 0 && slot->demand.can_use(&key->kind, slot->demand.can_use_context)) {
            buffer_finish(&error);
            return true;
        }
        if (r == 0)
            buffer_append_format(&error, "the command cannot use a key of kind %s",
                                 kind_name(&key->kind));
        else if (error.length == 0)
            buffer_append_text(&error, strerror(-r));
        set_aside(session, slot->candidate, &error);
        struct turn turn = {.session = session, .slot = slot, .choose = true};
        slot->candidate = NULL;
        if (!signals_end_pending())
            session_turn(&turn);
        take_turn(run, &turn);
    }
    return false;
}

static bool make_ready(struct run *run)
{
    for (size_t i = 0; i < run->session->slot_count; i++)
        if (!make_slot_ready(run, &run->session->slots[i]))
            return false;
    return true;
}

/* The same, and if the keys that are left are in use, waits for one. */
static bool make_ready_in_turn(struct run *run)
{
    while (!make_ready(run))
        if (!run->busy || !wait_for_key(run))
            return false;
    return true;
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
        return wait_for_key(run) && make_ready_in_turn(run);
    }
    if (!may_carry_on(run, &turn)) {
        journal_add_turn(&turn, EVENT_STOPPED);
        return false;
    }
    say_failover(run, &turn);
    take_turn(run, &turn);
    if (failure_is_transient(attempt->finding.class))
        run->fast_fail = false;
    return make_ready_in_turn(run);
}

static void count_slot(struct run *run, struct slot *slot)
{
    struct session *session = run->session;
    const struct key *key = slot->candidate->key;
    if (slot->is_new && slot->is_master)
        session->master_tried = true;
    else if (slot->is_new)
        slot->attempts++;
    slot->is_new = false;
    if (slot->is_master && run->number == 1)
        log_say("using the master key \"%s\", which is billed", key->name);
    log_explain("attempt %d with \"%s\" (%s)%s", run->number, key->name, kind_name(&key->kind),
                run->fast_fail ? ", failing fast" : "");
    journal_add(session, &(struct event){
                             .kind = EVENT_ATTEMPT, .key = key->name, .master = slot->is_master});
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
    take_turn(&run, &turn);
    if (!make_ready(&run)) {
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
        bool waited = wait_for_key(&run) && make_ready_in_turn(&run);
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
            status = run_session(&session);
        }
    }
    session_close(&session);
    options_finish(&options);
    return status;
}
