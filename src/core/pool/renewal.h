/* Logins that end after hours and are renewed with a refresh token (OAuth): when to do that, what
 * to ask for, and what the answer means. A refresh token can be used once: the answer holds the
 * next one, and whoever loses that answer has lost the login. */
#pragma once

#include "base/json.h"
#include "core/pool/keyring.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RENEWAL_TOKEN_URL "https://platform.claude.com/v1/oauth/token"
#define RENEWAL_CLIENT_ID "9d1c250a-e61b-44d9-88ed-5944d1962f5e"

/* Seconds to wait after an answer that leaves the token as it is. */
#define RENEWAL_PAUSE        30   /* the provider cannot be reached, or has trouble */
#define RENEWAL_WAIT         60   /* a 429 without a time */
#define RENEWAL_WAIT_LONGEST 3600 /* … and the longest that is believed */

/* True for a login that ends at `ends` (0: not known), `before` seconds ahead of that. */
bool renewal_is_due(int64_t ends, int64_t before, int64_t now);

/* True if the provider may be asked at `now`: `after` is the key's refresh_after. One that is
 * further away than any wait was written while the clock was wrong, and is not obeyed. */
bool renewal_may_ask(int64_t after, int64_t now);

/* Where refresh tokens are sent: `variable` (TCR_OAUTH_TOKEN_URL; NULL or "": not set), else what
 * the key file says (read by the same rule), else the provider's own address, into `ret_url`.
 * Returns 0, or -EINVAL with one sentence for an address that is neither https nor on this machine.
 */
int renewal_address(const struct keyring *keyring, const char *variable, char *ret_url, size_t size,
                    struct buffer *error);

/* The body of the request; it holds the token (buffer_finish_wiping). `scopes`, a list with blanks
 * between, may be NULL: they are sent only if the provider wants them. */
void renewal_print_request(const char *refresh_token, const char *client_id, const char *scopes,
                           struct buffer *body);

enum renewal_meaning {
    RENEWAL_NEW,     /* new tokens */
    RENEWAL_ENDED,   /* the login is over, until somebody logs in again */
    RENEWAL_LATER,   /* the provider wants us to wait, or cannot be reached: the old one stays */
    RENEWAL_SCOPES,  /* the request is not understood; with scopes it may be */
    RENEWAL_UNCLEAR, /* refused for a reason that is not the token's */
};

#define RENEWAL_TEXT 160

struct renewal {
    enum renewal_meaning meaning;
    cJSON *answer;             /* owned: renewal_finish */
    const char *access_token;  /* NULL unless there is a usable one; in `answer` */
    const char *refresh_token; /* NULL: the old one stays */
    int64_t ends;              /* of the access token, seconds since 1970; 0: not told */
    int64_t not_before;        /* when to ask again; 0: not told */
    char reason[RENEWAL_TEXT]; /* what is wrong, for messages; no token is in it */
};

/* Reads an answer that came at `now`; `status` 0 for none. The headers are as in base/head.h. The
 * caller ends *ret_renewal in any case. Returns 0 or -ENOMEM. */
int renewal_read(int status, const char *headers, const char *body, size_t length, int64_t now,
                 struct renewal *ret_renewal);
void renewal_finish(struct renewal *renewal);

/* Takes out of an entry what earlier answers left there: refresh_after and refresh_ended. True if
 * there was anything. */
bool renewal_forget(cJSON *entry);

/* Writes what an answer means into an entry of the key file. Returns 0; 1 if nothing is to be
 * written; -ENOMEM. */
int renewal_apply_entry(cJSON *entry, const struct renewal *renewal, int64_t now);

/* The same for a login in Claude Code's own form (`claudeAiOauth` of .credentials.json). */
int renewal_apply_login(cJSON *login, const struct renewal *renewal);
