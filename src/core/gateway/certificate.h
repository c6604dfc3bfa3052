/* When a certificate ends, read from its text (PEM, RFC 7468) without a TLS library: tcr-run links
 * none. Nothing else of it is looked at, least of all whether it is to be trusted. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The end of the first certificate in the text, which is the server's own, in seconds since 1970.
 * Returns 0; -EINVAL, with *ret_end untouched, if there is none that can be read. */
int certificate_end(const char *text, size_t length, int64_t *ret_end);
