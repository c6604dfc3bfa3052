/* libmicrohttpd initializes GnuTLS as it is loaded, and so does GnuTLS itself, for servers that
 * speak TLS. This one does only where other machines reach it (towards the providers it is
 * libcurl's own library), and what they would make then takes a tenth of the memory of a gateway
 * that waits. The loader finds these first. */
#include "gateway/without_gnutls.h"

#include <dlfcn.h>
#include <string.h>

int gnutls_global_init(void)
{
    return 0;
}

int _gnutls_global_init_skip(void)
{
    return 1;
}

bool without_gnutls_no_more(void)
{
    int (*begin)(void);
    void *found = dlsym(RTLD_NEXT, "gnutls_global_init");
    if (!found)
        return false;
    memcpy(&begin, &found, sizeof begin);
    return begin() >= 0;
}
