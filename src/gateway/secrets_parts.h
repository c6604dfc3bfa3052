/* What the parts of `secrets` share. */
#pragma once

#include "gateway/secrets.h"

struct key_secret *secrets_of(const struct roster *roster, const struct candidate *candidate);

/* Whether its login is renewed: one in the key file, or one in a folder that allows it. */
bool secrets_renews(const struct key *key);

/* When the token that is there ends, in seconds since 1970; 0 if that is not known. */
int64_t secrets_end(const struct roster *roster, const struct candidate *candidate);

/* Starts the token command, or the tcr-run that renews the login. Returns 0 or a negative errno. */
int secrets_fetch(struct gateway *gateway, struct roster *roster, struct candidate *candidate);
