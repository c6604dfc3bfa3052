#include "commands/announce.h"

#include "base/duration.h"
#include "commands/journal.h"
#include "core/render.h"
#include "system/log.h"
#include "system/zone.h"

#include <stddef.h>
#include <time.h>

/* Of a pool that cannot be used, so many keys are named. */
#define NAMED_MOST 20

/* `23:02 (in 1h 12m)` */
static void append_moment(struct buffer *line, int64_t when, int64_t now)
{
    char span[DURATION_TEXT];
    duration_format(when - now, span);
    render_time(line, when, now, &zone_system);
    buffer_append_format(line, " (in %s)", span);
}

static void append_key_failure(struct buffer *line, const struct turn *turn)
{
    render_key_failure(line, turn->used->key->name, turn->finding, turn->until, turn->now,
                       &zone_system);
}

/* `; "work" is ready first, at 23:02 (in 1h 12m)`; nothing if that is the key which the line is
 * about, or if none is resting. */
static void append_earliest(struct buffer *line, const struct rotation *rotation,
                            const struct candidate *about, int64_t now)
{
    const struct candidate *first = pool_first_ready(rotation);
    if (!first || first == about)
        return;
    buffer_append_format(line, "; \"%s\" is ready first, at ", first->key->name);
    append_moment(line, first->cooling->until, now);
}

static void say_turn(const struct turn *turn, enum event_kind kind, struct buffer *line)
{
    journal_say_turn(turn, kind, buffer_text(line));
    buffer_finish(line);
}

void announce_failover(const struct turn *turn)
{
    const struct session *session = turn->session;
    struct buffer line = {0};
    append_key_failure(&line, turn);
    if (turn->is_master)
        buffer_append_format(&line, "; carrying on with the master key \"%s\", which is billed",
                             turn->chosen->key->name);
    else
        buffer_append_format(&line, "; carrying on with \"%s\" (%d of %d)", turn->chosen->key->name,
                             session->pool_attempts + 1, session->pool.policy.retries);
    say_turn(turn, EVENT_FAILOVER, &line);
}

void announce_retry(const struct turn *turn)
{
    struct buffer line = {0};
    buffer_append_format(&line, "\"%s\" ", turn->used->key->name);
    render_failure(&line, turn->finding);
    buffer_append_text(&line, "; trying it again, with the client's own patience");
    say_turn(turn, EVENT_RETRY, &line);
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

void announce_given_up(const struct turn *turn)
{
    struct buffer line = {0};
    append_key_failure(&line, turn);
    buffer_append_format(&line, "; %s", why_no_other(turn->session));
    append_earliest(&line, &turn->session->pool.rotation, turn->used, turn->now);
    say_turn(turn, EVENT_EXHAUSTED, &line);
}

void announce_stopped(const struct turn *turn, const char *why)
{
    struct buffer line = {0};
    if (!why) {
        journal_add_turn(turn, EVENT_STOPPED);
        return;
    }
    append_key_failure(&line, turn);
    buffer_append_format(&line, "; not carried on: %s", why);
    say_turn(turn, EVENT_STOPPED, &line);
}

static void append_standings(struct buffer *line, const struct rotation *rotation, int64_t now)
{
    size_t count = rotation->count + rotation->has_master;
    for (size_t i = 0; i < count && i < NAMED_MOST; i++) {
        const struct candidate *candidate = &rotation->candidates[i];
        buffer_append_format(line, "%s\"%s\" ", i ? ", " : "", candidate->key->name);
        render_standing(line, candidate, now, &zone_system);
    }
    if (count > NAMED_MOST)
        buffer_append_format(line, " and %zu more", count - NAMED_MOST);
}

static void say_unusable(const struct session *session, int64_t now, const char *sentence)
{
    const struct candidate *first = pool_first_ready(&session->pool.rotation);
    const struct event event = {
        .kind = EVENT_EXHAUSTED, .time = now, .until = first ? first->cooling->until : 0};
    journal_say(session, &event, sentence);
}

void announce_nothing_usable(const struct session *session, int64_t now)
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
    buffer_finish(&line);
}

void announce_undersized(const struct turn *turn)
{
    struct buffer text = {0}, line = {0};
    if (!turn->undersized)
        return;
    buffer_append_format(&text, "%zu runs share %zu ready keys", turn->live_runs, turn->ready_keys);
    buffer_append_format(&line,
                         "%s; API keys of one organization share its limits, so more of them add "
                         "nothing: other accounts or fewer runs at once do",
                         buffer_text(&text));
    const struct event event = {
        .kind = EVENT_WARNING, .time = turn->now, .text = buffer_text(&text)};
    journal_say(turn->session, &event, buffer_text(&line));
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

void announce_attempt(const struct session *session, const struct candidate *candidate, int number,
                      bool is_master, bool fast_fail)
{
    const char *name = candidate->key->name;
    struct buffer line = {0};
    log_explain("attempt %d with \"%s\" (%s)%s", number, name, kind_name(&candidate->key->kind),
                fast_fail ? ", failing fast" : "");
    if (is_master && number == 1) {
        buffer_append_format(&line, "using the master key \"%s\", which is billed", name);
        append_earliest(&line, &session->pool.rotation, candidate, time(NULL));
        log_event(&(struct event){.kind = EVENT_ATTEMPT, .key = name, .master = true},
                  buffer_text(&line));
    }
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
