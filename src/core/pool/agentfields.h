/* "agent" of a key file's policy. */
#pragma once

#include "core/pool/fields.h"

/* Fills the keyring's agent. */
void agentfields_read(struct reader *reader, const char *place, const cJSON *item, void *target);
