/* Renewing a login: under a lock that all processes take, with the tokens read again once it is
 * held, the new ones on disk before anybody uses them. The work is done in a process of its own
 * that no signal to its caller ends: between the provider's answer and the written file the login
 * exists in that process alone. */
#pragma once

#include "core/pool/keyring.h"
#include "system/host.h"

#include <stdbool.h>
#include <stdint.h>

enum refresh_result {
    REFRESH_DONE,
    REFRESH_NOT_NEEDED, /* another process was first, or it is not due: nothing was sent */
    REFRESH_LATER,      /* the provider could not be asked, or wants us to wait */
    REFRESH_ENDED,      /* the login is over until somebody logs in */
    REFRESH_FAILED,     /* another mistake */
};

#define REFRESH_TEXT 512

struct refresh_outcome {
    enum refresh_result result;
    int64_t ends;            /* of the token that is there now, seconds since 1970; 0: not known */
    int64_t not_before;      /* REFRESH_LATER: when to ask again; 0: not told */
    char text[REFRESH_TEXT]; /* one sentence on what is wrong; no token is in it */
};

struct refresh_wish {
    const char *path; /* of the key file */
    const char *name; /* of the key */
    /* Nothing is sent if the file says another end than this: another process has renewed it since
     * the caller read it. -1: whatever it says. */
    int64_t known_end;
    bool if_due;             /* nor if it is not about to end */
    const struct host *host; /* interrupted: the caller no longer waits; the work goes on */
};

/* Takes up to 30 s, and longer if others are first. A sealed file must have been opened in this
 * process, or its passphrase be in a file. Returns 0 with *ret_outcome, -EINTR, or another negative
 * errno with nothing begun. */
int refresh_run(const struct refresh_wish *wish, struct refresh_outcome *ret_outcome);

/* Reads the key's token and its end again from the key file. Returns 0; -ENOENT if the key is gone;
 * -EINVAL with one sentence in `error`; another negative errno. */
int refresh_read(const char *path, struct keyring *keyring, struct key *key, struct buffer *error);
