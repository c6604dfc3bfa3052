/* What the parts of `refresh` share. */
#pragma once

#include "core/pool/renewal.h"
#include "system/keys/keychange.h"
#include "system/keys/refresh.h"
#include "system/keys/rescue.h"

/* Where and as whom the provider is asked. */
struct refresh_way {
    char url[512];
    char client_id[128];
    int64_t before; /* seconds before its end that a login is renewed */
};

struct refresh_work {
    const struct refresh_wish *wish;
    struct refresh_outcome *outcome;
    struct keychange change;
    struct refresh_way way;
};

/* What is known of a login when its lock is held. */
struct refresh_known {
    int64_t ends, after, ended;
};

/* As a key's entry has it. */
struct refresh_known refresh_read_known(const cJSON *entry);

/* Whether the provider is to be asked; if not, the outcome says why. */
bool refresh_is_needed(const struct refresh_work *work, const struct refresh_known *known);

/* Renews a login in a folder of Claude Code's. Returns 0 with the outcome, -EINVAL with one
 * sentence in `error`, or another negative errno. */
int refresh_folder(struct refresh_work *work, const char *config_dir, struct buffer *error);

/* Calls `write` until it returns 0, for ten seconds: from the moment that an answer is here, only
 * what is written counts, and the disk may be full for a while. */
int refresh_write_hard(int (*write)(void *context, struct buffer *error), void *context,
                       struct buffer *error);

/* Reads it from the key file's policy and TCR_OAUTH_TOKEN_URL. 0, or -EINVAL with one sentence. */
int refresh_find_way(const struct keyring *keyring, struct refresh_way *ret_way,
                     struct buffer *error);

/* A request. `scopes` (NULL: none known) are sent only if the provider wants them; the rest may be
 * NULL: `tick` is called several times a second meanwhile, `rescue` has the answer at once. */
struct refresh_sending {
    const struct refresh_way *way;
    const char *refresh_token, *scopes;
    void (*tick)(void *context);
    void *context;
    struct rescue *rescue;
};

/* Asks. Returns 0 with *ret_renewal, which the caller ends in any case; -EINVAL with one sentence
 * in `error` if nothing could be sent; -ENOMEM. */
int refresh_post(const struct refresh_sending *sending, struct renewal *ret_renewal,
                 struct buffer *error);

/* A renewal from the question to what is on the disk. */
struct refresh_asking {
    struct refresh_work *work;
    struct refresh_sending sending; /* its `rescue` is not used */
    const char *rescue_path;
    const struct seal *seal; /* NULL: the rescue is not sealed */

    /* Writes what there is. It is called once before the question: what cannot be written is not
     * asked for. */
    int (*write)(void *context, struct buffer *error);

    /* The answer is there, and in the outcome. */
    int (*take)(void *context, const struct renewal *renewal, struct buffer *error);
    void *context;
};

/* Asks, with the answer kept beside the file until it has been taken. 0 or more, or as `write` and
 * `take` failed, or as refresh_post does. */
int refresh_ask(const struct refresh_asking *asking, struct buffer *error);

/* What an answer means for the caller; `was_killed`: a renewal with the same token, earlier. */
void refresh_tell(const struct renewal *renewal, bool was_killed,
                  struct refresh_outcome *ret_outcome);
