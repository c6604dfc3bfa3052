/* Which session holds which key. The provider's prompt cache belongs to the account, so each change
 * of key fills another one. In memory only. */
#pragma once

#include "core/gateway/sessionid.h"
#include "core/state/choice.h"
#include "gateway/roster.h"
#include "gateway/timers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SESSIONS_MOST 8192
#define SESSION_KEY   80

/* One conversation; or one connection, if its requests name no conversation; or an object that one
 * key made and that only this key can see. */
struct session {
    char id[SESSIONID_TEXT + 16];
    char key[SESSION_KEY]; /* the name of the key that it had last; "" if none */
    struct roster *roster; /* counted; `slot` belongs to it. NULL: it holds no key */
    struct slot slot;
    unsigned open;        /* requests under way */
    int64_t used;         /* clock_now_ms */
    bool is_over;         /* no more requests of it come */
    struct session *next; /* in its bucket */
    struct session *newer, *older;
};

struct sessions {
    struct session *buckets[1024];
    struct session *newest, *oldest; /* by `used` */
    size_t count;
    bool has_objects; /* or had some */
    unsigned char salt[16];
    /* Called before a session gives up its key. */
    void (*let_go)(void *context, struct session *session);
    void *context;
};

void sessions_init(struct sessions *sessions,
                   void (*let_go)(void *context, struct session *session), void *context);
void sessions_finish(struct sessions *sessions);

/* The session with this id, created if it is new; NULL if out of memory. Counts one more open
 * request. */
struct session *session_enter(struct sessions *sessions, const char *id, int64_t now);
void session_leave(struct sessions *sessions, struct session *session, int64_t now);

/* NULL if it is not known; changes nothing. */
const struct session *session_find(const struct sessions *sessions, const char *id);

/* Records that an object belongs to a key. */
void session_bind(struct sessions *sessions, const char *object, const char *key, int64_t now);

/* No more requests with this id come. */
void session_end(struct sessions *sessions, const char *id);

/* Gives up the keys of sessions that have not been used for long. */
void sessions_tidy(struct sessions *sessions, int64_t now);
