#include "gateway/page.h"

#include "base/head.h"
#include "base/markup.h"
#include "base/shellword.h"
#include "core/gateway/pagecookie.h"
#include "gateway/exchange.h"
#include "gateway/front.h"
#include "gateway/gateway.h"
#include "gateway/metering.h"
#include "gateway/page_change.h"
#include "gateway/page_log.h"
#include "gateway/page_state.h"
#include "gateway/pagefiles.h"
#include "gateway/refusal.h"
#include "system/clock.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FILE_HEAD PAGE_SAFE_HEAD "cache-control: no-cache\n"
#define HTML_HEAD PAGE_DATA_HEAD "content-type: text/html; charset=utf-8\n"

#define TAG 2 * 12 + 1 /* of the hash of a file, in hexadecimal */

static const char no_such_thing[] = "the page has nothing of this name";
static const char no_cookie[] = "this is for a browser that came in by: tcr-run gateway open";

int page_open(struct gateway *gateway)
{
    gateway->page = calloc(1, sizeof *gateway->page);
    if (!gateway->page)
        return -ENOMEM;
    gateway->page->started = time(NULL);
    return 0;
}

void page_close(struct gateway *gateway)
{
    if (!gateway->page)
        return;
    page_events_finish(gateway);
    sodium_memzero(gateway->page, sizeof *gateway->page);
    free(gateway->page);
    gateway->page = NULL;
}

void page_note_address(struct gateway *gateway, const char *name, bool is_own)
{
    struct page *page = gateway->page;
    if (!page || page->address_count == PAGE_ADDRESSES)
        return;
    page->addresses[page->address_count++] = name;
    if (is_own && !page->own)
        page->own = name;
}

/* ---- who may ---- */

static bool has_cookie(const struct exchange *exchange)
{
    const char *head = buffer_text(&exchange->head), *at = NULL, *value;
    char name[PAGECOOKIE_NAME];
    size_t length;
    pagecookie_name(head, name);
    while (pagecookie_next(head, name, &at, &value, &length))
        if (page_link_admits(&exchange->gateway->page->link, value, length, clock_now_ms()))
            return true;
    return false;
}

static bool is_free(enum page_id id)
{
    return id == PAGE_INDEX || id == PAGE_FILE || id == PAGE_OPEN || id == PAGE_UNKNOWN ||
           id == PAGE_METHOD;
}

int page_judge(const struct exchange *exchange, enum guard_verdict verdict,
               const char **ret_sentence)
{
    struct pageroute route = {.id = PAGE_UNKNOWN};
    (void)pageroute_read(exchange->method, exchange->target, &route);
    *ret_sentence = guard_sentence(verdict);
    if (verdict != GUARD_ADMITTED && verdict != GUARD_TOKEN)
        return guard_status(verdict);
    if (exchange->visitor->guard->users_only || *exchange->user) {
        *ret_sentence = "the page is for the gateway's owner, at an address that only this machine "
                        "reaches";
        return 403;
    }
    if (route.id == PAGE_LINK)
        return guard_status(verdict);
    if (is_free(route.id) || has_cookie(exchange)) {
        bool changes = strcmp(exchange->method, "POST") == 0;
        *ret_sentence = "a change has to come from the page itself";
        return changes && !pagecookie_origin_is_own(buffer_text(&exchange->head)) ? 403 : 200;
    }
    *ret_sentence = no_cookie;
    return 401;
}

/* ---- answers ---- */

void page_refuse(struct exchange *exchange, int status, const char *sentence)
{
    (void)refusal_set(exchange, status, sentence, PAGE_DATA_HEAD);
}

static void set(struct exchange *exchange, int status, const char *head, const void *bytes,
                size_t length)
{
    if (!front_set_whole_answer(exchange, status, head, bytes, length))
        page_refuse(exchange, 503, "the gateway is out of memory");
}

void page_answer(struct exchange *exchange, int status, const char *text, size_t length)
{
    set(exchange, status, PAGE_DATA_HEAD "content-type: application/json\n", text, length);
}

void page_append_profile(struct buffer *command, const char *profile)
{
    if (!profile)
        return;
    buffer_append_text(command, " --profile ");
    shellword_append(command, profile);
}

static const char *type_of(const char *name)
{
    static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"},
                                           {".svg", "image/svg+xml"},
                                           {".png", "image/png"},
                                           {".ico", "image/x-icon"},
                                           {".json", "application/json"}};
    const char *end = strrchr(name, '.');
    for (size_t i = 0; end && i < sizeof types / sizeof *types; i++)
        if (strcmp(end, types[i][0]) == 0)
            return types[i][1];
    return "text/plain; charset=utf-8";
}

static void tag_of(const struct pagefile *file, char ret_tag[TAG])
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    (void)crypto_generichash(hash, sizeof hash, file->bytes, file->length, NULL, 0);
    (void)sodium_bin2hex(ret_tag, TAG, hash, (TAG - 1) / 2);
}

/* The tag may be one of several, and be called weak. */
static bool is_known(const struct exchange *exchange, const char *tag)
{
    char sent[256];
    return head_value(buffer_text(&exchange->head), "if-none-match", sent, sizeof sent) &&
           strstr(sent, tag);
}

static bool answer_file(struct exchange *exchange, const char *name)
{
    for (size_t i = 0; i < pagefiles_count; i++) {
        const struct pagefile *file = &pagefiles[i];
        char tag[TAG], head[1024];
        if (strcmp(file->name, name) != 0)
            continue;
        tag_of(file, tag);
        snprintf(head, sizeof head, FILE_HEAD "content-type: %s\netag: \"%s\"\n",
                 type_of(file->name), tag);
        if (is_known(exchange, tag))
            set(exchange, 304, head, "", 0);
        else
            set(exchange, 200, head, file->bytes, file->length);
        return true;
    }
    return false;
}

