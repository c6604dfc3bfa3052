#include "watch.h"

#include "base/secret.h"
#include "support.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void __real_free(void *pointer);
void __wrap_free(void *pointer);

static int blocks_with_a_secret;

void __wrap_free(void *pointer)
{
    size_t size = pointer ? malloc_usable_size(pointer) : 0;
    if (size && memmem(pointer, size, SECRET_WORD, strlen(SECRET_WORD)))
        blocks_with_a_secret++;
    /* A block is larger than what was asked for: the next owner must not be blamed for the rest. */
    if (size)
        secret_wipe(pointer, size);
    __real_free(pointer);
}

void watch_expect_none(const char *step)
{
    if (blocks_with_a_secret > 0)
        fail_msg("%s: %d blocks were given back with a token in them", step, blocks_with_a_secret);
}

void watch_sees(void **state)
{
    (void)state;
    /* Volatile, or a compiler may leave out both. */
    char *volatile copy = strdup("a token: " OAUTH_1);
    free(copy);
    assert_int_equal(blocks_with_a_secret, 1);
    blocks_with_a_secret = 0;
}
