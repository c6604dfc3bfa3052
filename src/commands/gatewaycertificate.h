/* The certificate with which the lasting gateway that runs meets other machines. */
#pragma once

#include "base/buffer.h"

/* Appends one sentence without a full stop if one runs, with TLS, and its certificate has ended,
 * ends soon or cannot be read. `profile`: NULL for the gateway of none. */
void gatewaycertificate_judge(const char *profile, struct buffer *text);
