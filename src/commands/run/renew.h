/* Logins that a run renews: those that end soon, before an attempt; and one that the provider
 * refused, once. */
#pragma once

#include "commands/run/session.h"

#include <stdbool.h>

/* Does nothing for keys that are not renewed, or not soon. A login that could not be renewed is
 * used until it ends. Returns 0; -EINVAL with one sentence in `error` if it has ended; -EINTR. */
int renew_if_due(struct session *session, struct key *key, struct buffer *error);

/* True if the key has another token now than the one that was refused: renewed here, or by another
 * process. Once for each key. */
bool renew_after_refusal(struct session *session, struct key *key, const struct finding *finding);
