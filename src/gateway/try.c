#include "gateway/try.h"

#include "base/cursor.h"
#include "base/head.h"
#include "core/gateway/forward.h"
#include "gateway/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECT_MS        15000L
#define SMALL_BODY        ((size_t)32 << 10)
#define DOWNLOAD_BYTES    4096L
#define UPLOAD_BYTES      16384L
#define UPLOAD_LARGE      (512L << 10) /* for a body of that size: fewer turns */
#define HEAD_LARGEST      65536
#define KEEPALIVE_SECONDS 30L

static size_t give_body(char *to, size_t size, size_t count, void *context)
{
    struct try *try = context;
    size_t most = size * count, left = try->body_length - try->sent;
    size_t taken = left < most ? left : most;
    if (taken > 0)
        memcpy(to, try->body + try->sent, taken);
    try->sent += taken;
    return taken;
}

/* A kept connection turned out to be dead, and libcurl sends the request again: once more for a
 * POST. */
static int rewind_body(void *context, curl_off_t offset, int origin)
{
    struct try *try = context;
    if (origin != SEEK_SET || offset < 0 || (size_t)offset > try->body_length)
        return CURL_SEEKFUNC_FAIL;
    try->sent = (size_t)offset;
    try->rewound++;
    return CURL_SEEKFUNC_OK;
}

static void end_head(struct try *try)
{
    long status = 0;
    (void)curl_easy_getinfo(try->easy, CURLINFO_RESPONSE_CODE, &status);
    try->status = (int)status;
    if (status < 200 && status != 101)
        return; /* an interim answer */
    try->has_head = true;
    exchange_take_head(try->exchange, buffer_text(&try->head));
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
    struct try *try = context;
    size_t length = size * count;
    if (try->has_head)
        return length; /* a trailer */
    if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        buffer_clear(&try->head);
        return length;
    }
    if (length <= 2 && (length == 0 || bytes[length - 1] == '\n')) {
        end_head(try);
        return length;
    }
    if (try->head.length + length > HEAD_LARGEST)
        return 0;
    buffer_append(&try->head, bytes, length);
    try->no_memory = try->head.failed;
    return try->no_memory ? 0 : length;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct try *try = context;
    size_t length = size * count;
    switch (exchange_take(try->exchange, bytes, length)) {
    case TAKEN:
        return length;
    case NOT_YET:
        try->is_paused = true;
        return CURL_WRITEFUNC_PAUSE;
    case NO_MEMORY:
        break;
    }
    try->no_memory = true;
    return 0;
}

/* libcurl goes through all the headers that it is given once for each of some twenty names. These
 * names begin a piece of their own; any other header may follow one in the same piece. */
static bool is_looked_for(const char *line)
{
    static const char *const names[] = {
        "accept:", "accept-encoding:", "authorization:", "content-type:",
        "cookie:", "expect:",          "referer:",       "user-agent:",
    };
    const char first = char_lower(*line);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (first == *names[i] && strncasecmp(line, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* Lines with such an end may have a meaning of their own: "name;", "name:". */
static bool stands_alone(const char *line, size_t length)
{
    return line[length - 1] == ';' || line[length - 1] == ':';
}

static bool joins(const char *before, const char *line)
{
    return before && !stands_alone(before, (size_t)(line - before) - 2) &&
           !stands_alone(line, strlen(line)) && !is_looked_for(line);
}

/* Joins lines in place. The remaining lines are borrowed. */
static struct curl_slist *link_lines(struct buffer *lines)
{
    size_t most = 1, count = 0;
    for (const char *at = NULL; forward_next_line(lines, &at);)
        most++;
    struct curl_slist *list = calloc(most, sizeof *list);
    const char *before = NULL, *line;
    for (const char *at = NULL; list && (line = forward_next_line(lines, &at)); before = line) {
        char *data = lines->data + (line - lines->data);
        if (joins(before, line)) {
            memcpy(data - 2, "\r\n", 2);
            continue;
        }
        list[count] = (struct curl_slist){data, NULL};
        if (count > 0)
            list[count - 1].next = &list[count];
        count++;
    }
    return list;
}

static CURLcode set_method(struct try *try, const struct try_plan *plan)
{
    CURL *easy = try->easy;
    CURLcode r = CURLE_OK;
    bool is_post = strcmp(plan->method, "POST") == 0;
    if (strcmp(plan->method, "HEAD") == 0)
        return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    if (is_post || plan->body_length > 0) {
        r |= curl_easy_setopt(easy, CURLOPT_POST, 1L);
        r |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)plan->body_length);
    }
    if (plan->body_length > 0 && plan->body_length <= SMALL_BODY) {
        /* Copied after the head, so that both are sent at once. */
        r |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, plan->body);
        try->sent = plan->body_length;
        try->is_small_post = is_post;
    } else if (is_post || plan->body_length > 0) {
        r |= curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
        r |= curl_easy_setopt(easy, CURLOPT_READDATA, try);
        r |= curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, rewind_body);
        r |= curl_easy_setopt(easy, CURLOPT_SEEKDATA, try);
        r |= curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE,
                              plan->body_length > (size_t)UPLOAD_LARGE ? UPLOAD_LARGE
                                                                       : UPLOAD_BYTES);
    }
    if (!is_post && strcmp(plan->method, "GET") != 0)
        r |= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, plan->method);
    return r;
}

