#include "gateway/book.h"

#include "gateway/gateway.h"
#include "system/process/process.h"

#include <time.h>

void book_choose(struct gateway *gateway, struct choice *choice)
{
    int64_t now = time(NULL);
    choice->owner = gateway->owner;
    choice_begin(choice);
    state_settle(&gateway->state, now);
    (void)choice_make(choice, &gateway->state, now, now);
}

void book_give_back(struct gateway *gateway, struct slot *slot)
{
    (void)choice_give_back(slot, &gateway->state, &gateway->owner);
}

const struct state *book_state(const struct gateway *gateway)
{
    return &gateway->state;
}

bool book_rests(const struct gateway *gateway, const struct candidate *candidate, const char *model)
{
    const struct record *record = state_find(&gateway->state.keys, candidate->id);
    return record && record_cooling(record, *model ? model : NULL, time(NULL));
}
