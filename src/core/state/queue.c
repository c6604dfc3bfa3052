#include "core/state/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sum, so that the order of the key file does not matter; identities are random already. */
static uint64_t add_identity(uint64_t sum, const char *id)
{
    char half[17];
    snprintf(half, sizeof half, "%.16s", id);
    return sum + strtoull(half, NULL, 16);
}

/* FNV-1a: runs of different models may find different keys at rest. */
static uint64_t add_model(uint64_t sum, const char *model)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *model; model++)
        hash = (hash ^ (unsigned char)*model) * UINT64_C(0x100000001b3);
    return sum + hash;
}

void queue_add_keys(char *queue, const struct rotation *rotation, const char *model)
{
    uint64_t sum = strtoull(queue, NULL, 16);
    for (size_t i = 0; i < rotation->count; i++) {
        enum standing standing = rotation->candidates[i].standing;
        if (standing == STANDING_READY || standing == STANDING_BUSY || standing == STANDING_COOLING)
            sum = add_identity(sum, rotation->candidates[i].id);
    }
    snprintf(queue, QUEUE_TEXT, "%016llx",
             (unsigned long long)(model ? add_model(sum, model) : sum));
}

size_t queue_ahead(const struct state *state, const char *queue, int64_t ticket)
{
    size_t ahead = 0;
    for (size_t i = 0; i < state->lease_count; i++) {
        const struct lease *lease = &state->leases[i];
        ahead += lease->ticket > 0 && (ticket == 0 || lease->ticket < ticket) &&
                 strcmp(lease->queue, queue) == 0;
    }
    return ahead;
}

int64_t queue_ticket(const struct state *state, const struct owner *owner)
{
    for (size_t i = 0; i < state->lease_count; i++)
        if (state->leases[i].ticket > 0 && owner_equal(&state->leases[i].owner, owner))
            return state->leases[i].ticket;
    return 0;
}

int queue_stand(struct state *state, const char *queue, int64_t ticket, const struct owner *owner,
                int64_t now)
{
    struct lease lease = {.owner = *owner, .since = now, .ticket = ticket};
    for (size_t i = 0; ticket == 0 && i < state->lease_count; i++)
        if (state->leases[i].ticket >= lease.ticket)
            lease.ticket = state->leases[i].ticket + 1;
    if (lease.ticket == 0)
        lease.ticket = 1;
    snprintf(lease.queue, sizeof lease.queue, "%s", queue);
    return state_add_lease(state, &lease);
}

size_t queue_places(const struct rotation *rotation, size_t at_most)
{
    size_t places = 0;
    for (size_t i = 0; i < rotation->count; i++)
        if (rotation->candidates[i].standing == STANDING_READY)
            places += at_most - rotation->candidates[i].leases;
    return places;
}
