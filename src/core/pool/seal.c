#include "core/pool/seal.h"

#include "base/cleanup.h"
#include "base/secret.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define MAGIC          "tcr-run sealed keys, version "
#define VERSION        1
#define HEADER_LONGEST 512
#define OVERHEAD       crypto_aead_xchacha20poly1305_ietf_ABYTES
#define LINE_BYTES     57 /* 76 characters of base64 */

/* A file that asks for more is not ours: it would only keep the machine busy. */
#define MOST_OPERATIONS 16
#define MOST_MEMORY     ((uint64_t)1 << 30)

_Static_assert(SEAL_SALT == crypto_pwhash_SALTBYTES, "Argon2id's salt");
_Static_assert(SEAL_NONCE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "the cipher's nonce");
_Static_assert(SEAL_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "the cipher's key");

/* Every run with a sealed file pays this, and runs are many and side by side: so the default is the
 * smaller one. */
const struct seal_limits seal_limits_default = {"interactive", crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                                crypto_pwhash_MEMLIMIT_INTERACTIVE};

const struct seal_limits *seal_limits_find(const char *name)
{
    static const struct seal_limits moderate = {"moderate", crypto_pwhash_OPSLIMIT_MODERATE,
                                                crypto_pwhash_MEMLIMIT_MODERATE};
    if (strcmp(name, seal_limits_default.name) == 0)
        return &seal_limits_default;
    return strcmp(name, moderate.name) == 0 ? &moderate : NULL;
}

void seal_finish(struct seal *seal)
{
    secret_free(seal->key);
    *seal = (struct seal){0};
}

bool seal_is_sealed(const char *bytes, size_t length)
{
    return length >= strlen(MAGIC) && memcmp(bytes, MAGIC, strlen(MAGIC)) == 0;
}

static void append_header(struct buffer *text, const struct seal *seal, const unsigned char *nonce)
{
    char salt_text[2 * SEAL_SALT + 1], nonce_text[2 * SEAL_NONCE + 1];
    sodium_bin2hex(salt_text, sizeof salt_text, seal->salt, SEAL_SALT);
    sodium_bin2hex(nonce_text, sizeof nonce_text, nonce, SEAL_NONCE);
    buffer_append_format(text, "%s%d; opened by: tcr-run keys unseal\n", MAGIC, VERSION);
    buffer_append_format(text, "argon2id operations=%llu memory=%llu salt=%s\n",
                         (unsigned long long)seal->operations, (unsigned long long)seal->memory,
                         salt_text);
    buffer_append_format(text, "xchacha20poly1305 nonce=%s\n", nonce_text);
}

/* Where the encrypted bytes begin; 0 if the header is invalid. */
static size_t parse_header(const char *bytes, size_t length, struct seal *seal,
                           unsigned char nonce[SEAL_NONCE])
{
    char head[HEADER_LONGEST + 1], salt_text[2 * SEAL_SALT + 1], nonce_text[2 * SEAL_NONCE + 1];
    unsigned long long operations, memory;
    int end = 0;
    size_t size = length < HEADER_LONGEST ? length : HEADER_LONGEST, salt_size, nonce_size;
    memcpy(head, bytes, size);
    head[size] = '\0';
    (void)sscanf(head,
                 "%*[^\n] argon2id operations=%20llu memory=%20llu salt=%32[0-9a-f] "
                 "xchacha20poly1305 nonce=%48[0-9a-f] %n",
                 &operations, &memory, salt_text, nonce_text, &end);
    if (end == 0 ||
        sodium_hex2bin(seal->salt, SEAL_SALT, salt_text, strlen(salt_text), NULL, &salt_size,
                       NULL) != 0 ||
        sodium_hex2bin(nonce, SEAL_NONCE, nonce_text, strlen(nonce_text), NULL, &nonce_size,
                       NULL) != 0 ||
        salt_size != SEAL_SALT || nonce_size != SEAL_NONCE)
        return 0;
    seal->operations = operations;
    seal->memory = memory;
    return (size_t)end;
}

