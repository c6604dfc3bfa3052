/* What `explain --json` prints: docs in tcr-run(1). Each call adds its members to the object, which
 * may be NULL (no memory). */
#pragma once

#include "base/json.h"
#include "commands/run/handover.h"
#include "commands/run/private_gateway.h"

/* One item of "keys", under the survey made for this slot. */
void explain_json_key(cJSON *keys, const struct session *session, const struct slot *slot,
                      const struct candidate *candidate);

/* The client, the policy and what was taught. */
void explain_json_policy(cJSON *root, const struct session *session);

/* `why` of the gateway, or of there being none. */
void explain_json_gateway(cJSON *root, const struct private_gateway *gateway, const char *why);

void explain_json_handover(cJSON *root, const struct session *session,
                           const struct handover *handover);
