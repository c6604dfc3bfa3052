/* Whose certificates are believed, where the environment says so. curl's program reads these
 * variables, its library does not. */
#pragma once

#include "base/buffer.h"
#include "system/host.h"
#include "system/net/curl.h"

#include <stdbool.h>

struct authorities {
    const char *file, *folder; /* NULL: the library's own */
    struct buffer bundle;      /* with NODE_EXTRA_CA_CERTS: `file` and those; else empty */
};

/* CURL_CA_BUNDLE, else SSL_CERT_FILE and SSL_CERT_DIR; and, because a client that runs on Node
 * believes them too, the certificates in NODE_EXTRA_CA_CERTS besides; of those, a file that cannot
 * be read is reported and left out. Returns 0 or -ENOMEM. */
int authorities_find(struct authorities *authorities, const struct curl *curl,
                     const struct host *host);

/* False if the library refuses. The authorities must outlive the handle. */
bool authorities_apply(struct authorities *authorities, const struct curl *curl, CURL *handle);
void authorities_finish(struct authorities *authorities);
