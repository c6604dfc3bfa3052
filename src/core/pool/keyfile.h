/* The key file: tcr-keys(5). */
#pragma once

#include "core/pool/keyring.h"

#include <stddef.h>

/* Reads the bytes of a key file. Returns 0, -EINVAL with at least one line in report->errors, or
 * -ENOMEM; on failure *ret_keyring is left empty. Token files and commands are named in the
 * keyring, not read. */
int keyfile_parse(const char *text, size_t length, struct keyring *ret_keyring,
                  struct keyring_report *report);

/* The "port" of a profile in the bytes of a key file, for a gateway that is to listen before the
 * keys are read. 0 if it names none, or if there is no such profile. */
int keyfile_gateway_port(const char *bytes, size_t length, const char *profile);