/* Sets what is the same for every try. HTTP/2 is off: libcurl 7.88 loses some of its streams when
 * they are paused, and one connection's window would hold up large bodies. */
static bool set_common(struct upstream *upstream, CURL *easy)
{
    CURLcode r = curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    r |= curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, DOWNLOAD_BYTES);
    r |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    r |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    r |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    r |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    r |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_SECONDS);
    r |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_SECONDS);
    r |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    r |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    return r == CURLE_OK && upstream_apply(upstream, easy);
}

static CURL *take_handle(struct upstream *upstream)
{
    if (upstream->spare_count > 0)
        return upstream->spares[--upstream->spare_count];
    CURL *easy = curl_easy_init();
    if (!easy || set_common(upstream, easy))
        return easy;
    curl_easy_cleanup(easy);
    return NULL;
}

/* Keeps the handle of a small POST (most requests are) that found its connection open. A handle
 * that opened another connection may have done so because the first was dead, and libcurl forgives
 * that only a few times. */
static bool serves_again(const struct try *try)
{
    long made = 1;
    return try->is_small_post && try->has_ended && try->fault == TRY_FINE &&
           try->upstream->spare_count < UPSTREAM_SPARES &&
           curl_easy_getinfo(try->easy, CURLINFO_NUM_CONNECTS, &made) == CURLE_OK && made == 0;
}

/* Resets it, so that nothing of this try is left in the next. */
static bool clear_handle(CURL *easy)
{
    CURLcode r = curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
    r |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
    r |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)-1);
    r |= curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    r |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    r |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, NULL);
    r |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, NULL);
    r |= curl_easy_setopt(easy, CURLOPT_PRIVATE, NULL);
    return r == CURLE_OK;
}

static void give_handle(struct try *try)
{
    if (serves_again(try) && clear_handle(try->easy))
        try->upstream->spares[try->upstream->spare_count++] = try->easy;
    else
        curl_easy_cleanup(try->easy);
}

static bool set_up(struct try *try, const struct try_plan *plan)
{
    CURL *easy = try->easy;
    CURLcode r = curl_easy_setopt(easy, CURLOPT_URL, plan->url);
    r |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, try->list);
    r |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, try->error);
    r |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, try);
    r |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, try);
    r |= curl_easy_setopt(easy, CURLOPT_PRIVATE, try);
    return r == CURLE_OK && set_method(try, plan) == CURLE_OK;
}

struct try *try_create(struct upstream *upstream, const struct try_plan *plan)
{
    struct try *try = calloc(1, sizeof *try);
    if (!try) {
        buffer_finish_wiping(plan->lines);
        return NULL;
    }
    *try = (struct try){.exchange = plan->exchange,
                        .upstream = upstream,
                        .lines = *plan->lines,
                        .body = plan->body,
                        .body_length = plan->body_length};
    *plan->lines = (struct buffer){0};
    try->list = try->lines.failed ? NULL : link_lines(&try->lines);
    try->easy = try->list ? take_handle(upstream) : NULL;
    if (try->easy && set_up(try, plan) && upstream_start(upstream, try))
        return try;
    try_destroy(try);
    return NULL;
}

void try_destroy(struct try *try)
{
    if (!try)
        return;
    if (try->easy) {
        upstream_stop(try->upstream, try);
        give_handle(try);
    }
    free(try->list);
    buffer_finish_wiping(&try->lines);
    buffer_finish(&try->head);
    free(try);
}

/* Failures before any byte of the request has been sent. */
static bool is_before_sending(CURLcode result)
{
    switch (result) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_PROXY:
    case CURLE_URL_MALFORMAT:
        return true;
    default:
        return false;
    }
}

/* Also set by a time-out while connecting, and by a proxy that refuses CONNECT. */
static bool has_reached(CURL *easy)
{
    curl_off_t begun = 0;
    return curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &begun) == CURLE_OK && begun > 0;
}

void try_ended(struct try *try, CURLcode result)
{
    try->has_ended = true;
    if (result == CURLE_OK)
        try->fault = try->has_head ? TRY_FINE : TRY_LOST;
    else if (try->no_memory)
        try->fault = TRY_ABANDONED;
    else if (is_before_sending(result) || !has_reached(try->easy))
        try->fault = TRY_UNREACHABLE;
    else
        try->fault = TRY_LOST;
    if (result != CURLE_OK && !*try->error)
        snprintf(try->error, sizeof try->error, "%s", curl_easy_strerror(result));
    try->error[strcspn(try->error, "\r\n")] = '\0';
    exchange_try_moved(try->exchange);
}

void try_resume(struct try *try)
{
    if (!try->is_paused || !try->is_running)
        return;
    try->is_paused = false; /* set before: it may be paused again before this returns */
    (void)curl_easy_pause(try->easy, CURLPAUSE_CONT);
}

bool try_has_sent(const struct try *try)
{
    return try->sent == try->body_length;
}
