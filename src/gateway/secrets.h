/* Secrets that are not in the key file: a token command is started and its output awaited in the
 * loop, a login is read anew when the client has renewed it. */
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
    SECRET_COMES, /* exchanges that choose are marked when it is there, or known not to come */
    SECRET_LACKS, /* it could not be got a short while ago */
};

/* Sees to it that the key has its secret, if it can have one. */
enum secret_state secrets_want(struct gateway *gateway, struct roster *roster,
                               struct candidate *candidate);

/* What is known without doing anything: whether the key could be sent now or soon. */
bool secrets_may_have(const struct roster *roster, const struct candidate *candidate);

/* The provider refuses the secret, which may be out of date: true if another one is being got. */
bool secrets_renew(struct gateway *gateway, struct roster *roster, struct candidate *candidate);

/* A child of ours has ended. */
void secrets_reap(struct gateway *gateway);

/* No command runs any more. */
void secrets_stop(struct gateway *gateway);
