#include "commands/run/turn.h"

#include <time.h>

void turn_start_over(struct session *session)
{
    struct rotation *rotation = &session->pool.rotation;
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        rotation->candidates[i].tried = false;
    for (size_t i = 0; i < session->slot_count; i++) {
        /* Used once whatever was known of it; what this run learned of it since is waited for. */
        session->slots[i].demand.pinned_may_rest |= session->slots[i].attempts > 0;
        session->slots[i].attempts = 0;
    }
    session->master_tried = false;
}

static bool change(struct state *state, int64_t now, void *context)
{
    struct turn *turn = context;
    return choice_make(&turn->choice, state, now, time(NULL));
}

void turn_take(struct turn *turn)
{
    struct session *session = turn->session;
    struct choice *choice = &turn->choice;
    choice->policy = &session->pool.policy;
    choice->rotation = &session->pool.rotation;
    choice->slots = session->slots;
    choice->slot_count = session->slot_count;
    choice->lead = session_lead(session);
    choice->owner = session->owner;
    choice->no_master = session->master_tried;
    choice_begin(choice);
    if (store_update(session->pool.store, change, turn) < 0)
        choice->failed = true;
}
