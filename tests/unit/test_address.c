#include "core/pool/address.h"

#include "support.h"

#include <errno.h>
#include <string.h>

static void test_taken(void **state)
{
    (void)state;
    static const struct {
        const char *text, *address, *host;
        bool plain_http;
    } rows[] = {
        {"https://proxy.corp", "https://proxy.corp", "proxy.corp", false},
        {"https://proxy.corp/", "https://proxy.corp", "proxy.corp", false},
        {"https://proxy.corp//", "https://proxy.corp", "proxy.corp", false},
        {"HTTPS://Proxy.Corp/", "https://proxy.corp", "proxy.corp", false},
        {"https://proxy.corp:443", "https://proxy.corp", "proxy.corp", false},
        {"https://proxy.corp:443/x/", "https://proxy.corp/x", "proxy.corp", false},
        {"https://proxy.corp:8443/", "https://proxy.corp:8443", "proxy.corp:8443", false},
        {"https://proxy.corp:80", "https://proxy.corp:80", "proxy.corp:80", false},
        {"https://api.example/Anthropic/v1//", "https://api.example/Anthropic/v1", "api.example",
         false},
        {"https://my_proxy/a%20b", "https://my_proxy/a%20b", "my_proxy", false},
        {"https://[2001:DB8::1]:8443/x", "https://[2001:db8::1]:8443/x", "[2001:db8::1]:8443",
         false},
        {"http://127.0.0.1:4000/", "http://127.0.0.1:4000", "127.0.0.1:4000", false},
        {"http://127.1.2.3", "http://127.1.2.3", "127.1.2.3", false},
        {"http://localhost:80/v1", "http://localhost/v1", "localhost", false},
        {"http://LOCALHOST", "http://localhost", "localhost", false},
        {"http://api.localhost", "http://api.localhost", "api.localhost", false},
        {"http://[::1]:4000", "http://[::1]:4000", "[::1]:4000", false},
        {"http://litellm.internal:4000", "http://litellm.internal:4000", "litellm.internal:4000",
         true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char address[ADDRESS_TEXT];
        const char *host;
        struct buffer error = {0};
        if (address_parse(rows[i].text, rows[i].plain_http, address, &error) < 0)
            fail_msg("%s: %s", rows[i].text, buffer_text(&error));
        assert_string_equal(address, rows[i].address);
        assert_int_equal(address_host(address, &host), strlen(rows[i].host));
        assert_memory_equal(host, rows[i].host, strlen(rows[i].host));
        assert_int_equal(error.length, 0);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"", "neither https:// nor http://"},
        {"proxy.corp", "neither https:// nor http://"},
        {"https:/proxy.corp", "neither https:// nor http://"},
        {"ftp://proxy.corp", "neither https:// nor http://"},
        {"unix:///run/FAKE", "neither https:// nor http://"},
        {"https://", "no host"},
        {"https:///path", "no host"},
        {"https://:443", "no host"},
        {"https://[::1", "no host"},
        {"https://a,b", "no host that can be"},
        {"https://user:FAKE@proxy.corp", "a user or a password"},
        {"https://FAKE@proxy.corp", "a user or a password"},
        {"https://proxy.corp?key=FAKE", "a query"},
        {"https://proxy.corp/x?key=FAKE", "a query"},
        {"https://proxy.corp/#x", "a query"},
        {"https://proxy.corp:", "port"},
        {"https://proxy.corp:0", "port"},
        {"https://proxy.corp:65536", "port"},
        {"https://proxy.corp:99999999999999999999", "port"},
        {"https://proxy.corp:8o", "port"},
        {"https://[::1]x", "port"},
        {"https://proxy .corp", "white space"},
        {"https://proxy.corp\n", "white space"},
        {"https://good.example\\@evil.example", "no address has"},
        {"https://pr\xc3\xb6xy.corp", "xn--"},
        {"http://proxy.corp", "unencrypted"},
        {"http://127.evil.example", "unencrypted"},
        {"http://localhost.evil.example", "unencrypted"},
        {"http://notlocalhost", "unencrypted"},
        {"http://[::2]", "unencrypted"},
        {"http://127.", "unencrypted"},
        {"http://localhost@proxy.corp", "a user or a password"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char address[ADDRESS_TEXT] = "untouched";
        struct buffer error = {0};
        if (address_parse(rows[i].text, false, address, &error) != -EINVAL)
            fail_msg("%s was taken as %s", rows[i].text, address);
        expect_part(rows[i].text, buffer_text(&error), rows[i].part);
        expect_no_secret(rows[i].text, buffer_text(&error));
        assert_string_equal(address, "untouched");
        buffer_finish(&error);
    }
}

/* An address is never cut: it would be another one. */
static void test_length(void **state)
{
    (void)state;
    char text[ADDRESS_TEXT + 2], address[ADDRESS_TEXT];
    struct buffer error = {0};
    memset(text, 'a', sizeof text);
    memcpy(text, "https://a/", 10);
    text[ADDRESS_TEXT] = '\0';
    assert_int_equal(address_parse(text, false, address, &error), -EINVAL);
    expect_part("512", buffer_text(&error), "longer");
    text[ADDRESS_TEXT - 1] = '\0';
    assert_int_equal(address_parse(text, false, address, &error), 0);
    assert_string_equal(address, text);
    buffer_finish(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_length),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