/* For a person before a browser. */
static void answer_stranger(struct exchange *exchange, const char *why)
{
    const char *profile = exchange->gateway->options->profile;
    struct buffer text = {0}, command = {0};
    char accept[512];
    if (!head_value(buffer_text(&exchange->head), "accept", accept, sizeof accept) ||
        !strstr(accept, "text/html")) {
        page_refuse(exchange, 401, no_cookie);
        return;
    }
    buffer_append_text(&command, "tcr-run gateway open");
    page_append_profile(&command, profile);
    buffer_append_format(&text,
                         "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
                         "<meta name=\"viewport\" content=\"width=device-width\">\n"
                         "<title>tcr-run</title>\n<h1>tcr-run</h1>\n"
                         "<p>%s Open it on this machine by:</p>\n<pre><code>",
                         why);
    markup_append(&text, buffer_text(&command)); /* a profile may have any name */
    buffer_append_text(&text, "</code></pre>\n</html>\n");
    if (text.failed || command.failed)
        page_refuse(exchange, 503, "the gateway is out of memory");
    else
        set(exchange, 401, HTML_HEAD, text.data, text.length);
    buffer_finish(&text);
    buffer_finish(&command);
}

static void answer_index(struct exchange *exchange)
{
    if (!has_cookie(exchange))
        answer_stranger(exchange, "This is the page of the gateway, for its owner.");
    else if (!answer_file(exchange, "index.html"))
        page_refuse(exchange, 404, "the page was left out of this program");
}

/* A browser that is in already goes on, whatever code it has: that is a page loaded again. */
static void answer_open(struct exchange *exchange)
{
    struct page *page = exchange->gateway->page;
    if (front_is_of_another(exchange)) { /* who saw the link in the list of processes */
        page_refuse(exchange, 403, "this link is for the user that the gateway runs as");
        return;
    }
    char code[PAGE_LINK_CODE] = "", cookie[PAGE_LINK_CODE], name[PAGECOOKIE_NAME], head[1024];
    bool enters = pageroute_parameter(exchange->target, "code", code, sizeof code) &&
                  page_link_enter(&page->link, code, clock_now_ms(), cookie);
    if (!enters && !has_cookie(exchange)) {
        answer_stranger(exchange, "This link is used up: it is good once, and for a minute.");
        return;
    }
    pagecookie_name(buffer_text(&exchange->head), name);
    int length = snprintf(head, sizeof head, PAGE_DATA_HEAD "location: /\n");
    if (enters)
        snprintf(head + length, sizeof head - (size_t)length,
                 "set-cookie: %s=%s; HttpOnly; SameSite=Strict; Path=/; Max-Age=%d\n", name, cookie,
                 PAGE_LINK_SECONDS);
    set(exchange, 303, head, "", 0);
    sodium_memzero(cookie, sizeof cookie);
    sodium_memzero(head, sizeof head);
}

static void answer_link(struct exchange *exchange)
{
    struct page *page = exchange->gateway->page;
    char code[PAGE_LINK_CODE];
    struct buffer text = {0};
    if (!page->own) {
        page_refuse(exchange, 409,
                    "the gateway listens on no port that only this machine reaches, so a browser "
                    "cannot open its page; start it with --listen 127.0.0.1:4080 besides");
        return;
    }
    page_link_make(&page->link, clock_now_ms(), code);
    buffer_append_format(&text, "{\"url\":\"%s/page/open?code=%s\"}", page->own, code);
    page_answer(exchange, 200, buffer_text(&text), text.length);
    buffer_finish_wiping(&text);
    sodium_memzero(code, sizeof code);
}

static void answer_state(struct exchange *exchange)
{
    struct buffer members = {0}, text = {0};
    page_state_append(exchange->gateway, &members);
    page_state_wrap(exchange->gateway, &members, &text);
    if (text.failed)
        page_refuse(exchange, 503, "the gateway is out of memory");
    else
        page_answer(exchange, 200, text.data, text.length);
    buffer_finish(&members);
    buffer_finish(&text);
}

static void answer_wrong_method(struct exchange *exchange, const char *allowed)
{
    char head[1024];
    snprintf(head, sizeof head, PAGE_DATA_HEAD "allow: %s\n", allowed);
    (void)refusal_set(exchange, 405, "the page has another method for this", head);
}

void page_ask(struct exchange *exchange)
{
    struct pageroute route = {.id = PAGE_UNKNOWN};
    (void)pageroute_read(exchange->method, exchange->target, &route);
    switch (route.id) {
    case PAGE_INDEX:
        answer_index(exchange);
        break;
    case PAGE_OPEN:
        answer_open(exchange);
        break;
    case PAGE_LINK:
        answer_link(exchange);
        break;
    case PAGE_STATE:
        answer_state(exchange);
        break;
    case PAGE_EVENTS:
        page_events_begin(exchange);
        break;
    case PAGE_USAGE:
        metering_ask(exchange);
        break;
    case PAGE_LOG:
        page_log_ask(exchange);
        break;
    case PAGE_ADD:
    case PAGE_ACTION:
    case PAGE_ORDER:
    case PAGE_FALLBACK:
        page_change_ask(exchange, &route);
        break;
    case PAGE_METHOD:
        answer_wrong_method(exchange, route.allowed);
        break;
    case PAGE_FILE:
        if (!answer_file(exchange, route.name))
            page_refuse(exchange, 404, no_such_thing);
        break;
    default:
        page_refuse(exchange, 404, no_such_thing);
    }
}
