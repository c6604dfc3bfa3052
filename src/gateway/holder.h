/* Who holds which key. The provider's prompt cache belongs to the account, so each change
 * of key fills another one. In memory; common.h tells other gateways. */
#pragma once

#include "core/gateway/sessionid.h"
#include "core/state/choice.h"
#include "gateway/roster.h"
#include "gateway/timers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOLDERS_MOST 8192
#define HOLDER_KEY   80

/* What the gateways that share a server say about a session: see common.h. */
struct common {
    char key[IDENTITY_TEXT]; /* the identity of its key, there; "": not known */
    bool moved;              /* another gateway did: `key` of the holder comes before the slot's */
    unsigned claims;         /* that have not been answered */
    int64_t known_until;     /* clock_now_ms */
};

/* One conversation; or one connection, if its requests name no conversation; or an object that one
 * key made and that only this key can see. */
struct holder {
    char id[SESSIONID_TEXT + 16];
    char key[HOLDER_KEY];  /* the name of the key that it had last; "" if none */
    struct roster *roster; /* counted; `slot` belongs to it. NULL: it holds no key */
    struct slot slot;
    struct common common;
    unsigned open;       /* requests under way */
    uint64_t requests;   /* so far */
    int64_t used;        /* clock_now_ms */
    bool is_over;        /* no more requests of it come */
    struct holder *next; /* in its bucket */
    struct holder *newer, *older;
};

struct holders {
    struct holder *buckets[1024];
    struct holder *newest, *oldest; /* by `used` */
    size_t count;
    bool has_objects; /* or has had some */
    unsigned char salt[16];
    /* Called before a holder gives up its key. */
    void (*let_go)(void *context, struct holder *holder);
    void *context;
};

void holders_init(struct holders *holders, void (*let_go)(void *context, struct holder *holder),
                  void *context);
void holders_finish(struct holders *holders);

/* The holder with this id, created if it is new; NULL if out of memory. Counts one more open
 * request. */
struct holder *holder_enter(struct holders *holders, const char *id, int64_t now);
void holder_leave(struct holders *holders, struct holder *holder, int64_t now);

/* NULL if it is not known; changes nothing. */
struct holder *holder_find(const struct holders *holders, const char *id);

/* Records that an object belongs to a key. */
void holder_bind(struct holders *holders, const char *object, const char *key, int64_t now);

/* No more requests with this id come. */
void holder_end(struct holders *holders, const char *id);

/* Gives up the keys of holders that have not been used for long. */
void holders_tidy(struct holders *holders, int64_t now);
