#include "core/pool/identity.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define HASH_BYTES ((IDENTITY_TEXT - 1) / 2)

int identity_begin(struct identity_salt *salt, const char *text)
{
    size_t length = 0;
    int r =
        sodium_hex2bin(salt->bytes, sizeof salt->bytes, text, strlen(text), NULL, &length, NULL);
    return r < 0 || length != sizeof salt->bytes ? -EINVAL : 0;
}

/* Without sodium_init, which would only choose a faster BLAKE2b: it asks the processor what it can
 * do, and where a hypervisor answers that takes 50 us, more than hashing a hundred keys. */
void identity_with(const struct identity_salt *salt, const struct key *key,
                   char ret_identity[IDENTITY_TEXT])
{
    unsigned char hash[HASH_BYTES];
    struct buffer source = {0};
    key_identity_source(key, &source);
    crypto_generichash(hash, sizeof hash, (const unsigned char *)buffer_text(&source),
                       source.length, salt->bytes, sizeof salt->bytes);
    buffer_finish_wiping(&source);
    sodium_bin2hex(ret_identity, IDENTITY_TEXT, hash, sizeof hash);
}

int identity_of(const struct key *key, const char *salt, char ret_identity[IDENTITY_TEXT])
{
    struct identity_salt begun;
    int r = identity_begin(&begun, salt);
    if (r == 0)
        identity_with(&begun, key, ret_identity);
    return r;
}
