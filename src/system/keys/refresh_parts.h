/* What the parts of `refresh` share. */
#pragma once

#include "core/pool/renewal.h"
#include "system/keys/refresh.h"

/* Where and as whom the provider is asked. */
struct refresh_way {
    char url[512];
    char client_id[128];
    int64_t before; /* seconds before its end that a login is renewed */
};

/* Reads it from the key file's policy and TCR_OAUTH_TOKEN_URL. 0, or -EINVAL with one sentence. */
int refresh_find_way(const struct keyring *keyring, struct refresh_way *ret_way,
                     struct buffer *error);

/* Asks; `scopes` (NULL: none known) are told only if the provider wants them. `tick` (may be NULL)
 * is called several times a second meanwhile. Returns 0 with *ret_renewal, which the caller ends in
 * any case; -EINVAL with one sentence in `error` if nothing could be sent; -ENOMEM. */
int refresh_post(const struct refresh_way *way, const char *refresh_token, const char *scopes,
                 void (*tick)(void *context), void *context, struct renewal *ret_renewal,
                 struct buffer *error);

/* What an answer means for the caller. */
void refresh_tell(const struct renewal *renewal, struct refresh_outcome *ret_outcome);
