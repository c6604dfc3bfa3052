#include "gateway/page_link.h"

#include "system/random.h"

#include <sodium.h>
#include <string.h>

#define CODE_MS   60000
#define COOKIE_MS ((int64_t)PAGE_LINK_SECONDS * 1000)

static void hash(const char *text, size_t length, unsigned char ret_hash[PAGE_LINK_HASH])
{
    (void)crypto_generichash(ret_hash, PAGE_LINK_HASH, (const unsigned char *)text, length, NULL,
                             0);
}

/* All are compared, in constant time: how long it takes says nothing. */
static size_t find(const struct page_pass *passes, size_t count, const char *text, size_t length,
                   int64_t now)
{
    unsigned char wanted[PAGE_LINK_HASH];
    size_t found = count;
    hash(text, length, wanted);
    for (size_t i = 0; i < count; i++)
        if (sodium_memcmp(passes[i].hash, wanted, sizeof wanted) == 0 && passes[i].until > now)
            found = i;
    return found;
}

static void make(struct page_pass *passes, size_t count, int64_t until,
                 char ret_text[PAGE_LINK_CODE])
{
    unsigned char bytes[(PAGE_LINK_CODE - 1) / 2];
    struct page_pass *pass = passes;
    for (size_t i = 1; i < count; i++)
        if (passes[i].until < pass->until)
            pass = &passes[i];
    random_fill(bytes, sizeof bytes);
    (void)sodium_bin2hex(ret_text, PAGE_LINK_CODE, bytes, sizeof bytes);
    sodium_memzero(bytes, sizeof bytes);
    hash(ret_text, PAGE_LINK_CODE - 1, pass->hash);
    pass->until = until;
}

void page_link_make(struct page_link *link, int64_t now, char ret_code[PAGE_LINK_CODE])
{
    make(link->codes, PAGE_LINK_CODES, now + CODE_MS, ret_code);
}

bool page_link_enter(struct page_link *link, const char *code, int64_t now,
                     char ret_cookie[PAGE_LINK_CODE])
{
    size_t i = find(link->codes, PAGE_LINK_CODES, code, strlen(code), now);
    if (i == PAGE_LINK_CODES)
        return false;
    link->codes[i] = (struct page_pass){0};
    make(link->cookies, PAGE_LINK_COOKIES, now + COOKIE_MS, ret_cookie);
    return true;
}

bool page_link_admits(const struct page_link *link, const char *cookie, size_t length, int64_t now)
{
    return find(link->cookies, PAGE_LINK_COOKIES, cookie, length, now) < PAGE_LINK_COOKIES;
}
