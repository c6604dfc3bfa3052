/* Where the build found no library for TLS. */
#include "system/store/tls.h"

#include "config.h"

#include <errno.h>

#ifdef TCR_STATIC
#define REASON                                                                                     \
    "this tcr-run was built without TLS; build it again with mbedTLS 2.28's archive: meson setup " \
    "-Dstatic=true -Dredis=enabled -Dredis_tls=enabled"
#else
#define REASON                                                                                     \
    "this tcr-run was built without TLS; install libssl-dev and build it again: meson setup "      \
    "-Dredis=enabled -Dredis_tls=enabled"
#endif

int tls_create(const char *host, const char *ca_file, struct tls **ret_tls, struct buffer *error)
{
    (void)host, (void)ca_file, (void)ret_tls;
    buffer_append_text(error, REASON);
    return -ENOSYS;
}

void tls_destroy(struct tls *tls)
{
    (void)tls;
}

int tls_feed(struct tls *tls, const char *bytes, size_t length)
{
    (void)tls, (void)bytes, (void)length;
    return -ENOSYS;
}

int tls_step(struct tls *tls, struct buffer *out, struct buffer *in, struct buffer *network,
             struct buffer *error)
{
    (void)tls, (void)out, (void)in, (void)network, (void)error;
    return -ENOSYS;
}
