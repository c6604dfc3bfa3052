#include "system/net/authorityfile.h"

#include "config.h"

#include <stddef.h>
#include <unistd.h>

const char *authorityfile_find(void)
{
#ifdef TCR_STATIC
    /* Of Debian, Arch and Alpine; of Fedora; of macOS; of SUSE. */
    static const char *const places[] = {"/etc/ssl/certs/ca-certificates.crt",
                                         "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
                                         "/etc/ssl/ca-bundle.pem"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (access(places[i], R_OK) == 0)
            return places[i];
#endif
    return NULL;
}

bool authorityfile_is_missing(void)
{
#ifdef TCR_STATIC
    return authorityfile_find() == NULL;
#else
    return false;
#endif
}
