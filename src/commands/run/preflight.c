#include "commands/run/preflight.h"

#include "base/buffer.h"
#include "commands/check.h"
#include "commands/command.h"
#include "core/show/render.h"
#include "system/log.h"
#include "system/process/signals.h"
#include "system/zone.h"

#include <errno.h>

/* A resting key is asked about too: its login or token may have been fixed meanwhile. */
static bool could_be_used(const struct candidate *candidate, const void *context)
{
    (void)context;
    return candidate->standing == STANDING_READY || candidate->standing == STANDING_COOLING ||
           candidate->standing == STANDING_BUSY;
}

/* A recorded rest keeps a key from being chosen, unless it is 0 s long (--cooldown 0) or ignored
 * (--key). */
static void keep_from_use(const struct check *check, const struct session *session, int64_t now)
{
    if (session->options->key || check->until <= now)
        check->candidate->tried = true;
}

/* Its token command failed. Running it again for the first attempt would only cost time, and
 * questions. */
static void skip_without_token(struct candidate *candidate)
{
    if (candidate->key->source == KEY_COMMAND && !candidate->key->token)
        candidate->tried = true;
}

static void say_dead(const struct check *check, int64_t now)
{
    struct buffer line = {0};
    render_key_failure(&line, check->candidate->key->name, &check->meaning.finding, check->until,
                       now, &zone_system);
    log_say("preflight: %s", buffer_text(&line));
    buffer_finish(&line);
}

/* In one line for all of them, because they usually have the same trouble. */
static void pass_unknown(const struct check_round *round)
{
    const struct check *first = NULL;
    size_t count = 0;
    for (size_t i = 0; i < round->count; i++) {
        const struct check *check = &round->checks[i];
        if (check->meaning.state != CHECK_UNREACHABLE && check->meaning.state != CHECK_UNCLEAR)
            continue;
        log_explain("preflight: \"%s\" could not be checked: %s", check->candidate->key->name,
                    buffer_text(&check->reason));
        skip_without_token(check->candidate);
        first = first ? first : check;
        count++;
    }
    if (count == 1)
        log_say("preflight: \"%s\" could not be checked: %s", first->candidate->key->name,
                buffer_text(&first->reason));
    else if (count > 1)
        log_say("preflight: \"%s\" and %zu more could not be checked: %s",
                first->candidate->key->name, count - 1, buffer_text(&first->reason));
}

static void draw_conclusions(const struct check_round *round)
{
    int64_t now = store_now(round->session->pool.store);
    size_t dead = 0;
    for (size_t i = 0; i < round->count; i++) {
        const struct check *check = &round->checks[i];
        if (check->meaning.state != CHECK_REFUSED && check->meaning.state != CHECK_LIMITED)
            continue;
        say_dead(check, now);
        keep_from_use(check, round->session, now);
        dead++;
    }
    pass_unknown(round);
    log_explain("preflight: %zu keys checked, %zu of them unusable", round->count, dead);
}

static int check_slot(struct session *session, struct slot *slot)
{
    struct check_round round = {0};
    int status = EXIT_OWN_FAILURE;
    int64_t now;
    if (!pool_survey(&session->pool, &slot->demand, &now))
        return status;
    int r = check_init(&round, session, could_be_used, NULL);
    round.slot = slot;
    if (r < 0)
        log_say("out of memory");
    else
        status = check_run(&round);
    if (status == 0)
        draw_conclusions(&round);
    check_finish(&round);
    if (status == -EINTR)
        signals_die_of(signals_end_pending());
    return status;
}

int preflight(struct session *session)
{
    int status = 0;
    for (size_t i = 0; i < session->slot_count && status == 0; i++)
        status = check_slot(session, &session->slots[i]);
    return status;
}
