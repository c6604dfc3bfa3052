#include "core/gateway/forward.h"

#include "support.h"

#include <errno.h>
#include <string.h>

static const struct forward_key oauth = {KIND_OAUTH, OAUTH_1};
static const struct forward_key api = {KIND_API, API_1};
static const struct forward_key openai = {KIND_OPENAI, "sk-FAKE-open-0001"};

#define FULL  "accept: a\r\nuser-agent: u\r\ncontent-type: j\r\n"
#define FIXED "|Expect:|Accept-Encoding: identity|"
#define BARE  "Accept:|Content-Type:|User-Agent:" FIXED
#define O     "Authorization: Bearer " OAUTH_1 "|"
#define A     "x-api-key: " API_1 "|"
#define BETA  "anthropic-beta: oauth-2025-04-20|"

static const struct row {
    const char *name, *head;
    const struct forward_key *key;
    const char *lines;
} requests[] = {
    {"nothing", "", &oauth, BETA BARE O},
    {"order and spelling", "User-AGENT: claude-cli/2\r\nX-Stainless-OS:  Linux \r\n" FULL, &api,
     "User-AGENT: claude-cli/2|X-Stainless-OS: Linux|accept: a|user-agent: u|content-type: "
     "j" FIXED A},
    {"without a value", "x-empty:\r\n" FULL, &api,
     "x-empty;|accept: a|user-agent: u|content-type: j" FIXED A},
    {"twice", "x-a: 1\r\nX-A: 2\r\n", &api, "x-a: 1|X-A: 2|" BARE A},
    {"hop by hop",
     "Connection: keep-alive, X-Hop\r\nKeep-Alive: 5\r\nTE: trailers\r\nTrailer: x\r\n"
     "Transfer-Encoding: chunked\r\nUpgrade: h2c\r\nProxy-Connection: close\r\nx-hop: 1\r\n"
     "x-hop-too: 2\r\n",
     &api, "x-hop-too: 2|" BARE A},
    {"curl's own",
     "Host: evil.example\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"
     "Accept-Encoding: gzip, br\r\n",
     &api, BARE A},
    {"a credential, not added twice", "authorization: Bearer stand-in\r\nX-Api-Key: stand-in\r\n",
     &oauth, BETA BARE O},
    {"every credential",
     "Authorization: a\r\nAuthorization: b\r\nproxy-authorization: c\r\napi-key: d\r\n"
     "x-goog-api-key: e\r\nCookie: f\r\n",
     &api, BARE A},
    {"OpenAI's", "authorization: Bearer stand-in\r\nanthropic-beta: oauth-2025-04-20\r\n", &openai,
     BARE "Authorization: Bearer sk-FAKE-open-0001|"},
    {"the gateway's", "X-Tcr-Key: home\r\nx-tcr-other: 1\r\nX-Account-Name: work\r\nx-tc: 1\r\n",
     &api, "x-tc: 1|" BARE A},
    {"beta is there", "anthropic-beta: claude-code-20250219,oauth-2025-04-20,b\r\n", &oauth,
     "anthropic-beta: claude-code-20250219,oauth-2025-04-20,b|" BARE O},
    {"beta lacks", "anthropic-beta: claude-code-20250219\r\n", &oauth,
     "anthropic-beta: claude-code-20250219,oauth-2025-04-20|" BARE O},
    {"beta lacks in two", "anthropic-beta: a\r\nx: y\r\nAnthropic-Beta: b\r\nz: z\r\n", &oauth,
     "anthropic-beta: a|x: y|Anthropic-Beta: b,oauth-2025-04-20|z: z|" BARE O},
    {"beta is in the first of two", "anthropic-beta: oauth-2025-04-20\r\nAnthropic-Beta: b\r\n",
     &oauth, "anthropic-beta: oauth-2025-04-20|Anthropic-Beta: b|" BARE O},
    {"beta without a value", "anthropic-beta:\r\n", &oauth, "anthropic-beta;|" BETA BARE O},
    {"beta goes, that one alone", "anthropic-beta: a , oauth-2025-04-20,c\r\n", &api,
     "anthropic-beta: a,c|" BARE A},
    {"beta goes with its header", "anthropic-beta: oauth-2025-04-20\r\n", &api, BARE A},
    {"betas of an API key pass as they are", "anthropic-beta: a , b\r\n", &api,
     "anthropic-beta: a , b|" BARE A},
    {"a beta that only begins so", "anthropic-beta: oauth-2025-04-20x\r\n", &api,
     "anthropic-beta: oauth-2025-04-20x|" BARE A},
};

