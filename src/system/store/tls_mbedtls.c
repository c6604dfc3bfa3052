/* Linked in, mbedTLS 2.28 is there already: it is the TLS of the curl in such a program. It has
 * nothing newer than TLS 1.2. */
#include "system/store/tls.h"

#include "system/net/authorityfile.h"
#include "system/random.h"

#include <arpa/inet.h>
#include <errno.h>
#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK       16384
#define RANDOM_MOST 256

struct tls {
    mbedtls_ssl_config config;
    mbedtls_ssl_context session;
    mbedtls_x509_crt trusted;
    struct buffer incoming, outgoing; /* encrypted */
    unsigned char address[sizeof(struct in6_addr)];
    size_t address_length; /* 0: the host is a name */
};

static int get_random(void *unused, unsigned char *bytes, size_t length)
{
    (void)unused;
    for (size_t n; length > 0; bytes += n, length -= n) {
        n = length < RANDOM_MOST ? length : RANDOM_MOST;
        random_fill(bytes, n);
    }
    return 0;
}

static int send_bytes(void *data, const unsigned char *bytes, size_t length)
{
    struct tls *tls = data;
    buffer_append(&tls->outgoing, bytes, length);
    return tls->outgoing.failed ? MBEDTLS_ERR_SSL_ALLOC_FAILED : (int)length;
}

static int receive_bytes(void *data, unsigned char *bytes, size_t room)
{
    struct tls *tls = data;
    size_t n = tls->incoming.length < room ? tls->incoming.length : room;
    if (n == 0)
        return MBEDTLS_ERR_SSL_WANT_READ;
    memcpy(bytes, tls->incoming.data, n);
    buffer_drop_front(&tls->incoming, n);
    return (int)n;
}

/* mbedTLS compares names alone: of the addresses that the server's own certificate is for, one has
 * to be ours. */
static int expect_address(void *data, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    const struct tls *tls = data;
    const mbedtls_x509_sequence *name = depth == 0 ? &certificate->subject_alt_names : NULL;
    for (; name; name = name->next)
        if ((name->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) == MBEDTLS_X509_SAN_IP_ADDRESS &&
            name->buf.len == tls->address_length &&
            memcmp(name->buf.p, tls->address, tls->address_length) == 0)
            return 0;
    if (depth == 0)
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    return 0;
}

static int expect_host(struct tls *tls, const char *host)
{
    if (inet_pton(AF_INET, host, tls->address) == 1)
        tls->address_length = sizeof(struct in_addr);
    else if (inet_pton(AF_INET6, host, tls->address) == 1)
        tls->address_length = sizeof(struct in6_addr);
    else
        return mbedtls_ssl_set_hostname(&tls->session, host);
    mbedtls_ssl_conf_verify(&tls->config, expect_address, tls);
    return mbedtls_ssl_set_hostname(&tls->session, NULL);
}

/* Of the system's some may be of a kind that mbedTLS does not know: those are left out. */
static int trust(struct tls *tls, const char *ca_file, struct buffer *error)
{
    const char *folder = getenv("SSL_CERT_DIR"), *file = getenv("SSL_CERT_FILE");
    if (ca_file && mbedtls_x509_crt_parse_file(&tls->trusted, ca_file) < 0) {
        buffer_append_format(error, "TLS: TCR_REDIS_CA_FILE %s cannot be read as certificates",
                             ca_file);
        return -EPROTO;
    }
    if (ca_file)
        return 0;
    if (!file || !*file)
        file = authorityfile_find();
    if (file)
        (void)mbedtls_x509_crt_parse_file(&tls->trusted, file);
    if (folder && *folder)
        (void)mbedtls_x509_crt_parse_path(&tls->trusted, folder);
    if (tls->trusted.version != 0)
        return 0;
    buffer_append_text(error, "TLS: this system has no certificates of authorities; name a file of "
                              "them in TCR_REDIS_CA_FILE");
    return -EPROTO;
}

