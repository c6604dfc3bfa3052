#include "core/state/state.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int state_add_lease(struct state *state, const struct lease *lease)
{
    struct lease *grown = realloc(state->leases, (state->lease_count + 1) * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    state->leases = grown;
    grown += state->lease_count++;
    *grown = *lease;
    if (grown->count < 1)
        grown->count = 1;
    return 0;
}

bool owner_equal(const struct owner *a, const struct owner *b)
{
    return a->pid == b->pid && a->start == b->start && a->pid_namespace == b->pid_namespace &&
           strcmp(a->boot, b->boot) == 0;
}

void state_drop_leases(struct state *state, const struct owner *owner)
{
    size_t kept = 0;
    for (size_t i = 0; i < state->lease_count; i++)
        if (!owner_equal(&state->leases[i].owner, owner))
            state->leases[kept++] = state->leases[i];
    state->lease_count = kept;
}

void state_prune_leases(struct state *state, bool (*is_alive)(const struct lease *))
{
    size_t kept = 0;
    for (size_t i = 0; i < state->lease_count; i++)
        if (is_alive(&state->leases[i]))
            state->leases[kept++] = state->leases[i];
    state->lease_count = kept;
}

static struct lease *find_lease(struct state *state, const struct owner *owner, const char *key)
{
    for (size_t i = 0; i < state->lease_count; i++)
        if (strcmp(state->leases[i].key, key) == 0 && owner_equal(&state->leases[i].owner, owner))
            return &state->leases[i];
    return NULL;
}

int state_lease(struct state *state, const struct owner *owner, const char *key, int64_t now)
{
    struct lease *known = find_lease(state, owner, key);
    struct lease lease = {.owner = *owner, .since = now, .count = 1};
    if (known) {
        known->count++;
        return 0;
    }
    text_copy(lease.key, sizeof lease.key, key);
    return state_add_lease(state, &lease);
}

bool state_end_lease(struct state *state, const struct owner *owner, const char *key)
{
    struct lease *known = find_lease(state, owner, key);
    if (!known)
        return false;
    if (--known->count == 0)
        *known = state->leases[--state->lease_count];
    return true;
}
