#include "system/net/http.h"

#include "config.h"
#include "system/net/transport.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT_ONCE        64 /* more would be rude, and might need more descriptors than we may open */
#define ANSWER_LARGEST 65536
#define LOOK_MS        100 /* for a signal that asks to end */

/* One exchange on its way. We build the list of headers ourselves, so that curl copies none. */
struct transfer {
    struct http_exchange *exchange;
    CURL *handle;
    struct curl_slist *headers;
    char error[CURL_ERROR_SIZE];
};

/* All exchanges. */
struct batch {
    const struct curl *curl;
    const struct http_plan *plan;
    CURLM *multi;
    struct transfer *transfers; /* as many as there are exchanges */
    struct transport transport;
    size_t begun, done;
};

bool http_is_there(struct buffer *error)
{
    return curl_load(error) != NULL;
}

static void append_bounded(struct buffer *text, const char *bytes, size_t length)
{
    size_t room = ANSWER_LARGEST - text->length;
    buffer_append(text, bytes, length < room ? length : room);
}

static void append_to_room(struct http_exchange *exchange, const char *bytes, size_t length)
{
    size_t left = exchange->room_size - exchange->room_length;
    length = length < left ? length : left;
    memcpy(exchange->room + exchange->room_length, bytes, length);
    exchange->room_length += length;
    if (exchange->arrived)
        exchange->arrived(exchange->context);
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    if (transfer->exchange->room)
        append_to_room(transfer->exchange, bytes, size * count);
    else
        append_bounded(&transfer->exchange->body, bytes, size * count);
    return size * count;
}

/* Headers that come before another status line belong to an interim answer. */
static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    struct buffer *headers = &transfer->exchange->answer_headers;
    if (size * count >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
        buffer_clear(headers);
    append_bounded(headers, bytes, size * count);
    return size * count;
}

static bool link_headers(struct transfer *transfer)
{
    const struct http_exchange *exchange = transfer->exchange;
    size_t count = exchange->header_count;
    transfer->headers = calloc(count + 1, sizeof *transfer->headers);
    for (size_t i = 0; transfer->headers && i < count; i++)
        transfer->headers[i] = (struct curl_slist){
            (char *)exchange->headers[i], i + 1 < count ? &transfer->headers[i + 1] : NULL};
    return transfer->headers;
}

/* curl keeps no copy of the body. */
static CURLcode set_up_method(const struct curl *curl, CURL *handle,
                              const struct http_exchange *exchange)
{
    CURLcode r = CURLE_OK;
    if (exchange->direct)
        r |= curl->easy_setopt(handle, CURLOPT_PROXY, "");
    if (!exchange->post)
        return r;
    r |= curl->easy_setopt(handle, CURLOPT_POSTFIELDSIZE, (long)exchange->post_length);
    r |= curl->easy_setopt(handle, CURLOPT_POSTFIELDS, exchange->post);
    return r;
}

/* The HTTP version is not set: by default it is HTTP/2 where TLS offers it. */
static bool set_up(struct batch *batch, struct transfer *transfer)
{
    const struct curl *curl = batch->curl;
    CURL *handle = transfer->handle;
    CURLcode r = curl->easy_setopt(handle, CURLOPT_URL, transfer->exchange->url);
    if (!link_headers(transfer))
        return false;
    r |= set_up_method(curl, handle, transfer->exchange);
    if (transfer->exchange->header_count > 0)
        r |= curl->easy_setopt(handle, CURLOPT_HTTPHEADER, transfer->headers);
    r |= curl->easy_setopt(handle, CURLOPT_USERAGENT, "tcr-run/" TCR_VERSION);
    r |= curl->easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)(batch->plan->seconds * 1000));
    r |= curl->easy_setopt(handle, CURLOPT_ERRORBUFFER, transfer->error);
    r |= curl->easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    r |= curl->easy_setopt(handle, CURLOPT_WRITEDATA, transfer);
    r |= curl->easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
    r |= curl->easy_setopt(handle, CURLOPT_HEADERDATA, transfer);
    r |= curl->easy_setopt(handle, CURLOPT_PRIVATE, transfer);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* At the end we do not wait for a name that is still being looked up. Older libraries do not
     * know the option, and wait. */
    (void)curl->easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
