#include "commands/run/announce.h"

#include "base/cleanup.h"
#include "base/duration.h"
#include "base/shellword.h"
#include "commands/run/alarm.h"
#include "commands/run/journal.h"
#include "core/pool/address.h"
#include "core/pool/destination.h"
#include "core/show/keynames.h"
#include "core/show/render.h"
#include "system/log.h"
#include "system/zone.h"

#include <stddef.h>
#include <string.h>

/* `23:02 (in 1h 12m)` */
static void append_moment(struct buffer *line, int64_t when, int64_t now)
{
    char span[DURATION_TEXT];
    duration_format(when - now, span);
    render_time(line, when, now, &zone_system);
    buffer_append_format(line, " (in %s)", span);
}

static void append_key_failure(struct buffer *line, const struct step *step)
{
    render_key_failure(line, step->choice.used->key->name, step->choice.finding, step->choice.until,
                       step->choice.now, &zone_system);
}

/* `; "work" is ready first, at 23:02 (in 1h 12m)`; nothing if the line is about that key, or if no
 * key is resting. */
static void append_earliest(struct buffer *line, const struct rotation *rotation,
                            const struct candidate *about, int64_t now)
{
    const struct candidate *first = pool_first_ready(rotation);
    if (!first || first == about)
        return;
    buffer_append_format(line, "; \"%s\" is ready first, at ", first->key->name);
    append_moment(line, first->cooling->until, now);
}

static void say_step(const struct step *step, enum event_kind kind, struct buffer *line)
{
    journal_say_step(step, kind, buffer_text(line));
    buffer_finish(line);
}

/* The pool keys that this run has used or can still use, as far as --retries allows. */
static int keys_in_all(const struct step *step)
{
    const struct pool *pool = &step->session->pool;
    int keys = step->choice.slot->attempts + (int)rotation_ready(&pool->rotation);
    return keys < pool->policy.retries ? keys : pool->policy.retries;
}

/* Names the address that the next key is sent to, if it differs from the last one's. */
static void append_other_address(struct buffer *line, const struct step *step)
{
    char *const *environment = step->session->environment;
    const struct destination last = destination_of(step->choice.used->key, environment);
    const struct destination next = destination_of(step->choice.chosen->key, environment);
    const char *host;
    char address[ADDRESS_TEXT];
    struct buffer fault = {0};
    if (last.url && next.url && strcmp(last.url, next.url) != 0 &&
        address_parse(next.url, true, address, &fault) == 0) {
        int length = address_host(address, &host);
        buffer_append_format(line, ", at %.*s", length, host);
    }
    buffer_finish(&fault);
}

void announce_failover(const struct step *step)
{
    struct buffer line = {0};
    append_key_failure(&line, step);
    if (step->choice.is_master)
        buffer_append_format(&line, "; using the master key \"%s\", which is billed",
                             step->choice.chosen->key->name);
    else
        buffer_append_format(&line, "; using \"%s\" (%d of %d)", step->choice.chosen->key->name,
                             step->choice.slot->attempts + 1, keys_in_all(step));
    append_other_address(&line, step);
    say_step(step, EVENT_FAILOVER, &line);
}

void announce_model(const struct step *step, const char *asked)
{
    struct buffer line = {0};
    append_key_failure(&line, step);
    buffer_append_format(&line, "; every key rests for %s; using %s with %s\"%s\"", asked,
                         step->session->model, step->choice.is_master ? "the master key " : "",
                         step->choice.chosen->key->name);
    say_step(step, EVENT_FAILOVER, &line);
}

void announce_retry(const struct step *step)
{
    struct buffer line = {0};
    buffer_append_format(&line, "\"%s\" ", step->choice.used->key->name);
    render_failure(&line, step->choice.finding);
    buffer_append_text(&line, "; trying it again, with the client's own retries");
    say_step(step, EVENT_RETRY, &line);
}

void announce_given_up(const struct step *step)
{
    struct buffer line = {0};
    enum whynot why = whynot_none_left(step);
    append_key_failure(&line, step);
    buffer_append_text(&line, "; ");
    (void)whynot_append(&line, why, step->session, NULL);
    if (!step->choice.busy)
        append_earliest(&line, &step->session->pool.rotation, step->choice.used, step->choice.now);
    const struct event event = {.key = step->choice.used->key->name,
                                .class = step->choice.finding->class,
                                .until = step->choice.until};
    if (!step->choice.busy)
        alarm_exhausted(step->session, &event, buffer_text(&line));
    say_step(step, step->choice.busy ? EVENT_STOPPED : EVENT_EXHAUSTED, &line);
    whynot_explain(why, step);
}

