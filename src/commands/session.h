/* A run from its first attempt to its last: what stays the same and what carries over. */
#pragma once

#include "commands/pool.h"
#include "core/client.h"
#include "core/options.h"
#include "system/input.h"

#include <stdbool.h>
#include <sys/types.h>

struct session {
    const struct options *options;
    struct pool pool;
    struct client_call call;
    struct demand demand;
    char *const *environment; /* ours, untouched */
    int signal_fd;
    struct input input;
    struct owner owner;
    int pool_attempts;
    bool master_tried;

    /* The conversation so far (claude). */
    char *config;     /* the client's configuration folder; NULL for other clients */
    enum carry carry; /* how the next attempt goes on */
    off_t run_offset; /* where the transcript stood when the run began */
    char since[32];   /* when the run began, as the transcript stamps its rows */
    bool session_exists, work_begun;
    bool warned_of_source, warned_of_managed, warned_of_overage;
};

/* Sets up everything but the signals and stdin, which only a real run touches. Returns 0 or the
 * exit status to end with, the reason said. Ended with session_close either way. */
int session_open(struct session *session, const struct options *options);
void session_close(struct session *session);

/* Gives a session that is begun anew an id of its own: the old one is taken. */
void session_rename(struct session *session);

/* Records what befell the key just used (finding NULL: nothing to record) and chooses the next one,
 * in one step under the store's lock. */
struct turn {
    struct session *session;
    struct candidate *used; /* NULL before the first attempt */
    const struct finding *finding;
    bool succeeded; /* forget the key's failures */
    bool choose;    /* false: only record */
    /* Filled: */
    struct candidate *chosen; /* NULL: none can be used */
    bool is_master;
    bool another_left; /* if the chosen one fails too, another could be tried */
    int64_t until;     /* when `used` is ready again */
    int64_t now;
    size_t live_runs, ready_keys;
    bool undersized; /* to be said once an hour */
    bool failed;     /* no memory */
};
void session_turn(struct turn *turn);
