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
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The loop's own state: which key is next, and how the last attempt ended. */
struct run {
    struct session *session;
    struct candidate *candidate;
    bool is_master, fast_fail;
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
                             run->session->pool_attempts + 1, run->session->pool.policy.retries);
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

static const char *why_no_other(const struct session *session)
{
    const struct rotation *rotation = &session->pool.rotation;
    if (session->options->key)
        return "--key allows no other";
    if (session->pool_attempts >= session->pool.policy.retries && rotation_ready(rotation) > 0)
        return "as many keys as --retries allows were tried";
    return "no other key is left";
}

static void say_given_up(const struct run *run, const struct turn *turn)
{
    struct buffer line = {0};
    render_key_failure(&line, turn->used->key->name, turn->finding, turn->until, turn->now,
                       &zone_system);
    buffer_append_format(&line, "; %s", why_no_other(run->session));
    append_earliest(&line, &run->session->pool.rotation, turn->now);
    log_say("%s", buffer_text(&line));
    buffer_finish(&line);
    journal_add_turn(turn, EVENT_EXHAUSTED);
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
    if (!turn->undersized)
        return;
    log_say("warning: %zu runs share %zu ready keys; API keys of one organization share its "
            "limits, so more of them add nothing: other accounts or fewer runs at once do",
            turn->live_runs, turn->ready_keys);
    journal_add_undersized(turn);
}

static void take_turn(struct run *run, const struct turn *turn)
{
    run->candidate = turn->chosen;
    run->is_master = turn->is_master;
    run->fast_fail = turn->another_left;
    say_undersized(turn);
}

/* Forgets which keys this run tried: after a wait they count again. */
static void start_over(struct session *session)
{
    struct rotation *rotation = &session->pool.rotation;
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        rotation->candidates[i].tried = false;
    session->pool_attempts = 0;
    session->master_tried = false;
}

static const char *earliest_name(const struct rotation *rotation)
{
    int64_t earliest = rotation_earliest(rotation);
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        if (rotation->candidates[i].cooling && rotation->candidates[i].cooling->until == earliest)
            return rotation->candidates[i].key->name;
    return "a key";
}

/* --wait: true with a key chosen; false if there is nothing to wait for, or it takes too long, or
 * somebody asked to end. */
static bool wait_for_key(struct run *run)
{
    struct session *session = run->session;
    const struct store *store = session->pool.store;
    int64_t said = 0, now = time(NULL);
    bool noted = false;
    if (!session->options->waits)
        return false;
    if (run->wait_until_end == 0)
        run->wait_until_end = now + session->options->wait_longest;
    start_over(session);
    for (;;) {
        struct turn turn = {.session = session, .choose = true};
        session_turn(&turn);
        if (turn.chosen && !turn.failed) {
            wait_over();
            log_say("\"%s\" is ready; going on", turn.chosen->key->name);
            take_turn(run, &turn);
            return true;
        }
        int64_t earliest = rotation_earliest(&session->pool.rotation);
        if (turn.failed || earliest == 0)
            return false;
        earliest += time(NULL) - store_now(store); /* by our clock, which we wait by */
        if (earliest > run->wait_until_end) {
            log_say("\"%s\" would be ready too late for --wait; giving up",
                    earliest_name(&session->pool.rotation));
            return false;
        }
        if (!noted)
            journal_add(session, &(struct event){.kind = EVENT_WAIT,
                                                 .key = earliest_name(&session->pool.rotation),
                                                 .until = earliest});
        noted = true;
        if (!wait_a_while(session->signal_fd, earliest, earliest_name(&session->pool.rotation),
                          &said)) {
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

/* Runs token commands until a chosen key has its secret and is of a usable kind. */
static bool make_ready(struct run *run)
{
    struct session *session = run->session;
    while (run->candidate) {
        struct buffer error = {0};
        struct key *key = run->candidate->key;
        int r = keysource_resolve(&session->pool.keyring, key, session->environment, &error);
        if (r == 0 && (!session->demand.can_use ||
                       session->demand.can_use(&key->kind, session->demand.can_use_context))) {
            buffer_finish(&error);
            return true;
        }
        if (r == 0)
            buffer_append_format(&error, "the command cannot use a key of kind %s",
                                 kind_name(&key->kind));
        else if (error.length == 0)
            buffer_append_text(&error, strerror(-r));
        set_aside(session, run->candidate, &error);
        struct turn turn = {.session = session, .choose = true};
        if (!signals_end_pending())
            session_turn(&turn);
        run->failed |= turn.failed;
        take_turn(run, &turn);
    }
    return false;
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
    store_let_go(attempt->session->pool.store);
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
    run->candidate = turn->used;
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
    struct turn turn = {.session = session,
                        .used = run->candidate,
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
        return wait_for_key(run);
    }
    if (!may_carry_on(run, &turn)) {
        journal_add_turn(&turn, EVENT_STOPPED);
        return false;
    }
    say_failover(run, &turn);
    take_turn(run, &turn);
    if (failure_is_transient(attempt->finding.class))
        run->fast_fail = false;
    return make_ready(run);
}

static void count_attempt(struct run *run)
{
    struct session *session = run->session;
    run->number++;
    if (run->is_master)
        session->master_tried = true;
    else
        session->pool_attempts++;
    if (run->is_master && run->number == 1)
        log_say("using the master key \"%s\", which is billed", run->candidate->key->name);
    log_explain("attempt %d with \"%s\" (%s)%s", run->number, run->candidate->key->name,
                kind_name(&run->candidate->key->kind), run->fast_fail ? ", failing fast" : "");
    journal_add(session, &(struct event){.kind = EVENT_ATTEMPT,
                                         .key = run->candidate->key->name,
                                         .master = run->is_master});
}

static void note_success(struct run *run, const struct attempt *attempt)
{
    struct turn turn = {.session = run->session, .used = run->candidate, .succeeded = true};
    bool fine = !attempt->result.ending.by_signal && attempt->result.ending.code == 0;
    if (fine && attempt->finding.class == CLASS_NONE && run->candidate->had_trouble)
        session_turn(&turn);
}

/* One attempt. True if another follows; otherwise *ret_status is the exit status. */
static bool attempt_once(struct run *run, int *ret_status)
{
    struct attempt attempt = {
        .session = run->session, .candidate = run->candidate, .fast_fail = run->fast_fail};
    bool again = false, warned = run->session->warned_of_source;
    count_attempt(run);
    *ret_status = attempt_run(&attempt);
    journal_add_ending(&attempt, run->number, *ret_status);
    if (!warned && run->session->warned_of_source)
        journal_add(run->session, &(struct event){.kind = EVENT_WARNING,
                                                  .key = run->candidate->key->name,
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
static void end_if_asked(const struct session *session)
{
    int signal = signals_end_pending();
    if (!signal)
        return;
    store_let_go(session->pool.store);
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
        end_if_asked(session);
        if (run.failed) {
            log_say("out of memory");
            return EXIT_OWN_FAILURE;
        }
        say_nothing_usable(session, store_now(session->pool.store));
        journal_add(session, &(struct event){.kind = EVENT_EXHAUSTED,
                                             .until = rotation_earliest(&session->pool.rotation)});
        bool waited = wait_for_key(&run) && make_ready(&run);
        end_if_asked(session);
        if (!waited)
            return EXIT_NO_KEY;
    }
    do
        end_if_asked(session);
    while (attempt_once(&run, &status));
    end_if_asked(session);
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
