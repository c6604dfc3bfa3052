#include "core/gateway/guard.h"

#include "support.h"

#include <string.h>

#define TOKEN "tcr-FAKE-stand-in-0001"
#define H     "Host: 127.0.0.1:4080\r\n"
#define T     "x-api-key: " TOKEN "\r\n"

static const char *const hosts[] = {"127.0.0.1:4080", "localhost:4080", "[::1]:4080"};
static const struct guard port = {TOKEN, false, hosts, COUNT(hosts)};
static const struct guard socket_alone = {NULL, false, NULL, 0};

static const struct row {
    const char *name;
    const struct guard *guard;
    const char *method, *target, *head;
    enum guard_verdict verdict;
} rows[] = {
    {"x-api-key", &port, "POST", "/v1/messages", H T, GUARD_ADMITTED},
    {"bearer", &port, "POST", "/v1/messages", H "Authorization: bearer " TOKEN "\r\n",
     GUARD_ADMITTED},
    {"right beside wrong", &port, "POST", "/", H "authorization: Bearer x\r\n" T, GUARD_ADMITTED},
    {"localhost", &port, "GET", "/", "host: LOCALHOST:4080\r\n" T, GUARD_ADMITTED},
    {"IPv6", &port, "GET", "/", "host: [::1]:4080\r\n" T, GUARD_ADMITTED},
    {"socket", &socket_alone, "POST", "/v1/messages", "Host: api.anthropic.com\r\n",
     GUARD_ADMITTED},
    {"socket, no Host", &socket_alone, "GET", "/", "", GUARD_ADMITTED},
    {"socket, absolute form", &socket_alone, "POST", "http://api.anthropic.com/v1/messages",
     "Host: api.anthropic.com\r\n", GUARD_ADMITTED},
    {"absolute form", &port, "POST", "http://localhost:4080/v1/messages", H T, GUARD_ADMITTED},
    {"own page", &port, "POST", "/",
     H T "Origin: http://127.0.0.1:4080\r\nSec-Fetch-Site: "
         "same-origin\r\n",
     GUARD_ADMITTED},
    {"typed address", &port, "GET", "/", H T "sec-fetch-site: none\r\n", GUARD_ADMITTED},
    {"chunked", &port, "POST", "/", H T "Transfer-Encoding: chunked\r\n", GUARD_ADMITTED},
    {"length", &port, "POST", "/", H T "Content-Length: 5\r\n", GUARD_ADMITTED},

    {"no token", &port, "POST", "/", H, GUARD_TOKEN},
    {"wrong token", &port, "POST", "/", H "x-api-key: " TOKEN "x\r\n", GUARD_TOKEN},
    {"cut token", &port, "POST", "/", H "x-api-key: tcr-FAKE-stand-in-000\r\n", GUARD_TOKEN},
    {"empty token", &port, "POST", "/", H "x-api-key:\r\n", GUARD_TOKEN},
    {"token in capitals", &port, "POST", "/", H "x-api-key: TCR-FAKE-STAND-IN-0001\r\n",
     GUARD_TOKEN},
    {"bare token", &port, "POST", "/", H "authorization: " TOKEN "\r\n", GUARD_TOKEN},
    {"basic", &port, "POST", "/", H "authorization: Basic " TOKEN "\r\n", GUARD_TOKEN},
    {"token elsewhere", &port, "POST", "/", H "x-other: " TOKEN "\r\n", GUARD_TOKEN},
    {"foreign Host", &port, "POST", "/", "Host: evil.example\r\n" T, GUARD_HOST},
    {"begins like ours", &port, "POST", "/", "Host: 127.0.0.1:4080.evil.example\r\n" T, GUARD_HOST},
    {"other port", &port, "POST", "/", "Host: 127.0.0.1:80\r\n" T, GUARD_HOST},
    {"no port", &port, "POST", "/", "Host: 127.0.0.1\r\n" T, GUARD_HOST},
    {"no Host", &port, "POST", "/", T, GUARD_HOST},
    {"two Hosts", &port, "POST", "/", H H T, GUARD_HOST},
    {"socket, two Hosts", &socket_alone, "GET", "/", "host: a\r\nhost: b\r\n", GUARD_HOST},
    {"foreign absolute form", &port, "POST", "http://evil.example/v1/messages", H T, GUARD_HOST},
    {"user in absolute form", &port, "POST", "http://127.0.0.1:4080@evil.example/", H T,
     GUARD_HOST},
    {"foreign Origin", &port, "POST", "/", H T "Origin: https://evil.example\r\n", GUARD_ORIGIN},
    {"Origin null", &port, "POST", "/", H T "Origin: null\r\n", GUARD_ORIGIN},
    {"Origin with https", &port, "POST", "/", H T "Origin: https://127.0.0.1:4080\r\n",
     GUARD_ORIGIN},
    {"second Origin", &port, "POST", "/",
     H T "Origin: http://127.0.0.1:4080\r\nOrigin: http://evil.example\r\n", GUARD_ORIGIN},
    {"any Origin on the socket", &socket_alone, "POST", "/", "Origin: http://localhost\r\n",
     GUARD_ORIGIN},
    {"cross-site", &port, "POST", "/", H T "Sec-Fetch-Site: cross-site\r\n", GUARD_ORIGIN},
    {"same-site, other port", &port, "POST", "/", H T "Sec-Fetch-Site: same-site\r\n",
     GUARD_ORIGIN},
    {"CONNECT", &port, "CONNECT", "127.0.0.1:4080", H T, GUARD_TARGET},
    {"TRACE", &socket_alone, "TRACE", "/v1/models", H T, GUARD_METHOD},
    {"CONNECT to a path", &socket_alone, "CONNECT", "/", H T, GUARD_TARGET},
    {"asterisk", &port, "OPTIONS", "*", H T, GUARD_TARGET},
    {"https without a path", &port, "GET", "https://127.0.0.1:4080", H T, GUARD_TARGET},
    {"length and chunked", &port, "POST", "/",
     H T "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", GUARD_FRAMING},
    {"two lengths", &port, "POST", "/", H T "Content-Length: 5\r\ncontent-length: 5\r\n",
     GUARD_FRAMING},
    {"signed length", &port, "POST", "/", H T "Content-Length: +5\r\n", GUARD_FRAMING},
    {"list of lengths", &port, "POST", "/", H T "Content-Length: 5, 5\r\n", GUARD_FRAMING},
    {"empty length", &port, "POST", "/", H T "Content-Length:\r\n", GUARD_FRAMING},
    {"unknown coding", &port, "POST", "/", H T "Transfer-Encoding: xchunked\r\n", GUARD_FRAMING},
    {"two codings", &port, "POST", "/", H T "Transfer-Encoding: gzip, chunked\r\n", GUARD_FRAMING},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        enum guard_verdict verdict = guard_check(row->guard, row->method, row->target, row->head);
        if (verdict != row->verdict)
            fail_msg("%s: %d", row->name, (int)verdict);
    }
}

static void test_answers(void **state)
{
    (void)state;
    static const int statuses[GUARD_COUNT] = {200, 400, 400, 405, 421, 403, 401};
    for (int i = 0; i < GUARD_COUNT; i++) {
        assert_int_equal(guard_status((enum guard_verdict)i), statuses[i]);
        assert_int_equal(*guard_sentence((enum guard_verdict)i) == '\0', i == GUARD_ADMITTED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
