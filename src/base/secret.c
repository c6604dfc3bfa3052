#include "base/secret.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each block costs three guard pages, so many small secrets share one. */
#define BLOCK_SIZE 4096

struct block {
    struct block *next;
    char *bytes;
    size_t used, size;
};

struct secret_store {
    struct block *blocks;
};

struct secret_store *secret_store_create(void)
{
    return calloc(1, sizeof(struct secret_store));
}

void secret_store_destroy(struct secret_store *store)
{
    if (!store)
        return;
    for (struct block *block = store->blocks, *next; block; block = next) {
        next = block->next;
        sodium_free(block->bytes);
        free(block);
    }
    free(store);
}

static struct block *block_create(struct secret_store *store, size_t needed)
{
    struct block *block = calloc(1, sizeof *block);
    if (!block)
        return NULL;
    size_t doubled = store->blocks ? store->blocks->size * 2 : BLOCK_SIZE;
    block->size = needed > doubled ? needed : doubled;
    block->bytes = sodium_malloc(block->size);
    if (!block->bytes) {
        free(block);
        return NULL;
    }
    block->next = store->blocks;
    store->blocks = block;
    return block;
}

const char *secret_store_add(struct secret_store *store, const char *bytes, size_t length)
{
    struct block *block = store->blocks;
    if (!block || block->size - block->used < length + 1)
        block = block_create(store, length + 1);
    if (!block)
        return NULL;
    char *copy = block->bytes + block->used;
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    block->used += length + 1;
    return copy;
}

char *secret_alloc(size_t size)
{
    return sodium_malloc(size);
}

void secret_free(char *bytes)
{
    sodium_free(bytes);
}

void secret_redact(const char *token, char ret_text[SECRET_REDACTED])
{
    size_t length = strlen(token), shown = 0;
    /* The prefix up to the last dash that is followed by enough to hide: kind and version. */
    for (size_t i = 0; i < length && i < 16; i++) {
        if (!isalnum((unsigned char)token[i]) && token[i] != '-' && token[i] != '_')
            break;
        if (token[i] == '-' && i + 1 + 12 <= length)
            shown = i + 1;
    }
    if (length < 16)
        snprintf(ret_text, SECRET_REDACTED, "…");
    else
        snprintf(ret_text, SECRET_REDACTED, "%.*s…%s", (int)shown, token, token + length - 4);
}

void secret_wipe(void *bytes, size_t length)
{
    sodium_memzero(bytes, length);
}
