#include "core/client/gatewayuse.h"

#include "support.h"

#include <string.h>

static char *const no_variables[] = {NULL};

static struct client_call call_of(const char *line, bool terminal, char **argv, char *copy)
{
    static const struct options options;
    struct client_call call;
    size_t n = 0;
    strcpy(copy, line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[n++] = word;
    argv[n] = NULL;
    client_analyse(argv, &options, terminal, "00000000-0000-4000-8000-000000000001", NULL, &call);
    return call;
}

static void test_ways(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        bool terminal;
        enum gateway_wish wish;
        bool another_key;
        enum gateway_way way;
        const char *why;
    } rows[] = {
        {"claude", true, GATEWAY_AUTO, true, GATEWAY_SOCKET, "another key to change to"},
        {"claude", true, GATEWAY_AUTO, false, GATEWAY_NONE, "no other key"},
        {"claude", true, GATEWAY_OFF, true, GATEWAY_NONE, "none is wanted"},
        {"claude", false, GATEWAY_AUTO, true, GATEWAY_NONE, "only an interactive"},
        {"claude -p hello", true, GATEWAY_AUTO, true, GATEWAY_NONE, "only an interactive"},
        {"claude -p hello", false, GATEWAY_ON, false, GATEWAY_SOCKET, "asked for"},
        {"claude Hello", true, GATEWAY_AUTO, true, GATEWAY_SOCKET, "another key"},
        {"./script.sh", true, GATEWAY_AUTO, true, GATEWAY_NONE, "only an interactive"},
        {"./script.sh", true, GATEWAY_ON, true, GATEWAY_PORT, "asked for"},
        {"claude mcp list", true, GATEWAY_ON, true, GATEWAY_NONE, "subcommand"},
        {"claude --remote-control", true, GATEWAY_ON, true, GATEWAY_NONE, "--remote-control needs"},
        {"claude --cloud=x", true, GATEWAY_AUTO, true, GATEWAY_NONE, "--cloud needs"},
        {"claude --teleport id", true, GATEWAY_AUTO, true, GATEWAY_NONE, "--teleport needs"},
        {"claude --bg do", true, GATEWAY_AUTO, true, GATEWAY_NONE, "--bg needs"},
        {"claude --bgcolor", true, GATEWAY_AUTO, true, GATEWAY_SOCKET, "another key"},
        {"claude -- --bg", true, GATEWAY_AUTO, true, GATEWAY_SOCKET, "another key"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *argv[8], copy[64];
        struct buffer why = {0};
        struct client_call call = call_of(rows[i].command, rows[i].terminal, argv, copy);
        struct gatewayuse_request request = {.wish = rows[i].wish,
                                             .call = &call,
                                             .environment = no_variables,
                                             .another_key = rows[i].another_key,
                                             .has_kind = true};
        enum gateway_way way = gatewayuse_decide(&request, &why);
        if (way != rows[i].way || !strstr(buffer_text(&why), rows[i].why))
            fail_msg("%s: way %d, \"%s\"", rows[i].command, way, buffer_text(&why));
        buffer_finish(&why);
    }
}

/* A key that has to be spoken to in another format needs one, unless none is wanted or can be. */
static void test_translation(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        enum gateway_wish wish;
        enum gateway_way way;
    } rows[] = {
        {"claude -p hello", GATEWAY_AUTO, GATEWAY_SOCKET},
        {"claude", GATEWAY_AUTO, GATEWAY_SOCKET},
        {"claude -p hello", GATEWAY_OFF, GATEWAY_NONE},
        {"claude --remote-control", GATEWAY_AUTO, GATEWAY_NONE},
        {"./script.sh", GATEWAY_AUTO, GATEWAY_NONE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *argv[8], copy[64];
        struct buffer why = {0};
        struct client_call call = call_of(rows[i].command, false, argv, copy);
        struct gatewayuse_request request = {.wish = rows[i].wish,
                                             .call = &call,
                                             .environment = no_variables,
                                             .translates = true,
                                             .has_kind = true};
        if (gatewayuse_decide(&request, &why) != rows[i].way)
            fail_msg("%s: \"%s\"", rows[i].command, buffer_text(&why));
        buffer_finish(&why);
    }
}

static enum gateway_way decide(const struct gatewayuse_request *request, const char *expected)
{
    struct buffer why = {0};
    enum gateway_way way = gatewayuse_decide(request, &why);
    if (!strstr(buffer_text(&why), expected))
        fail_msg("\"%s\" lacks \"%s\"", buffer_text(&why), expected);
    buffer_finish(&why);
    return way;
}

static void test_what_rules_it_out(void **state)
{
    (void)state;
    char *argv[8], copy[64];
    struct client_call call = call_of("claude", true, argv, copy);
    char cloud[] = "CLAUDE_CODE_USE_BEDROCK=1";
    char *const cloudy[] = {cloud, NULL};
    const struct name_list keep = {.names = {"CLAUDE_CODE_USE_*"}, .count = 1};
    static const char restricted[] = "{\"allowedProviders\":[\"firstParty\"]}";
    const struct settings_source managed = {.path = "/etc/managed.json",
                                            .text = restricted,
                                            .length = sizeof restricted - 1,
                                            .managed = true};
    const struct settings_source own = {
        .path = "/home/settings.json", .text = restricted, .length = sizeof restricted - 1};
    struct gatewayuse_request request = {.wish = GATEWAY_AUTO,
                                         .call = &call,
                                         .environment = cloudy,
                                         .another_key = true,
                                         .has_kind = true};
    assert_int_equal(decide(&request, "another key"), GATEWAY_SOCKET);
    request.keep = &keep;
    assert_int_equal(decide(&request, "CLAUDE_CODE_USE_BEDROCK"), GATEWAY_NONE);
    request.environment = no_variables;
    request.sources = &own;
    request.source_count = 1;
    assert_int_equal(decide(&request, "another key"), GATEWAY_SOCKET);
    request.sources = &managed;
    assert_int_equal(decide(&request, "/etc/managed.json"), GATEWAY_NONE);
    request.source_count = 0;
    request.has_kind = false;
    assert_int_equal(decide(&request, "no gateway speaks"), GATEWAY_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways),
        cmocka_unit_test(test_translation),
        cmocka_unit_test(test_what_rules_it_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
