#include "core/state/renaming.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct renamed {
    char from[IDENTITY_TEXT], to[IDENTITY_TEXT];
};

static int compare(const void *left, const void *right)
{
    return strcmp(((const struct renamed *)left)->from, ((const struct renamed *)right)->from);
}

int renaming_init(struct renaming *renaming, const struct keyring *keyring, const char *from,
                  const char *to)
{
    struct identity_salt old, new;
    size_t count = keyring ? keyring->count + keyring->has_master : 0;
    *renaming = (struct renaming){0};
    if (identity_begin(&old, from) < 0 || identity_begin(&new, to) < 0)
        return -EINVAL;
    renaming->list = calloc(count + 1, sizeof *renaming->list);
    if (!renaming->list)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const struct key *key = i < keyring->count ? &keyring->keys[i] : &keyring->master;
        identity_with(&old, key, renaming->list[i].from);
        identity_with(&new, key, renaming->list[i].to);
    }
    renaming->count = count;
    qsort(renaming->list, count, sizeof *renaming->list, compare);
    return 0;
}

void renaming_finish(struct renaming *renaming)
{
    free(renaming->list);
    *renaming = (struct renaming){0};
}

/* False if it is of no key that is known. */
static bool rename_id(const struct renaming *renaming, char *id)
{
    struct renamed wanted;
    memcpy(wanted.from, id, sizeof wanted.from);
    wanted.from[IDENTITY_TEXT - 1] = '\0';
    const struct renamed *found =
        bsearch(&wanted, renaming->list, renaming->count, sizeof wanted, compare);
    if (found)
        memcpy(id, found->to, sizeof found->to);
    return found;
}

static bool rename_entry(const struct renaming *renaming, struct entry *entry)
{
    bool has_identity = !entry->of_organization && *entry->id;
    return (!has_identity || rename_id(renaming, entry->id)) &&
           (!*entry->from || rename_id(renaming, entry->from));
}

void renaming_of_entries(const struct renaming *renaming, struct entries *entries)
{
    size_t kept = 0;
    for (size_t i = 0; i < entries->count; i++)
        if (rename_entry(renaming, &entries->list[i]))
            entries->list[kept++] = entries->list[i];
    entries->count = kept;
}

void renaming_of_leases(const struct renaming *renaming, struct state *state)
{
    size_t kept = 0;
    for (size_t i = 0; i < state->lease_count; i++)
        if (rename_id(renaming, state->leases[i].key))
            state->leases[kept++] = state->leases[i];
    state->lease_count = kept;
}
