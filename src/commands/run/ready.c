#include "commands/run/ready.h"

#include "commands/host.h"
#include "commands/run/announce.h"
#include "commands/run/journal.h"
#include "commands/run/renew.h"
#include "commands/run/wait.h"
#include "system/keys/keysource.h"
#include "system/log.h"
#include "system/process/signals.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOOK_AGAIN_SECONDS 60

void ready_note_step(struct run *run, const struct step *step)
{
    run->fast_fail = session_lead(run->session)->another_left;
    run->busy = step->choice.busy;
    run->failed |= step->choice.failed;
    announce_undersized(step);
}

struct reset_wait {
    int64_t said; /* when the last line was printed */
    bool noted;
};

/* Waits until a resting key is ready; false if the run is not to wait for that. */
static bool wait_for_reset(struct run *run, const struct step *step, struct reset_wait *wait)
{
    struct session *session = run->session;
    const struct candidate *first = pool_first_ready(&session->pool.rotation);
    if (!session->options->waits || !first)
        return false;
    const char *name = first->key->name;
    /* By our own clock, which the wait uses. */
    int64_t ahead = store_now(session->pool.store) - time(NULL);
    int64_t until = first->cooling->until - ahead;
    if (until > run->wait_until_end) {
        announce_too_late(first, run->wait_until_end + ahead, step->choice.now);
        return false;
    }
    if (!wait->noted)
        journal_add(session, &(struct event){.kind = EVENT_WAIT, .key = name, .until = until});
    wait->noted = true;
    /* Other runs queue behind this one: it must not be late when a key is ready sooner than
     * announced. */
    int64_t longest = session->pool.policy.max_per_key > 0 ? 1 : LOOK_AGAIN_SECONDS;
    return wait_a_while(session->signal_fd, until, name, longest, &wait->said);
}

/* Waits until another run may have ended; false if it has waited long enough. */
static bool wait_for_place(struct run *run, const struct step *step, struct queue_wait *wait)
{
    struct session *session = run->session;
    int64_t now = time(NULL);
    wait->ahead = step->choice.ahead;
    if (session->options->waits && now > run->wait_until_end) {
        log_say("no key became free in time for --wait; giving up");
        return false;
    }
    if (wait->since == 0) {
        wait->since = now;
        journal_add(session, &(struct event){.kind = EVENT_WAIT});
    }
    return wait_in_queue(session->signal_fd, wait);
}

/* A key that does not rest (--cooldown 0) is not used again in the second in which it failed. False
 * if somebody asked to end meanwhile. */
static bool pause_after_failure(const struct session *session, const struct step *step,
                                struct reset_wait *wait)
{
    return step->choice.now > step->choice.slot->last_failed ||
           wait_a_while(session->signal_fd, time(NULL) + 1, step->choice.chosen->key->name, 1,
                        &wait->said);
}

bool ready_wait(struct run *run)
{
    struct session *session = run->session;
    struct queue_wait queue = {.at_most = session->pool.policy.max_per_key};
    struct reset_wait reset = {0};
    bool started_over = false;
    if (!session->options->waits && !run->busy)
        return false;
    if (run->wait_until_end == 0)
        run->wait_until_end = time(NULL) + session->options->wait_longest;
    /* Keys that do not rest (--cooldown 0) are always ready. */
    if (session->options->waits && !run->busy && time(NULL) > run->wait_until_end) {
        log_say("--wait is over; giving up");
        return false;
    }
    for (;;) {
        session_forget_keys(session);
        if (!run->busy && !started_over)
            session_start_over(session);
        started_over |= !run->busy;
        struct step step = {.session = session, .choice = {.choose = true, .waits = true}};
        step_take(&step);
        ready_note_step(run, &step);
        if (step.choice.chosen && !step.choice.failed) {
            if (!pause_after_failure(session, &step, &reset))
                return false;
            wait_over();
            log_say("\"%s\" is %s; going on", step.choice.chosen->key->name,
                    queue.since ? "free" : "ready");
            return true;
        }
        if (step.choice.failed)
            return false;
        bool goes_on = step.choice.busy ? wait_for_place(run, &step, &queue)
                                        : wait_for_reset(run, &step, &reset);
        if (goes_on)
            continue;
        wait_over();
        const struct candidate *first = pool_first_ready(&session->pool.rotation);
        if (queue.since && !step.choice.busy && !session->options->waits && first)
            log_say("the keys in use are used up as well; --wait waits for \"%s\", ready first",
                    first->key->name);
        return false;
    }
}

static void set_aside(struct session *session, struct candidate *candidate, struct buffer *error)
{
    announce_passed_over(session, candidate, buffer_text(error));
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
        int r = keysource_resolve(&session->pool.keyring, key, session->environment, &command_host,
                                  &error);
        if (r == 0)
            r = renew_if_due(session, key, &error);
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
        struct step step = {.session = session, .choice = {.slot = slot, .choose = true}};
        slot->candidate = NULL;
        if (!signals_end_pending())
            step_take(&step);
        ready_note_step(run, &step);
    }
    return false;
}

bool ready_slots(struct run *run)
{
    for (size_t i = 0; i < run->session->slot_count; i++)
        if (!make_slot_ready(run, &run->session->slots[i]))
            return false;
    return true;
}

bool ready_or_wait(struct run *run)
{
    while (!ready_slots(run))
        if (!run->busy || !ready_wait(run))
            return false;
    return true;
}
