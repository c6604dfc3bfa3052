/* Ways into the page: codes, each good once and for a minute, and the cookies that browsers get for
 * them. Both are kept as hashes, in memory alone: they end with the gateway. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_LINK_CODE    41 /* 40 hexadecimal digits, and NUL */
#define PAGE_LINK_HASH    32
#define PAGE_LINK_COOKIES 16
#define PAGE_LINK_CODES   4
#define PAGE_LINK_SECONDS 43200 /* that a cookie is good for */

struct page_pass {
    unsigned char hash[PAGE_LINK_HASH];
    int64_t until; /* clock_now_ms; 0: there is none */
};

struct page_link {
    struct page_pass codes[PAGE_LINK_CODES], cookies[PAGE_LINK_COOKIES];
};

/* Makes a code; the one that ends first gives way if there are too many. */
void page_link_make(struct page_link *link, int64_t now, char ret_code[PAGE_LINK_CODE]);

/* Gives a new cookie for a code, which is used up by that; false if the code is not good. */
bool page_link_enter(struct page_link *link, const char *code, int64_t now,
                     char ret_cookie[PAGE_LINK_CODE]);

/* Whether this is a cookie that was given. */
bool page_link_admits(const struct page_link *link, const char *cookie, size_t length, int64_t now);
