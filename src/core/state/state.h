/* What was learned in earlier runs: cooldowns, cursor, failures, leases (tcr-state(5)). A value in
 * memory; reading, locking and writing it is system/store's. */
#pragma once

#include "core/evidence/usage.h"
#include "core/pool/failure.h"
#include "core/pool/identity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_VERSION 1
#define QUEUE_TEXT    17 /* 16 hexadecimal digits, and NUL */

/* What a rest calls the model of calls that name none. */
#define COOLDOWN_DEFAULT_MODEL FINDING_DEFAULT_MODEL

/* A rest that a key, a key's use of one model, or an organization takes. */
struct cooldown {
    enum failure_class class;
    char model[FINDING_MODEL]; /* "" for every model */
    char what[FINDING_MODEL];  /* "session limit", … or "" */
    int64_t until;             /* seconds since 1970 */
    int64_t length;            /* seconds it was given: never rests longer than this from now */
};

/* What is known of one key, or of one organization. */
struct record {
    char id[FINDING_MODEL + 16];
    char name[FINDING_MODEL + 1]; /* the key's name when last seen: for people only */
    struct cooldown *cooldowns;
    size_t cooldown_count;
    struct usage_window *windows; /* as the provider last told them */
    size_t window_count;
    int64_t windows_at; /* when that was; 0: never */
    int64_t failures;   /* in a row */
    int64_t last_used, last_failed;
    int64_t warned_end; /* when it was last said that the key ends soon; 0: never */
    int64_t runs;
    enum failure_class last_class;
    const char *raw; /* as it was read: keeps fields this version does not know; NULL: it is new */
    size_t raw_length;
    bool changed;
};

struct record_table {
    struct record *records; /* sorted by id */
    size_t count;
};

/* A process, in a way that a reused pid, a reboot or a container cannot imitate. */
struct owner {
    int64_t pid;
    int64_t start;         /* as facts_now tells; Linux: clock ticks since boot; 0 if unknown */
    int64_t pid_namespace; /* inode number; 0 if unknown */
    char boot[40];
};

/* A process's claim on a key, or its place among those that wait for a free one. */
struct lease {
    char key[IDENTITY_TEXT]; /* "" while it waits */
    struct owner owner;
    int64_t since;
    int64_t count; /* how many use the key through it: 1 for a run, sessions of a gateway */
    char queue[QUEUE_TEXT]; /* "" unless it waits: see queue.h */
    int64_t ticket;         /* in the order of coming; 0 unless it waits */
};

/* What is kept for a pool of one kind of keys beside the main one. */
struct pool_mark {
    char kind[KIND_VARIABLE];
    char cursor[IDENTITY_TEXT]; /* "" before the first run */
    int64_t warned_undersized;
};

struct state {
    char salt[IDENTITY_SALT];
    char cursor[IDENTITY_TEXT]; /* "" before the first run */
    struct record_table keys, organizations;
    struct lease *leases;
    size_t lease_count;
    int64_t *master_uses; /* when the master was used, oldest first; as far back as at_most asks */
    size_t master_use_count;
    int64_t warned_undersized; /* when it was last said that the pool is too small */
    struct pool_mark *pools;   /* of kinds that were asked for by name */
    size_t pool_count;
    int64_t stands_in_since; /* when this began to stand in for a shared state; 0: it does not */
    char *users;             /* of gateways that others reach, as users.h reads them; NULL: none */
    char *text;              /* what it was read from */
    size_t text_length;
    bool has_unknown; /* it has members that this version does not know */
    bool came_back;   /* see state_settle */
};

/* An empty state with this salt (64 hexadecimal digits). Returns 0 or -ENOMEM. */
int state_create(const char *salt, struct state *ret_state);

/* Returns 0; -EINVAL if this is not a state; -ENOTSUP if it is a newer version's; -ENOMEM. On
 * failure *ret_state is untouched. Whatever the bytes are, nothing worse happens. */
int state_parse(const char *text, size_t length, struct state *ret_state);

