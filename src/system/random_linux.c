#include "system/random.h"

#include <sodium.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/types.h>

void random_fill(void *bytes, size_t length)
{
    if (getrandom(bytes, length, 0) == (ssize_t)length)
        return;
    /* A kernel or a sandbox may lack that call: libsodium knows other ways. */
    if (sodium_init() < 0)
        abort();
    randombytes_buf(bytes, length);
}
