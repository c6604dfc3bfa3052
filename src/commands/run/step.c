#include "commands/run/step.h"

#include <time.h>

static bool change(struct state *state, int64_t now, void *context)
{
    struct step *step = context;
    return choice_make(&step->choice, state, now, time(NULL));
}

void step_take(struct step *step)
{
    struct session *session = step->session;
    struct choice *choice = &step->choice;
    choice->policy = &session->pool.policy;
    choice->rotation = &session->pool.rotation;
    choice->slots = session->slots;
    choice->slot_count = session->slot_count;
    choice->lead = session_lead(session);
    choice->owner = session->owner;
    choice->no_master = session->master_tried || session->spares_master;
    choice_begin(choice);
    if (store_update(session->pool.store, change, step) < 0)
        choice->failed = true;
}
