/* The keys as they are in the key file now. When the file changes it is read again; requests that
 * started with the old keys finish with them. */
#pragma once

#include "core/client/options.h"
#include "core/gateway/ramp.h"
#include "core/pool/keyring.h"
#include "core/pool/policy.h"
#include "core/state/rotation.h"
#include "system/fileid.h"

#include <stdbool.h>

/* What secrets.c knows about a secret that is not in the key file. Milliseconds of clock_now_ms; 0:
 * never. */
struct key_secret {
    bool comes;
    bool refused;   /* the present one: wait for the next */
    bool can_renew; /* a login in a folder */
    bool said;      /* its absence was reported */
    int64_t failed_at, renewed_at, looked_at;
    int64_t ends;               /* seconds since 1970 */
    struct fileid folder_login; /* the file that was read */
};

/* A file, and its state before it was read. */
struct file_look {
    char *path;
    struct fileid seen;
};

/* A provider's refusal as it came, kept while other keys are asked, and for requests that come
 * while all keys rest. */
struct kept_refusal {
    int status; /* 0: none */
    struct buffer head, body;
    const char *key; /* whose, borrowed from the roster */
    int64_t until;   /* seconds since 1970; 0: not told */
};

struct roster {
    unsigned references;
    struct keyring keyring;
    struct rotation rotation;
    struct policy policy;
    int64_t *trials; /* when each candidate was last tried while it rested; seconds since 1970 */
    struct kept_refusal *refusals; /* of each candidate: why it rests */
    struct key_secret *secrets;    /* of each candidate */
    struct ramp *ramps;            /* of each candidate */
    struct file_look *files;       /* that it was read from */
    size_t file_count;
    char *origin; /* where the keys came from, for messages */
};

/* Reads the keys, and reports mistakes in them. Returns 0 with the caller's reference, or a
 * negative errno: -ENOENT if there are none. */
int roster_load(const struct options *options, struct roster **ret_roster);

/* True if a file that it was read from has changed since. */
bool roster_is_stale(const struct roster *roster);

/* Records the files' state again, so that a change that could not be read is not tried twice. */
void roster_look(struct roster *roster);

/* Takes over what was learned about keys of the same names. */
void roster_inherit(struct roster *roster, const struct roster *before);

void kept_refusal_finish(struct kept_refusal *kept);

struct roster *roster_keep(struct roster *roster);

/* Gives a reference back; takes NULL. */
void roster_release(struct roster *roster);

/* The address that a key's requests are sent to; NULL if unknown. */
const char *roster_base(const struct key *key);
