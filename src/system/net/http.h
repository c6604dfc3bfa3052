/* HTTP requests side by side, through libcurl: proxies, HTTP/2 and certificates as curl has them.
 * libcurl is loaded when it is first asked for and never before: linked in, it and the thirty
 * libraries it brings would cost every launch 3 ms. */
#pragma once

#include "base/buffer.h"
#include "system/host.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_ERROR 256

/* A GET, or a POST. What curl keeps of the headers while it works, it frees without wiping. */
struct http_exchange {
    const char *url;
    const char *const *headers; /* "name: value" */
    size_t header_count;
    const char *post; /* the body of a POST; NULL: it is a GET */
    size_t post_length;
    bool direct; /* past any proxy */
    /* Where the answer's body goes if it is a secret: guarded memory of the caller's. What does not
     * fit is left out. */
    char *room;
    size_t room_size, room_length;
    void (*arrived)(void *context); /* there is more in `room`; may be NULL */
    void *context;
    /* Filled: */
    int status; /* 0: no answer, and `error` says why */
    char error[HTTP_ERROR];
    struct buffer answer_headers; /* of the final answer, one a line */
    struct buffer body;           /* at most the first 64 KiB; empty with `room` */
    int64_t milliseconds;
};

struct http_plan {
    struct http_exchange *exchanges;
    size_t count;
    int64_t seconds;                             /* that each of them may take */
    void (*progress)(size_t done, size_t count); /* may be NULL; called after each */
    const struct host *host;                     /* NULL: none */
};

/* False, with one sentence in `error` that says how to get it, if this program was built without
 * libcurl or cannot load it. */
bool http_is_there(struct buffer *error);

/* Makes all the exchanges; redirects are answers, and not followed. Returns 0; -EINTR if the host
 * is interrupted; -ENOMEM; -EINVAL with one sentence in `error`. The caller ends each exchange with
 * http_finish either way. */
int http_run(const struct http_plan *plan, struct buffer *error);
void http_finish(struct http_exchange *exchange);
