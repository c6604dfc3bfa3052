#include "core/identity.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define HASH_BYTES ((IDENTITY_TEXT - 1) / 2)
#define SALT_BYTES ((IDENTITY_SALT - 1) / 2)

/* Without sodium_init, which would only choose a faster BLAKE2b: it asks the processor what it can
 * do, and where a hypervisor answers that takes 50 us, more than hashing a hundred keys. */
int identity_of(const struct key *key, const char *salt, char ret_identity[IDENTITY_TEXT])
{
    unsigned char binary_salt[SALT_BYTES], hash[HASH_BYTES];
    size_t length = 0;
    if (sodium_hex2bin(binary_salt, sizeof binary_salt, salt, strlen(salt), NULL, &length, NULL) <
            0 ||
        length != SALT_BYTES)
        return -EINVAL;
    struct buffer source = {0};
    key_identity_source(key, &source);
    crypto_generichash(hash, sizeof hash, (const unsigned char *)buffer_text(&source),
                       source.length, binary_salt, sizeof binary_salt);
    buffer_finish_wiping(&source);
    sodium_bin2hex(ret_identity, IDENTITY_TEXT, hash, sizeof hash);
    return 0;
}
