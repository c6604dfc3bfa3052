/* libmicrohttpd initializes GnuTLS as it is loaded, and so does GnuTLS itself, for servers that
 * speak TLS. This one never does (towards the providers it is libcurl's own library), and what they
 * would make then takes a tenth of the memory of a gateway that waits. The loader finds these
 * first. */
#include "gateway/without_gnutls.h"

int gnutls_global_init(void)
{
    return 0;
}

int _gnutls_global_init_skip(void)
{
    return 1;
}
