/* The fields of a key that say where it is sent and what the command gets with it. */
#pragma once

#include "core/pool/fields.h"

/* "env": {NAME: VALUE}. */
void keytarget_read_env(struct reader *reader, const char *place, const cJSON *item, void *target);

/* "plain_http", which keytarget_read_address uses. */
void keytarget_read_plain_http(struct reader *reader, const char *place, const cJSON *item,
                               void *target);

/* "base_url" of a key whose other fields are read already: which addresses it can have depends on
 * its kind. */
void keytarget_read_address(struct reader *reader, const cJSON *object, struct key *key);