int seal_read(const char *bytes, size_t length, struct seal *ret_seal, struct buffer *error)
{
    struct seal seal = {0};
    unsigned char nonce[SEAL_NONCE];
    char number[16] = "";
    int version = 0;
    if (seal_is_sealed(bytes, length)) {
        size_t rest = length - strlen(MAGIC);
        memcpy(number, bytes + strlen(MAGIC), rest < 15 ? rest : 15);
        (void)sscanf(number, "%9d", &version);
    }
    if (version > VERSION) {
        buffer_append_format(error,
                             "is sealed in version %d; this tcr-run opens up to %d: install the "
                             "newer one",
                             version, VERSION);
        return -EINVAL;
    }
    if (version != VERSION || parse_header(bytes, length, &seal, nonce) == 0) {
        buffer_append_text(error, "has a damaged seal; its first three lines are not what tcr-run "
                                  "keys seal wrote; restore it from a copy");
        return -EINVAL;
    }
    if (seal.operations < crypto_pwhash_OPSLIMIT_MIN || seal.operations > MOST_OPERATIONS ||
        seal.memory < crypto_pwhash_MEMLIMIT_MIN || seal.memory > MOST_MEMORY) {
        buffer_append_text(error, "has a damaged seal; line 2 asks for more work than tcr-run keys "
                                  "seal ever does; restore it from a copy");
        return -EINVAL;
    }
    *ret_seal = seal;
    return 0;
}

int seal_derive(struct seal *seal, const char *passphrase)
{
    char *key = sodium_init() < 0 ? NULL : secret_alloc(SEAL_KEY);
    if (!key)
        return -ENOMEM;
    if (crypto_pwhash((unsigned char *)key, SEAL_KEY, passphrase, strlen(passphrase), seal->salt,
                      seal->operations, (size_t)seal->memory, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        secret_free(key);
        return -ENOMEM;
    }
    secret_free(seal->key);
    seal->key = key;
    return 0;
}

bool seal_is_alike(const struct seal *a, const struct seal *b)
{
    return a->operations == b->operations && a->memory == b->memory &&
           memcmp(a->salt, b->salt, SEAL_SALT) == 0;
}

static int decrypt(const struct seal *seal, const unsigned char *nonce, const unsigned char *bytes,
                   size_t length, char **ret_bytes, size_t *ret_length)
{
    struct buffer header = {0};
    if (length < OVERHEAD)
        return -EINVAL;
    char *plain = secret_alloc(length - OVERHEAD + 1);
    append_header(&header, seal, nonce);
    int r = -ENOMEM;
    if (plain && !header.failed)
        r = crypto_aead_xchacha20poly1305_ietf_decrypt(
                (unsigned char *)plain, NULL, NULL, bytes, length,
                (const unsigned char *)buffer_text(&header), header.length, nonce,
                (const unsigned char *)seal->key) == 0
                ? 0
                : -EBADMSG;
    buffer_finish(&header);
    if (r < 0) {
        secret_free(plain);
        return r;
    }
    plain[length - OVERHEAD] = '\0';
    *ret_bytes = plain;
    *ret_length = length - OVERHEAD;
    return 0;
}

int seal_open(const struct seal *seal, const char *text, size_t length, char **ret_bytes,
              size_t *ret_length)
{
    struct seal header = {0};
    unsigned char nonce[SEAL_NONCE];
    size_t begin = parse_header(text, length, &header, nonce), size = 0;
    if (begin == 0 || !seal_is_alike(seal, &header))
        return -EINVAL;
    CLEANUP_FREE unsigned char *bytes = malloc(length);
    if (!bytes)
        return -ENOMEM;
    /* White space is nothing: a checkout may have changed the line ends. */
    if (sodium_base642bin(bytes, length, text + begin, length - begin, " \t\r\n", &size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return -EINVAL;
    return decrypt(seal, nonce, bytes, size, ret_bytes, ret_length);
}

static void append_base64(struct buffer *text, const unsigned char *bytes, size_t length)
{
    char line[sodium_base64_ENCODED_LEN(LINE_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    for (size_t i = 0; i < length; i += LINE_BYTES) {
        size_t size = length - i < LINE_BYTES ? length - i : LINE_BYTES;
        sodium_bin2base64(line, sizeof line, bytes + i, size, sodium_base64_VARIANT_ORIGINAL);
        buffer_append_text(text, line);
        buffer_append_char(text, '\n');
    }
}

int seal_close(const struct seal *seal, const unsigned char nonce[SEAL_NONCE], const char *bytes,
               size_t length, struct buffer *text)
{
    struct buffer header = {0};
    CLEANUP_FREE unsigned char *sealed = malloc(length + OVERHEAD);
    append_header(&header, seal, nonce);
    bool fine = sealed && !header.failed;
    if (fine) {
        (void)crypto_aead_xchacha20poly1305_ietf_encrypt(
            sealed, NULL, (const unsigned char *)bytes, length,
            (const unsigned char *)buffer_text(&header), header.length, NULL, nonce,
            (const unsigned char *)seal->key);
        buffer_append(text, buffer_text(&header), header.length);
        append_base64(text, sealed, length + OVERHEAD);
    }
    buffer_finish(&header);
    return fine && !text->failed ? 0 : -ENOMEM;
}
