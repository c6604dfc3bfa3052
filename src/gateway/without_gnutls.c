/* libmicrohttpd initializes GnuTLS when it is loaded, and so does GnuTLS itself, for servers that
 * speak TLS. This server speaks it only where other machines can reach it. (Towards the providers,
 * libcurl uses its own TLS library.) Without the initialization, a waiting gateway needs a tenth
 * less memory. The loader finds these functions first. */
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
