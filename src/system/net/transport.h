/* How this program reaches a provider, wherever it does: what a request sets up of libcurl beside
 * itself. As the defaults of libcurl have it: the proxies of the environment, certificates
 * verified, no redirects followed, no .netrc. Besides: the authorities of the environment, the
 * client certificate that Claude Code would show (CLAUDE_CODE_CLIENT_CERT, _KEY, _KEY_PASSPHRASE),
 * and no signals. */
#pragma once

#include "system/host.h"
#include "system/net/authorities.h"
#include "system/net/curl.h"

#include <stdbool.h>

struct transport {
    struct authorities authorities;
    const char *certificate, *certificate_key, *passphrase; /* the environment's; NULL: none */
};

/* Reads the environment; mistakes in it are reported through the host. The functions are those that
 * were loaded or linked. Returns 0 or -ENOMEM; ended with transport_finish either way. */
int transport_find(struct transport *transport, const struct curl *curl, const struct host *host);

/* Sets a handle up; the transport must outlive it. False if the library refuses. */
bool transport_apply(struct transport *transport, const struct curl *curl, CURL *handle);
void transport_finish(struct transport *transport);