void announce_stopped(const struct step *step, const struct attempt *attempt, enum whynot why)
{
    struct buffer line = {0};
    append_key_failure(&line, step);
    buffer_append_text(&line, "; not carried on: ");
    if (whynot_append(&line, why, step->session, attempt)) {
        say_step(step, EVENT_STOPPED, &line);
    } else {
        buffer_finish(&line);
        journal_add_step(step, EVENT_STOPPED);
    }
    whynot_explain(why, step);
}

/* Before the first attempt. Keys that were tried already had no secret, which has been reported.
 * With --key only that key matters. */
static void append_standings(struct buffer *line, const struct rotation *rotation, int64_t now)
{
    size_t count = rotation->count + rotation->has_master;
    struct keynames names = {.text = line, .between = "; ", .most = WHYNOT_NAMED_MOST};
    for (size_t i = 0; i < count; i++) {
        const struct candidate *candidate = &rotation->candidates[i];
        if (candidate->standing == STANDING_NOT_PINNED ||
            !keynames_add(&names, candidate->key->name))
            continue;
        buffer_append_char(line, ' ');
        if (candidate->standing == STANDING_TRIED)
            buffer_append_text(line, "has no usable token (see above)");
        else
            render_standing(line, candidate, now, &zone_system);
    }
    keynames_end(&names);
}

static bool all_are(const struct rotation *rotation, enum standing standing)
{
    size_t i = 0, count = rotation->count + rotation->has_master;
    while (i < count && rotation->candidates[i].standing == standing)
        i++;
    return i == count;
}

/* The kind as `keys add` needs it; NULL for the kind that it takes by default. */
static const char *kind_to_add(const struct session *session)
{
    size_t i = 0;
    while (i + 1 < session->slot_count && session->slots[i].candidate)
        i++;
    const char *kind = session->slots[i].kind;
    return strcmp(kind, ASKED_MAIN) == 0 ? NULL : kind;
}

