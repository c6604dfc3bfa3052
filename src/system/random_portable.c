#include "system/random.h"

#include <sodium.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

void random_fill(void *bytes, size_t length)
{
    if (getentropy(bytes, length) == 0)
        return;
    if (sodium_init() < 0)
        abort();
    randombytes_buf(bytes, length);
}