static void test_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(requests); i++) {
        struct buffer lines = {0}, text = {0};
        forward_request(requests[i].head, requests[i].key, &lines);
        const char *at = NULL, *line;
        while ((line = forward_next_line(&lines, &at)))
            buffer_append_format(&text, "%s|", line);
        if (strcmp(buffer_text(&text), requests[i].lines) != 0)
            fail_msg("%s: %s", requests[i].name, buffer_text(&text));
        buffer_finish_wiping(&lines);
        buffer_finish_wiping(&text);
    }
}

#define LIMITS                                                                                     \
    "anthropic-ratelimit-unified-status: allowed\r\n"                                              \
    "Anthropic-RateLimit-Unified-5h-Utilization: 0.76\r\n"

static const struct {
    const char *name, *head, *out;
    int64_t length;
} answers[] = {
    {"passes", "HTTP/1.1 200 OK\r\n" LIMITS "Content-Type: text/event-stream\r\nrequest-id: r\r\n",
     LIMITS "Content-Type: text/event-stream\r\nrequest-id: r\r\n", FORWARD_LENGTH_UNKNOWN},
    {"length", "Content-Length: 159\r\nx: y\r\n", "x: y\r\n", 159},
    {"no length", "content-length: -1\r\n", "", FORWARD_LENGTH_UNKNOWN},
    {"no number", "content-length: 12x\r\n", "", FORWARD_LENGTH_UNKNOWN},
    {"hop by hop",
     "connection: x-hop\r\nkeep-alive: 1\r\ntransfer-encoding: chunked\r\nX-Hop: 1\r\n"
     "proxy-authenticate: b\r\n",
     "", FORWARD_LENGTH_UNKNOWN},
    {"what binds",
     "Set-Cookie: a=b\r\nAccess-Control-Allow-Origin: *\r\nalt-svc: h3\r\n"
     "Strict-Transport-Security: max-age=1\r\nretry-after: 5\r\n",
     "retry-after: 5\r\n", FORWARD_LENGTH_UNKNOWN},
    {"what is ours to say", "x-tcr-key: mallory\r\nX-Tcr-Attempts: 9\r\n", "",
     FORWARD_LENGTH_UNKNOWN},
};

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct buffer head = {0};
        int64_t length;
        forward_answer(answers[i].head, &head, &length);
        if (strcmp(buffer_text(&head), answers[i].out) != 0 || length != answers[i].length)
            fail_msg("%s: %s", answers[i].name, buffer_text(&head));
        buffer_finish(&head);
    }
}

#define BASE "https://api.anthropic.com"

static const struct {
    const char *base, *target, *url; /* NULL: refused */
} urls[] = {
    {BASE, "/v1/messages?beta=true", BASE "/v1/messages?beta=true"},
    {BASE "/", "/v1/messages", BASE "/v1/messages"},
    {BASE "/pre/fix/", "/v1/messages", BASE "/pre/fix/v1/messages"},
    {BASE, "http://api.anthropic.com/v1/messages?a=%2F&b", BASE "/v1/messages?a=%2F&b"},
    {BASE, "HTTPS://elsewhere.example:1/v1/models", BASE "/v1/models"},
    {"https://o.example/v1", "/v1/chat/completions", "https://o.example/v1/chat/completions"},
    {"https://o.example/v1/", "/v1", "https://o.example/v1"},
    {"https://o.example/v1", "/chat/completions", "https://o.example/v1/chat/completions"},
    {"https://o.example/v1", "/v10/x", "https://o.example/v1/v10/x"},
    {BASE, "/a//b/../c/./%2e%2e/", BASE "/a//b/../c/./%2e%2e/"},
    {BASE, "/?x", BASE "/?x"},
    {BASE, "", NULL},
    {BASE, "*", NULL},
    {BASE, "v1/messages", NULL},
    {BASE, "http://host", NULL},
    {BASE, "http:///v1", NULL},
    {BASE, "http://host?/v1", NULL},
    {BASE, "ftp://host/v1", NULL},
    {BASE, "host:443", NULL},
    {BASE, "/v1 /x", NULL},
    {BASE, "/v1\r\nx: y", NULL},
    {BASE, "/v1#x", NULL},
    {BASE, "/v1\x7f", NULL},
};

static void test_urls(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(urls); i++) {
        struct buffer url = {0};
        int r = forward_url(urls[i].base, urls[i].target, &url);
        if (r != (urls[i].url ? 0 : -EINVAL) ||
            strcmp(buffer_text(&url), urls[i].url ? urls[i].url : "") != 0)
            fail_msg("%s: %d, %s", urls[i].target, r, buffer_text(&url));
        buffer_finish(&url);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_urls),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