static int set_up(struct tls *tls, const char *host)
{
    int n = mbedtls_ssl_config_defaults(&tls->config, MBEDTLS_SSL_IS_CLIENT,
                                        MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    if (n != 0)
        return n;
    mbedtls_ssl_conf_authmode(&tls->config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_min_version(&tls->config, MBEDTLS_SSL_MAJOR_VERSION_3,
                                 MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_ca_chain(&tls->config, &tls->trusted, NULL);
    mbedtls_ssl_conf_rng(&tls->config, get_random, NULL);
    n = mbedtls_ssl_setup(&tls->session, &tls->config);
    mbedtls_ssl_set_bio(&tls->session, tls, send_bytes, receive_bytes, NULL);
    return n == 0 ? expect_host(tls, host) : n;
}

int tls_create(const char *host, const char *ca_file, struct tls **ret_tls, struct buffer *error)
{
    struct tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return -ENOMEM;
    mbedtls_ssl_config_init(&tls->config);
    mbedtls_ssl_init(&tls->session);
    mbedtls_x509_crt_init(&tls->trusted);
    int r = trust(tls, ca_file, error);
    if (r == 0 && set_up(tls, host) != 0)
        r = -ENOMEM; /* nothing else fails there */
    if (r < 0)
        tls_destroy(tls);
    else
        *ret_tls = tls;
    return r;
}

void tls_destroy(struct tls *tls)
{
    if (!tls)
        return;
    mbedtls_ssl_free(&tls->session);
    mbedtls_ssl_config_free(&tls->config);
    mbedtls_x509_crt_free(&tls->trusted);
    buffer_finish(&tls->incoming);
    buffer_finish(&tls->outgoing);
    free(tls);
}

int tls_feed(struct tls *tls, const char *bytes, size_t length)
{
    buffer_append(&tls->incoming, bytes, length);
    return tls->incoming.failed ? -ENOMEM : 0;
}

static const char *why_refused(uint32_t flags)
{
    static const struct {
        uint32_t flag;
        const char *text;
    } reasons[] = {{MBEDTLS_X509_BADCERT_CN_MISMATCH, "it is for another host"},
                   {MBEDTLS_X509_BADCERT_EXPIRED, "it has expired"},
                   {MBEDTLS_X509_BADCERT_FUTURE, "it is not valid yet"},
                   {MBEDTLS_X509_BADCERT_NOT_TRUSTED, "no trusted authority has signed it"}};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (flags & reasons[i].flag)
            return reasons[i].text;
    return "its key or its signature is too weak";
}

static bool is_about_version(const struct tls *tls, int result)
{
    return result == MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION ||
           (result == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE &&
            tls->session.in_msg[1] == MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION);
}

/* Why a call gave no bytes: 0 if it only needs more from the network. */
static int judge(struct tls *tls, int result, struct buffer *error)
{
    char text[200];
    if (result >= 0 || result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE)
        return 0;
    if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        return -ECONNRESET;
    if (result == MBEDTLS_ERR_SSL_ALLOC_FAILED)
        return -ENOMEM;
    if (result == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) {
        buffer_append_format(error, "TLS: the server's certificate is refused: %s",
                             why_refused(mbedtls_ssl_get_verify_result(&tls->session)));
    } else if (is_about_version(tls, result)) {
        buffer_append_text(error, "TLS: unsupported protocol version: this tcr-run speaks TLS 1.2, "
                                  "which the server has to allow");
    } else {
        mbedtls_strerror(result, text, sizeof text);
        buffer_append_format(error, "TLS: %s", text);
    }
    return -EPROTO;
}

static int encrypt(struct tls *tls, struct buffer *out)
{
    size_t done = 0;
    int n = 0;
    while (done < out->length && n >= 0) {
        n = mbedtls_ssl_write(&tls->session, (const unsigned char *)out->data + done,
                              out->length - done);
        done += n > 0 ? (size_t)n : 0;
    }
    if (done == out->length)
        buffer_finish_wiping(out); /* it may have held a password */
    else
        buffer_drop_front(out, done);
    return n;
}

static int decrypt(struct tls *tls, struct buffer *in)
{
    unsigned char chunk[CHUNK];
    int n;
    while ((n = mbedtls_ssl_read(&tls->session, chunk, sizeof chunk)) > 0)
        buffer_append(in, chunk, (size_t)n);
    return n;
}

int tls_step(struct tls *tls, struct buffer *out, struct buffer *in, struct buffer *network,
             struct buffer *error)
{
    int n = mbedtls_ssl_handshake(&tls->session); /* also tells that it was done before */
    if (n == 0)
        n = encrypt(tls, out);
    if (n >= 0)
        n = decrypt(tls, in);
    buffer_append(network, tls->outgoing.data, tls->outgoing.length);
    buffer_clear(&tls->outgoing);
    return judge(tls, n, error);
}