#endif
    return r == CURLE_OK && transport_apply(&batch->transport, curl, handle);
}

static int begin(struct batch *batch)
{
    struct transfer *transfer = &batch->transfers[batch->begun];
    transfer->exchange = &batch->plan->exchanges[batch->begun];
    transfer->handle = batch->curl->easy_init();
    batch->begun++;
    if (!transfer->handle || !set_up(batch, transfer) ||
        batch->curl->multi_add_handle(batch->multi, transfer->handle) != CURLM_OK)
        return -ENOMEM;
    return 0;
}

/* curl's own words may contain a line end. */
static void explain(const struct batch *batch, struct transfer *transfer, CURLcode code)
{
    struct http_exchange *exchange = transfer->exchange;
    if (code == CURLE_OPERATION_TIMEDOUT)
        snprintf(exchange->error, HTTP_ERROR, "no answer within %lld s",
                 (long long)batch->plan->seconds);
    else
        snprintf(exchange->error, HTTP_ERROR, "%.*s", (int)strcspn(transfer->error, "\r\n"),
                 transfer->error);
    if (!*exchange->error)
        snprintf(exchange->error, HTTP_ERROR, "%s", batch->curl->easy_strerror(code));
}

static void end(struct batch *batch, const CURLMsg *message)
{
    const struct curl *curl = batch->curl;
    struct transfer *transfer = NULL;
    CURLcode code = message->data.result;
    CURL *handle = message->easy_handle;
    long status = 0;
    curl_off_t microseconds = 0;
    (void)curl->easy_getinfo(handle, CURLINFO_PRIVATE, &transfer);
    (void)curl->easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    (void)curl->easy_getinfo(handle, CURLINFO_TOTAL_TIME_T, &microseconds);
    transfer->exchange->milliseconds = microseconds / 1000;
    if (code == CURLE_OK)
        transfer->exchange->status = (int)status;
    else
        explain(batch, transfer, code);
    (void)curl->multi_remove_handle(batch->multi, handle);
    curl->easy_cleanup(handle);
    transfer->handle = NULL;
    batch->done++;
    if (batch->plan->progress)
        batch->plan->progress(batch->done, batch->plan->count);
}

static int turn(struct batch *batch)
{
    const struct curl *curl = batch->curl;
    int left, r = 0;
    while (r == 0 && batch->begun < batch->plan->count && batch->begun - batch->done < AT_ONCE)
        r = begin(batch);
    if (r < 0 || curl->multi_perform(batch->multi, &left) != CURLM_OK)
        return -ENOMEM;
    size_t before = batch->done;
    for (const CURLMsg *message; (message = curl->multi_info_read(batch->multi, &left));)
        if (message->msg == CURLMSG_DONE)
            end(batch, message);
    if (host_interrupted(batch->plan->host))
        return -EINTR;
    if (batch->done == before && curl->multi_poll(batch->multi, NULL, 0, LOOK_MS, NULL) != CURLM_OK)
        return -ENOMEM;
    return 0;
}

static int run(struct batch *batch)
{
    int r = transport_find(&batch->transport, batch->curl, batch->plan->host);
    while (r == 0 && batch->done < batch->plan->count)
        r = turn(batch);
    for (size_t i = 0; i < batch->begun; i++) {
        if (!batch->transfers[i].handle)
            continue;
        (void)batch->curl->multi_remove_handle(batch->multi, batch->transfers[i].handle);
        batch->curl->easy_cleanup(batch->transfers[i].handle);
    }
    return r;
}

int http_run(const struct http_plan *plan, struct buffer *error)
{
    struct batch batch = {.plan = plan, .curl = curl_load(error)};
    if (!batch.curl)
        return -EINVAL;
    batch.transfers = calloc(plan->count + 1, sizeof *batch.transfers);
    batch.multi = batch.curl->multi_init();
    int r = batch.transfers && batch.multi ? run(&batch) : -ENOMEM;
    if (batch.multi)
        (void)batch.curl->multi_cleanup(batch.multi);
    transport_finish(&batch.transport);
    for (size_t i = 0; batch.transfers && i < plan->count; i++)
        free(batch.transfers[i].headers);
    free(batch.transfers);
    return r;
}

void http_finish(struct http_exchange *exchange)
{
    buffer_finish(&exchange->answer_headers);
    buffer_finish(&exchange->body);
}
