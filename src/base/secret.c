#include "base/secret.h"

#include <ctype.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0 /* FreeBSD reserves nothing */
#endif

/* Blocks of one page each, mapped a few at a time between two pages that nothing may touch: a
 * launch needs two, and each mapping costs four system calls. sodium_malloc would do the same with
 * six for each block, after a sodium_init that costs more than all of them (identity.c). */
#define BLOCK_SIZE 4096
#define TOGETHER   2

/* Blocks given back, wiped, for the next who asks; each begins with the address of the next. Each
 * thread has its own: the gateway's thread for a server reads a password, while others read keys.
 */
static _Thread_local char *spares __attribute__((tls_model("initial-exec")));

static size_t page_size(void)
{
    static size_t size;
    if (size == 0)
        size = (size_t)sysconf(_SC_PAGESIZE);
    return size;
}

static size_t whole_pages(size_t size)
{
    return (size + page_size() - 1) / page_size() * page_size();
}

/* Locked, left out of core dumps, with a guard on either side. Locking is best effort. */
static char *map(size_t size)
{
    const size_t guard = page_size();
    if (size > SIZE_MAX / 2)
        return NULL;
    size = whole_pages(size);
    char *region =
        mmap(NULL, size + 2 * guard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED)
        return NULL;
    if (mprotect(region + guard, size, PROT_READ | PROT_WRITE) < 0) {
        (void)munmap(region, size + 2 * guard);
        return NULL;
    }
    (void)sodium_mlock(region + guard, size);
    return region + guard;
}

static void unmap(char *bytes, size_t size)
{
    const size_t guard = page_size();
    (void)sodium_munlock(bytes, size); /* wipes */
    (void)munmap(bytes - guard, whole_pages(size) + 2 * guard);
}

static void keep_block(char *bytes)
{
    memcpy(bytes, &spares, sizeof spares);
    spares = bytes;
}

static char *take_block(size_t size)
{
    if (size > BLOCK_SIZE)
        return map(size);
    if (!spares) {
        char *blocks = map((size_t)TOGETHER * BLOCK_SIZE);
        for (size_t i = 0; blocks && i < TOGETHER; i++)
            keep_block(blocks + i * BLOCK_SIZE);
    }
    char *bytes = spares;
    if (bytes) {
        memcpy(&spares, bytes, sizeof spares);
        sodium_memzero(bytes, sizeof spares);
    }
    return bytes;
}

/* `used`: how much of it was written to; the rest is as it was mapped. */
static void give_block(char *bytes, size_t size, size_t used)
{
    if (!bytes)
        return;
    if (size > BLOCK_SIZE) {
        unmap(bytes, size);
        return;
    }
    sodium_memzero(bytes, used);
    keep_block(bytes);
}

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
        give_block(block->bytes, block->size, block->used);
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
    block->bytes = take_block(block->size);
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

/* The size stands before the bytes, for secret_free. */
#define HEADER 16

char *secret_alloc(size_t size)
{
    if (size > SIZE_MAX - HEADER)
        return NULL;
    size += HEADER;
    char *block = take_block(size);
    if (!block)
        return NULL;
    memcpy(block, &size, sizeof size);
    return block + HEADER;
}

void secret_free(char *bytes)
{
    size_t size;
    if (!bytes)
        return;
    memcpy(&size, bytes - HEADER, sizeof size);
    give_block(bytes - HEADER, size, size);
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

static bool is_token_character(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* Beginnings of tokens, the longer of two first. One that ordinary words begin with as well counts
 * only at the beginning of a word, with much more after it. A word about tokens in general, such as
 * sk-ant-oat, is no longer than what stands for it. */
static const struct form {
    const char *beginning;
    size_t shortest; /* of what follows */
    bool begins_word;
} forms[] = {{"sk-ant-", 13, false},
             {"sk-proj-", 13, false},
             {"sk-svcacct-", 13, false},
             {"sk-", 32, true},
             {"key_", 32, true}};

static size_t token_length(const char *text, size_t length)
{
    size_t end = 0;
    while (end < length && is_token_character(text[end]))
        end++;
    return end;
}

/* The form of the token that stands at `at`, with its length; NULL if none does. */
static const struct form *token_at(const char *text, size_t at, size_t length, size_t *ret_token)
{
    bool inside_word = at > 0 && text[at - 1] != '-' && is_token_character(text[at - 1]);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        size_t start = strlen(forms[i].beginning);
        if (length - at <= start || memcmp(text + at, forms[i].beginning, start) != 0 ||
            (forms[i].begins_word && inside_word))
            continue;
        *ret_token = token_length(text + at, length - at);
        if (*ret_token - start >= forms[i].shortest)
            return &forms[i];
    }
    return NULL;
}

size_t secret_mask(char *text, size_t length)
{
    static const char instead[] = "...";
    size_t to = 0;
    for (size_t from = 0, token; from < length; from += token) {
        const struct form *form = token_at(text, from, length, &token);
        size_t shown = form ? strlen(form->beginning) : 1;
        token = form ? token : 1;
        memmove(text + to, text + from, shown);
        to += shown;
        if (!form)
            continue;
        memcpy(text + to, instead, sizeof instead - 1);
        to += sizeof instead - 1;
    }
    return to;
}

void secret_wipe(void *bytes, size_t length)
{
    sodium_memzero(bytes, length);
}