/* The file's text, freed by the caller; NULL if out of memory. */
char *state_print(const struct state *state);

/* The leases of one owner alone, as an array in the form they have in that text; freed by the
 * caller. */
char *leases_print(const struct state *state, const struct owner *owner);

/* Adds those to a state. Returns 0, -EINVAL if that is not an array, -ENOMEM. */
int leases_parse(const char *text, size_t length, struct state *state);

/* Takes the text over, which may be NULL. */
void state_set_users(struct state *state, char *users);

void state_finish(struct state *state);

/* A copy that shares nothing. Returns 0 or -ENOMEM. */
int state_copy(const struct state *state, struct state *ret_copy);

/* A clock step must not lock a key out: a cooldown that would last longer than its own length is
 * set to that length from now, past ones go, future stamps come back to now. `came_back` says if
 * there were any of the future: that is to be written, or they would come back at each look. */
void state_settle(struct state *state, int64_t now);

/* Where the search for the next key of this kind begins; `kind` NULL: the main pool, whose cursor
 * also holds for a kind that has none yet. */
const char *state_cursor(const struct state *state, const char *kind);

/* The same to be written, and when the pool was last said to be too small; made if they are new.
 * Valid until the next call. Returns 0 or -ENOMEM. */
struct pool_place {
    char *cursor; /* IDENTITY_TEXT bytes */
    int64_t *warned_undersized;
};
int state_pool(struct state *state, const char *kind, struct pool_place *ret_place);

/* When this kind's pool was last said to be too small; 0: never. */
int64_t state_warned_undersized(const struct state *state, const char *kind);

/* NULL if nothing is known. */
const struct record *state_find(const struct record_table *table, const char *id);

/* The record, made if it is new; NULL if out of memory. Valid until the next call. */
struct record *state_touch(struct record_table *table, const char *id);

/* The longest rest that applies to this model (NULL: not known, then every model's rest applies);
 * NULL if there is none. */
const struct cooldown *record_cooling(const struct record *record, const char *model, int64_t now);

/* The rest of `seconds` from now that a finding costs. */
struct cooldown cooldown_of(const struct finding *finding, int64_t seconds, int64_t now);

/* Adds a rest, instead of one of the same class and model. Returns 0 or -ENOMEM. */
int record_rest(struct record *record, const struct cooldown *rest);

/* Both. */
int record_cool(struct record *record, const struct finding *finding, int64_t seconds, int64_t now);

/* Takes over what an answer told of a plan's windows. Returns 1, 0 if nothing is new, or -ENOMEM.
 */
int record_note_usage(struct record *record, const struct usage *usage, int64_t now);

/* As usage_fullest; -1 also for NULL. */
int record_fullest(const struct record *record, int64_t now);

/* Ends the rests of one class, and forgets the failures if the last one was of it. True if there
 * was anything to forget; takes NULL. */
bool record_forget(struct record *record, enum failure_class class);

/* A count below 1 is taken as 1. Returns 0 or -ENOMEM. */
int state_add_lease(struct state *state, const struct lease *lease);

/* One more of an owner's on a key: its lease there counts one more, or is made. Returns 0 or
 * -ENOMEM. */
int state_lease(struct state *state, const struct owner *owner, const char *key, int64_t now);

/* One less; the lease goes with the last one. False if there was none. */
bool state_end_lease(struct state *state, const struct owner *owner, const char *key);

/* Ends every rest and forgets the failures of one record. */
void record_reset(struct record *record);

/* Drops the leases of one owner, and with `is_alive` those whose owner is gone. */
void state_drop_leases(struct state *state, const struct owner *owner);
void state_prune_leases(struct state *state, bool (*is_alive)(const struct lease *));
bool owner_equal(const struct owner *a, const struct owner *b);

/* Notes a use of the master now; forgets those older than a day. Returns 0 or -ENOMEM. */
int state_note_master_use(struct state *state, int64_t now);
int64_t state_master_uses_since(const struct state *state, int64_t since);
