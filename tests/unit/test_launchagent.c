#include "core/gateway/launchagent.h"

#include "support.h"

#include <errno.h>
#include <string.h>

static void is_written_byte_for_byte(void **state)
{
    (void)state;
    const char *const words[] = {"/opt/a & b/tcr-run", "gateway", "start", "--model-fallback",
                                 "<\"x\">"};
    const struct launchagent_variable variables[] = {{"TCR_STATE", "/Users/zoë/state"}};
    const struct launchagent_socket sockets[] = {
        {NULL, "127.0.0.1", "4080", false},
        {NULL, "::1", "4080", true},
        {"/Users/zoë/g.sock", NULL, NULL, false},
    };
    const struct launchagent agent = {"tcr-run.gateway", words,   COUNT(words),   variables,
                                      COUNT(variables),  sockets, COUNT(sockets), "/tmp/log"};
    struct buffer text = {0};
    assert_int_equal(launchagent_append(&agent, &text), 0);
    assert_string_equal(
        buffer_text(&text),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
        "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
        "<!-- Written by tcr-run gateway install; tcr-run gateway uninstall removes it. -->\n"
        "<plist version=\"1.0\">\n"
        "<dict>\n"
        "\t<key>Label</key>\n"
        "\t<string>tcr-run.gateway</string>\n"
        "\t<key>ProgramArguments</key>\n"
        "\t<array>\n"
        "\t\t<string>/opt/a &amp; b/tcr-run</string>\n"
        "\t\t<string>gateway</string>\n"
        "\t\t<string>start</string>\n"
        "\t\t<string>--model-fallback</string>\n"
        "\t\t<string>&lt;\"x\"&gt;</string>\n"
        "\t</array>\n"
        "\t<key>EnvironmentVariables</key>\n"
        "\t<dict>\n"
        "\t\t<key>TCR_STATE</key>\n"
        "\t\t<string>/Users/zoë/state</string>\n"
        "\t</dict>\n"
        "\t<key>Sockets</key>\n"
        "\t<dict>\n"
        "\t\t<key>Listeners</key>\n"
        "\t\t<array>\n"
        "\t\t\t<dict>\n"
        "\t\t\t\t<key>SockNodeName</key>\n"
        "\t\t\t\t<string>127.0.0.1</string>\n"
        "\t\t\t\t<key>SockServiceName</key>\n"
        "\t\t\t\t<string>4080</string>\n"
        "\t\t\t\t<key>SockFamily</key>\n"
        "\t\t\t\t<string>IPv4</string>\n"
        "\t\t\t\t<key>SockType</key>\n"
        "\t\t\t\t<string>stream</string>\n"
        "\t\t\t</dict>\n"
        "\t\t\t<dict>\n"
        "\t\t\t\t<key>SockNodeName</key>\n"
        "\t\t\t\t<string>::1</string>\n"
        "\t\t\t\t<key>SockServiceName</key>\n"
        "\t\t\t\t<string>4080</string>\n"
        "\t\t\t\t<key>SockFamily</key>\n"
        "\t\t\t\t<string>IPv6</string>\n"
        "\t\t\t\t<key>SockType</key>\n"
        "\t\t\t\t<string>stream</string>\n"
        "\t\t\t</dict>\n"
        "\t\t\t<dict>\n"
        "\t\t\t\t<key>SockPathName</key>\n"
        "\t\t\t\t<string>/Users/zoë/g.sock</string>\n"
        "\t\t\t\t<key>SockPathMode</key>\n"
        "\t\t\t\t<integer>384</integer>\n"
        "\t\t\t\t<key>SockType</key>\n"
        "\t\t\t\t<string>stream</string>\n"
        "\t\t\t</dict>\n"
        "\t\t</array>\n"
        "\t</dict>\n"
        "\t<key>AbandonProcessGroup</key>\n"
        "\t<true/>\n"
        "\t<key>ExitTimeOut</key>\n"
        "\t<integer>35</integer>\n"
        "\t<key>StandardErrorPath</key>\n"
        "\t<string>/tmp/log</string>\n"
        "</dict>\n"
        "</plist>\n");
    buffer_finish(&text);
}

/* XML has no way to write them. */
static void refuses_what_xml_cannot_hold(void **state)
{
    (void)state;
    static const char *const values[] = {"a\x01", "a\nb", "\xff", "\x1b[2J"};
    for (size_t i = 0; i < COUNT(values); i++) {
        const char *const words[] = {"tcr-run", values[i]};
        const struct launchagent_variable variable = {"HTTPS_PROXY", values[i]};
        const struct launchagent_socket socket = {values[i], NULL, NULL, false};
        const struct launchagent agents[] = {
            {"a", words, 2, NULL, 0, NULL, 0, "/log"},
            {"a", words, 1, &variable, 1, NULL, 0, "/log"},
            {"a", words, 1, NULL, 0, &socket, 1, "/log"},
            {"a", words, 1, NULL, 0, NULL, 0, values[i]},
        };
        for (size_t j = 0; j < COUNT(agents); j++) {
            struct buffer text = {0};
            assert_int_equal(launchagent_append(&agents[j], &text), -EINVAL);
            assert_int_equal(text.length, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_written_byte_for_byte),
        cmocka_unit_test(refuses_what_xml_cannot_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
