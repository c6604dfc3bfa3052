#include "gateway/session.h"

#include "system/random.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A session that is silent for so long does not count as one that uses its key, though it comes
 * back to it: the provider's cache lives for an hour at most. */
#define IDLE_MS ((int64_t)10 * 60 * 1000)

void sessions_init(struct sessions *sessions,
                   void (*let_go)(void *context, struct session *session), void *context)
{
    *sessions = (struct sessions){.let_go = let_go, .context = context};
    random_fill(sessions->salt, sizeof sessions->salt);
}

/* Ids come from clients, who must not be able to choose their bucket. */
static struct session **bucket_of(struct sessions *sessions, const char *id)
{
    uint64_t hash;
    (void)crypto_shorthash((unsigned char *)&hash, (const unsigned char *)id, strlen(id),
                           sessions->salt);
    return &sessions->buckets[hash % (sizeof sessions->buckets / sizeof *sessions->buckets)];
}

static struct session **find(struct sessions *sessions, const char *id)
{
    struct session **at = bucket_of(sessions, id);
    while (*at && strcmp((*at)->id, id) != 0)
        at = &(*at)->next;
    return at;
}

static void unlink_age(struct sessions *sessions, struct session *session)
{
    *(session->newer ? &session->newer->older : &sessions->newest) = session->older;
    *(session->older ? &session->older->newer : &sessions->oldest) = session->newer;
}

static void link_newest(struct sessions *sessions, struct session *session)
{
    session->newer = NULL;
    session->older = sessions->newest;
    *(sessions->newest ? &sessions->newest->newer : &sessions->oldest) = session;
    sessions->newest = session;
}

static void let_go(struct sessions *sessions, struct session *session)
{
    if (!session->roster)
        return;
    sessions->let_go(sessions->context, session);
    roster_release(session->roster);
    session->roster = NULL;
    session->slot = (struct slot){0};
}

static void destroy(struct sessions *sessions, struct session *session)
{
    struct session **at = find(sessions, session->id);
    let_go(sessions, session);
    unlink_age(sessions, session);
    *at = session->next;
    sessions->count--;
    free(session);
}

/* The one that was not used for longest and has no request under way. */
static void make_room(struct sessions *sessions)
{
    for (struct session *session = sessions->oldest; session; session = session->newer)
        if (session->open == 0) {
            destroy(sessions, session);
            return;
        }
}

static struct session *create(struct sessions *sessions, const char *id)
{
    if (sessions->count >= SESSIONS_MOST)
        make_room(sessions);
    struct session *session = calloc(1, sizeof *session);
    if (!session)
        return NULL;
    struct session **bucket = bucket_of(sessions, id);
    snprintf(session->id, sizeof session->id, "%s", id);
    session->next = *bucket;
    *bucket = session;
    link_newest(sessions, session);
    sessions->count++;
    return session;
}

static struct session *touch(struct sessions *sessions, const char *id, int64_t now)
{
    struct session *session = *find(sessions, id);
    if (!session)
        session = create(sessions, id);
    if (!session)
        return NULL;
    session->used = now;
    unlink_age(sessions, session);
    link_newest(sessions, session);
    return session;
}

struct session *session_enter(struct sessions *sessions, const char *id, int64_t now)
{
    struct session *session = touch(sessions, id, now);
    if (session)
        session->open++;
    return session;
}

void session_leave(struct sessions *sessions, struct session *session, int64_t now)
{
    session->open--;
    session->used = now;
    unlink_age(sessions, session);
    link_newest(sessions, session);
    if (session->open == 0 && session->is_over)
        destroy(sessions, session);
}

const struct session *session_find(const struct sessions *sessions, const char *id)
{
    return *find((struct sessions *)(uintptr_t)sessions, id);
}

void session_bind(struct sessions *sessions, const char *object, const char *key, int64_t now)
{
    struct session *session = touch(sessions, object, now);
    sessions->has_objects = true;
    if (session)
        snprintf(session->key, sizeof session->key, "%s", key);
}

void session_end(struct sessions *sessions, const char *id)
{
    struct session *session = *find(sessions, id);
    if (!session)
        return;
    session->is_over = true;
    if (session->open == 0)
        destroy(sessions, session);
}

void sessions_tidy(struct sessions *sessions, int64_t now)
{
    for (struct session *session = sessions->oldest; session && session->used + IDLE_MS <= now;
         session = session->newer)
        if (session->open == 0)
            let_go(sessions, session);
}

void sessions_finish(struct sessions *sessions)
{
    while (sessions->oldest)
        destroy(sessions, sessions->oldest);
}
