#include "system/store/tls.h"

#include "config.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>

#define CHUNK 16384

/* What is used from OpenSSL, by name: macros of its headers are written out. */
#define FUNCTIONS(X)                                                                               \
    X(BIO_ctrl)                                                                                    \
    X(BIO_new)                                                                                     \
    X(BIO_read)                                                                                    \
    X(BIO_s_mem)                                                                                   \
    X(BIO_write)                                                                                   \
    X(ERR_clear_error)                                                                             \
    X(ERR_get_error)                                                                               \
    X(ERR_reason_error_string)                                                                     \
    X(SSL_CTX_ctrl)                                                                                \
    X(SSL_CTX_free)                                                                                \
    X(SSL_CTX_load_verify_locations)                                                               \
    X(SSL_CTX_new)                                                                                 \
    X(SSL_CTX_set_default_verify_paths)                                                            \
    X(SSL_CTX_set_verify)                                                                          \
    X(SSL_ctrl)                                                                                    \
    X(SSL_do_handshake)                                                                            \
    X(SSL_free)                                                                                    \
    X(SSL_get0_param)                                                                              \
    X(SSL_get_error)                                                                               \
    X(SSL_get_verify_result)                                                                       \
    X(SSL_is_init_finished)                                                                        \
    X(SSL_new)                                                                                     \
    X(SSL_read)                                                                                    \
    X(SSL_set1_host)                                                                               \
    X(SSL_set_bio)                                                                                 \
    X(SSL_set_connect_state)                                                                       \
    X(SSL_write)                                                                                   \
    X(TLS_client_method)                                                                           \
    X(X509_VERIFY_PARAM_set1_ip_asc)                                                               \
    X(X509_verify_cert_error_string)

static struct openssl {
    void *library;
#define MEMBER(name) __typeof__(name) *name;
    FUNCTIONS(MEMBER)
#undef MEMBER
} lib;

struct tls {
    SSL_CTX *context;
    SSL *session;
    BIO *incoming, *outgoing; /* owned by the session */
};

/* The version whose headers this was built with: another version may differ. Homebrew has it in a
 * folder that is not looked through. */
#ifdef TCR_LIBSSL
#define LIBRARY TCR_LIBSSL
#else
#define LIBRARY (OPENSSL_VERSION_NUMBER >= 0x30000000L ? "libssl.so.3" : "libssl.so.1.1")
#endif

static int load(struct buffer *error)
{
    void *library = lib.library ? lib.library : dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    bool complete = library != NULL;
#define FIND(name) complete = complete && (*(void **)&lib.name = dlsym(library, #name));
    FUNCTIONS(FIND)
#undef FIND
    if (!complete) {
        buffer_append_format(error, "TLS needs OpenSSL, and %s cannot be loaded", LIBRARY);
        return -ENOSYS;
    }
    lib.library = library;
    return 0;
}

static int fail(struct buffer *error, const char *what)
{
    const char *reason = lib.ERR_reason_error_string(lib.ERR_get_error());
    buffer_append_format(error, "TLS: %s%s%s", what, reason ? ": " : "", reason ? reason : "");
    return -EPROTO;
}

static bool is_address(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static bool expect_host(SSL *session, const char *host)
{
    if (is_address(host))
        return lib.X509_VERIFY_PARAM_set1_ip_asc(lib.SSL_get0_param(session), host) == 1;
    return lib.SSL_set1_host(session, host) == 1 &&
           lib.SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                        (void *)host) == 1;
}

static int make_context(struct tls *tls, const char *ca_file, struct buffer *error)
{
    tls->context = lib.SSL_CTX_new(lib.TLS_client_method());
    if (!tls->context ||
        lib.SSL_CTX_ctrl(tls->context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL) != 1)
        return fail(error, "cannot be set up");
    if (ca_file && lib.SSL_CTX_load_verify_locations(tls->context, ca_file, NULL) != 1) {
        buffer_append_format(error, "TLS: TCR_REDIS_CA_FILE %s cannot be read as certificates",
                             ca_file);
        return -EPROTO;
    }
    if (!ca_file && lib.SSL_CTX_set_default_verify_paths(tls->context) != 1)
        return fail(error, "the system's certificates cannot be read");
    lib.SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
    /* The bytes to write may grow, and so move, before they can be written. */
    (void)lib.SSL_CTX_ctrl(tls->context, SSL_CTRL_MODE,
                           SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER,
                           NULL);
    return 0;
}

