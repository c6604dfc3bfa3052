#include "system/net/transport.h"

#include <stdlib.h>

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

int transport_find(struct transport *transport, const struct curl *curl, const struct host *host)
{
    *transport = (struct transport){
        .certificate = variable("CLAUDE_CODE_CLIENT_CERT"),
        .certificate_key = variable("CLAUDE_CODE_CLIENT_KEY"),
        .passphrase = variable("CLAUDE_CODE_CLIENT_KEY_PASSPHRASE"),
    };
    return authorities_find(&transport->authorities, curl, host);
}

bool transport_apply(struct transport *transport, const struct curl *curl, CURL *handle)
{
    CURLcode r = curl->easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    r |= curl->easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (transport->certificate)
        r |= curl->easy_setopt(handle, CURLOPT_SSLCERT, transport->certificate);
    if (transport->certificate_key)
        r |= curl->easy_setopt(handle, CURLOPT_SSLKEY, transport->certificate_key);
    if (transport->passphrase)
        r |= curl->easy_setopt(handle, CURLOPT_KEYPASSWD, transport->passphrase);
    return r == CURLE_OK && authorities_apply(&transport->authorities, curl, handle);
}

void transport_finish(struct transport *transport)
{
    authorities_finish(&transport->authorities);
}