/* What helps where waiting does not. */
static void advise(const struct session *session)
{
    const struct rotation *rotation = &session->pool.rotation;
    if (all_are(rotation, STANDING_WRONG_KIND)) {
        const char *kind = kind_to_add(session);
        bool variable = kind && strpbrk(kind, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        log_say("to add such a key: tcr-run keys add NAME%s%s%s", kind ? " --kind " : "",
                variable ? "env:" : "", kind ? kind : "");
        return;
    }
    for (size_t i = 0; i < rotation->count && rotation_earliest(rotation) == 0; i++) {
        if (rotation->candidates[i].standing != STANDING_DISABLED)
            continue;
        CLEANUP_FREE char *name = shellword_copy(rotation->candidates[i].key->name);
        log_say("to use a disabled key again: tcr-run keys enable %s", name ? name : "NAME");
        return;
    }
}

static void say_unusable(struct session *session, int64_t now, const char *sentence)
{
    const struct candidate *first = pool_first_ready(&session->pool.rotation);
    const struct event event = {
        .kind = EVENT_EXHAUSTED, .time = now, .until = first ? first->cooling->until : 0};
    journal_say(session, &event, sentence);
    alarm_exhausted(session, &event, sentence);
}

void announce_nothing_usable(struct session *session, int64_t now)
{
    const struct rotation *rotation = &session->pool.rotation;
    struct buffer line = {0};
    if (session->pool.policy.retries == 0 && !session->pool.keyring.has_master) {
        say_unusable(session, now,
                     "no key can be used: --retries 0 allows none of the pool, and there is no "
                     "master key");
        return;
    }
    buffer_append_text(&line, "no key can be used: ");
    append_standings(&line, rotation, now);
    say_unusable(session, now, buffer_text(&line));
    buffer_clear(&line);
    append_earliest(&line, rotation, NULL, now);
    if (line.length > 0 && !session->options->waits)
        log_say("%s; --wait waits for it, tcr-run reset NAME forgets that a key rests",
                buffer_text(&line) + 2);
    advise(session);
    buffer_finish(&line);
}

void announce_undersized(const struct step *step)
{
    const struct crowd *crowd = &step->choice.crowd;
    struct buffer text = {0}, line = {0};
    if (!crowd->to_be_said)
        return;
    buffer_append_format(&text, "%zu runs share %zu ready key%s", crowd->runs, crowd->keys,
                         crowd->keys == 1 ? "" : "s");
    if (crowd->capacity < crowd->keys)
        buffer_append_format(&text, ", which have the limits of %zu", crowd->capacity);
    buffer_append_format(&line, "%s; add keys of other accounts, or use --max-per-key 1",
                         buffer_text(&text));
    const struct event event = {
        .kind = EVENT_WARNING, .time = step->choice.now, .text = buffer_text(&text)};
    journal_say(step->session, &event, buffer_text(&line));
    buffer_finish(&text);
    buffer_finish(&line);
}

void announce_passed_over(const struct session *session, const struct candidate *candidate,
                          const char *why)
{
    struct buffer line = {0};
    buffer_append_format(&line, "\"%s\" is passed over: %s", candidate->key->name, why);
    const struct event event = {.kind = EVENT_WARNING, .key = candidate->key->name, .text = why};
    journal_say(session, &event, buffer_text(&line));
    buffer_finish(&line);
}

/* Warns of an address in the environment that is neither this key's nor that of any other in the
 * pool: whoever set it may think that all keys are sent there. */
static void warn_of_address(const struct session *session, const struct key *key,
                            const struct destination *to)
{
    const struct keyring *keyring = &session->pool.keyring;
    struct buffer where = {0};
    if (!to->set_for)
        return;
    for (size_t i = 0; i < keyring->count; i++)
        if (strcmp(keyring->keys[i].place, to->set_for) == 0)
            return;
    render_destination(&where, to);
    CLEANUP_FREE char *name = shellword_copy(key->name);
    log_warn("\"%s\" goes to %s; to send it elsewhere: tcr-run keys set %s --base-url URL",
             key->name, buffer_text(&where), name ? name : "NAME");
    buffer_finish(&where);
}

static void explain_attempt(const struct key *key, const struct destination *to, int number,
                            bool fast_fail)
{
    struct buffer where = {0};
    if (!log_says(LOG_VERBOSE))
        return;
    render_destination(&where, to);
    log_explain("attempt %d with \"%s\" (%s), to %s%s", number, key->name, kind_name(&key->kind),
                buffer_text(&where), fast_fail ? ", failing fast" : "");
    buffer_finish(&where);
}

void announce_attempt(const struct session *session, const struct slot *slot, int number,
                      bool fast_fail)
{
    const struct candidate *candidate = slot->candidate;
    const char *name = candidate->key->name;
    struct buffer line = {0};
    const struct destination to = destination_of(candidate->key, session->environment);
    explain_attempt(candidate->key, &to, number, fast_fail);
    if (number == 1)
        warn_of_address(session, candidate->key, &to);
    if (slot->is_master && number == 1) {
        buffer_append_format(&line, "using the master key \"%s\", which is billed", name);
        append_earliest(&line, &session->pool.rotation, candidate, store_now(session->pool.store));
        log_event(&(struct event){.kind = EVENT_ATTEMPT, .key = name, .master = true},
                  buffer_text(&line));
    }
    buffer_finish(&line);
}

/* True where only the client itself decides what happens at a limit. */
static bool waits_by_itself(const struct session *session)
{
    return session->call.id == CLIENT_CLAUDE && session->call.interactive &&
           !session->call.claude.subcommand && !session->gateway &&
           session_lead((struct session *)session)->another_left;
}

void announce_own_wait(const struct session *session)
{
    if (waits_by_itself(session))
        log_explain("at a limit Claude Code waits on its own key; leave it (Ctrl-C twice) to go on "
                    "with another, or use --gateway");
}

void announce_waited(const struct session *session, const struct finding *limit)
{
    struct buffer line = {0};
    if (limit->class == CLASS_NONE || !waits_by_itself(session))
        return;
    buffer_append_format(&line, "\"%s\" ",
                         session_lead((struct session *)session)->candidate->key->name);
    render_failure(&line, limit);
    buffer_append_text(&line, ", and Claude Code waited; --gateway goes on with another key");
    log_say("%s", buffer_text(&line));
    buffer_finish(&line);
}

void announce_too_late(const struct candidate *candidate, int64_t end, int64_t now)
{
    struct buffer line = {0};
    buffer_append_format(&line, "\"%s\" is ready first, at ", candidate->key->name);
    append_moment(&line, candidate->cooling->until, now);
    buffer_append_text(&line, ", and --wait ends ");
    if (end > now) {
        buffer_append_text(&line, "at ");
        append_moment(&line, end, now);
    } else {
        buffer_append_text(&line, "now");
    }
    log_say("%s; giving up", buffer_text(&line));
    buffer_finish(&line);
}
