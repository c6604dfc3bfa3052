/* The page on which the owner sees and steers a lasting gateway: `/` and what stands below /page
 * (docs/gateway.md). Its files are in the program; what it shows and changes is for browsers that
 * came in by `tcr-run gateway open`. */
#pragma once

#include "base/buffer.h"
#include "core/gateway/guard.h"
#include "core/gateway/pageroute.h"
#include "gateway/page_events.h"
#include "gateway/page_link.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exchange;
struct gateway;

#define PAGE_ADDRESSES    16
#define PAGE_BODY_LARGEST ((size_t)64 << 10)

struct page {
    struct page_link link;
    struct page_events events;
    int64_t started;                       /* seconds since 1970 */
    const char *addresses[PAGE_ADDRESSES]; /* that it listens on; borrowed */
    size_t address_count;
    const char *own; /* of these, the one that `open` leads to; NULL: there is none */
};

/* The headers of data for the page. */
#define PAGE_DATA_HEAD PAGE_SAFE_HEAD "cache-control: no-store\n"
#define PAGE_SAFE_HEAD                                                                             \
    "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; "           \
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "              \
    "frame-ancestors 'none'\n"                                                                     \
    "x-content-type-options: nosniff\n"                                                            \
    "referrer-policy: no-referrer\n"

/* Returns 0, or -ENOMEM: then there is no page. */
int page_open(struct gateway *gateway);
void page_close(struct gateway *gateway);

/* The gateway listens here; `is_own`: on a port that only this machine reaches. The name is
 * borrowed. */
void page_note_address(struct gateway *gateway, const char *name, bool is_own);

/* Whether a request for the page may go on, when its head has come: the page has a guard of its own
 * instead of the stand-in. Returns 200, or the status of the refusal with its sentence. */
int page_judge(const struct exchange *exchange, enum guard_verdict verdict,
               const char **ret_sentence);

/* Sets the answer, or starts what finds it; then the exchange waits for own_status. A stream of
 * events has page_stream besides its answer. */
void page_ask(struct exchange *exchange);

/* Appends " --profile NAME" to a command line that somebody will copy; nothing for NULL. */
void page_append_profile(struct buffer *command, const char *profile);

/* Sets a whole answer in JSON. */
void page_answer(struct exchange *exchange, int status, const char *text, size_t length);

/* Refuses with one sentence. */
void page_refuse(struct exchange *exchange, int status, const char *sentence);
