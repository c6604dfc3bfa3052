/* Secrets that are not in the key file, or change. A token command runs while the loop goes on. A
 * tcr-run started for the purpose renews a login before it ends, in the background while the old
 * token lasts. A login in a folder is also read again when the client has renewed it. */
#pragma once

#include "gateway/loop.h"
#include "gateway/roster.h"
#include "gateway/timers.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct gateway;

enum secret_state {
    SECRET_THERE,
    SECRET_COMES, /* exchanges in CHOOSING are marked once it is there, or has failed */
    SECRET_LACKS, /* it could not be fetched a short while ago */
};

/* Makes sure that the key has its secret, or starts to fetch it. */
enum secret_state secrets_want(struct gateway *gateway, struct roster *roster,
                               struct candidate *candidate);

/* Whether the key has its secret, or could have it soon; starts nothing. */
bool secrets_may_have(const struct roster *roster, const struct candidate *candidate);

/* The provider refused the secret, which may be outdated. True if a new one is being fetched. */
bool secrets_renew(struct gateway *gateway, struct roster *roster, struct candidate *candidate);

/* Begins to renew the logins that end soon, whether or not they are in use, and sets the timer for
 * the next look. */
void secrets_look_ahead(struct gateway *gateway);

/* A child process has ended. */
void secrets_reap(struct gateway *gateway);

/* Ends all token commands. */
void secrets_stop(struct gateway *gateway);
