#include "gateway/holder.h"

#include "system/random.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A session without a request for this long no longer counts as using its key, though it will get
 * the same key again: a provider's cache lives for an hour at most. */
#define IDLE_MS ((int64_t)10 * 60 * 1000)

void holders_init(struct holders *holders, void (*let_go)(void *context, struct holder *holder),
                  void *context)
{
    *holders = (struct holders){.let_go = let_go, .context = context};
    random_fill(holders->salt, sizeof holders->salt);
}

/* The ids come from clients, who must not be able to choose their bucket. */
static struct holder **bucket_of(struct holders *holders, const char *id)
{
    uint64_t hash;
    (void)crypto_shorthash((unsigned char *)&hash, (const unsigned char *)id, strlen(id),
                           holders->salt);
    return &holders->buckets[hash % (sizeof holders->buckets / sizeof *holders->buckets)];
}

static struct holder **find(struct holders *holders, const char *id)
{
    struct holder **at = bucket_of(holders, id);
    while (*at && strcmp((*at)->id, id) != 0)
        at = &(*at)->next;
    return at;
}

static void unlink_age(struct holders *holders, struct holder *holder)
{
    *(holder->newer ? &holder->newer->older : &holders->newest) = holder->older;
    *(holder->older ? &holder->older->newer : &holders->oldest) = holder->newer;
}

static void link_newest(struct holders *holders, struct holder *holder)
{
    holder->newer = NULL;
    holder->older = holders->newest;
    *(holders->newest ? &holders->newest->newer : &holders->oldest) = holder;
    holders->newest = holder;
}

static void let_go(struct holders *holders, struct holder *holder)
{
    if (!holder->roster)
        return;
    holders->let_go(holders->context, holder);
    roster_release(holder->roster);
    holder->roster = NULL;
    holder->slot = (struct slot){0};
}

static void destroy(struct holders *holders, struct holder *holder)
{
    struct holder **at = find(holders, holder->id);
    let_go(holders, holder);
    unlink_age(holders, holder);
    *at = holder->next;
    holders->count--;
    free(holder);
}

/* The least recently used one that has no request under way. */
static void make_room(struct holders *holders)
{
    for (struct holder *holder = holders->oldest; holder; holder = holder->newer)
        if (holder->open == 0) {
            destroy(holders, holder);
            return;
        }
}

static struct holder *create(struct holders *holders, const char *id)
{
    if (holders->count >= HOLDERS_MOST)
        make_room(holders);
    struct holder *holder = calloc(1, sizeof *holder);
    if (!holder)
        return NULL;
    struct holder **bucket = bucket_of(holders, id);
    snprintf(holder->id, sizeof holder->id, "%s", id);
    holder->next = *bucket;
    *bucket = holder;
    link_newest(holders, holder);
    holders->count++;
    return holder;
}

static struct holder *touch(struct holders *holders, const char *id, int64_t now)
{
    struct holder *holder = *find(holders, id);
    if (!holder)
        holder = create(holders, id);
    if (!holder)
        return NULL;
    holder->used = now;
    unlink_age(holders, holder);
    link_newest(holders, holder);
    return holder;
}

struct holder *holder_enter(struct holders *holders, const char *id, int64_t now)
{
    struct holder *holder = touch(holders, id, now);
    if (holder) {
        holder->open++;
        holder->requests++;
    }
    return holder;
}

void holder_leave(struct holders *holders, struct holder *holder, int64_t now)
{
    holder->open--;
    holder->used = now;
    unlink_age(holders, holder);
    link_newest(holders, holder);
    if (holder->open == 0 && holder->is_over)
        destroy(holders, holder);
}

struct holder *holder_find(const struct holders *holders, const char *id)
{
    return *find((struct holders *)(uintptr_t)holders, id);
}

void holder_bind(struct holders *holders, const char *object, const char *key, int64_t now)
{
    struct holder *holder = touch(holders, object, now);
    holders->has_objects = true;
    if (holder)
        snprintf(holder->key, sizeof holder->key, "%s", key);
}

void holder_end(struct holders *holders, const char *id)
{
    struct holder *holder = *find(holders, id);
    if (!holder)
        return;
    holder->is_over = true;
    if (holder->open == 0)
        destroy(holders, holder);
}

void holders_tidy(struct holders *holders, int64_t now)
{
    for (struct holder *holder = holders->oldest; holder && holder->used + IDLE_MS <= now;
         holder = holder->newer)
        if (holder->open == 0)
            let_go(holders, holder);
}

void holders_finish(struct holders *holders)
{
    while (holders->oldest)
        destroy(holders, holders->oldest);
}