static int make_session(struct tls *tls, const char *host, struct buffer *error)
{
    tls->session = lib.SSL_new(tls->context);
    tls->incoming = lib.BIO_new(lib.BIO_s_mem());
    tls->outgoing = lib.BIO_new(lib.BIO_s_mem());
    if (!tls->session || !tls->incoming || !tls->outgoing || !expect_host(tls->session, host))
        return fail(error, "cannot be set up");
    lib.SSL_set_bio(tls->session, tls->incoming, tls->outgoing);
    lib.SSL_set_connect_state(tls->session);
    return 0;
}

int tls_create(const char *host, const char *ca_file, struct tls **ret_tls, struct buffer *error)
{
    int r = load(error);
    if (r < 0)
        return r;
    struct tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return -ENOMEM;
    lib.ERR_clear_error();
    r = make_context(tls, ca_file, error);
    if (r == 0)
        r = make_session(tls, host, error);
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
    if (tls->session)
        lib.SSL_free(tls->session); /* this also frees the BIOs that it was given */
    if (tls->context)
        lib.SSL_CTX_free(tls->context);
    free(tls);
}

int tls_feed(struct tls *tls, const char *bytes, size_t length)
{
    return lib.BIO_write(tls->incoming, bytes, (int)length) == (int)length ? 0 : -ENOMEM;
}

/* Why a call on the session gave no bytes: 0 if it only needs more from the network. */
static int judge(struct tls *tls, int result, struct buffer *error)
{
    int kind = lib.SSL_get_error(tls->session, result);
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE)
        return 0;
    if (kind == SSL_ERROR_ZERO_RETURN)
        return -ECONNRESET;
    long verdict = lib.SSL_get_verify_result(tls->session);
    if (verdict == X509_V_OK)
        return fail(error, "the server ended it");
    buffer_append_format(error, "TLS: the server's certificate is refused: %s",
                         lib.X509_verify_cert_error_string(verdict));
    return -EPROTO;
}

static int encrypt(struct tls *tls, struct buffer *out, struct buffer *error)
{
    size_t done = 0;
    int n = 1;
    while (done < out->length && n > 0) {
        size_t left = out->length - done;
        n = lib.SSL_write(tls->session, out->data + done, left < CHUNK ? (int)left : CHUNK);
        done += n > 0 ? (size_t)n : 0;
    }
    if (done == out->length)
        buffer_finish_wiping(out); /* it may have held a password */
    else
        buffer_drop_front(out, done);
    return n > 0 ? 0 : judge(tls, n, error);
}

static int decrypt(struct tls *tls, struct buffer *in, struct buffer *error)
{
    char chunk[CHUNK];
    int n;
    while ((n = lib.SSL_read(tls->session, chunk, sizeof chunk)) > 0)
        buffer_append(in, chunk, (size_t)n);
    return judge(tls, n, error);
}

static void collect(struct tls *tls, struct buffer *network)
{
    char chunk[CHUNK];
    int n;
    while ((n = lib.BIO_read(tls->outgoing, chunk, sizeof chunk)) > 0)
        buffer_append(network, chunk, (size_t)n);
}

int tls_step(struct tls *tls, struct buffer *out, struct buffer *in, struct buffer *network,
             struct buffer *error)
{
    int r = 0;
    lib.ERR_clear_error();
    if (!lib.SSL_is_init_finished(tls->session)) {
        int n = lib.SSL_do_handshake(tls->session);
        r = n == 1 ? 0 : judge(tls, n, error);
    }
    if (r == 0 && lib.SSL_is_init_finished(tls->session)) {
        r = encrypt(tls, out, error);
        if (r == 0)
            r = decrypt(tls, in, error);
    }
    collect(tls, network);
    return r;
}
