#include "core/pool/keyfile.h"
#include "core/translate/agent.h"

#include "support.h"

#include <errno.h>
#include <string.h>

#define END ",{\"type\":\"text\",\"text\":\"(This is the end of the message.)\"}]"

static const struct {
    enum format client;
    const char *body, *line, *model, *fault;
} requests[] = {
    {FORMAT_MESSAGES,
     "{\"model\":\"opus\",\"messages\":[{\"role\":\"user\",\"content\":\"a \\\"b\\\"\"}]}",
     "[{\"type\":\"text\",\"text\":\"a \\\"b\\\"\"}" END, "opus", NULL},
    {FORMAT_MESSAGES,
     "{\"model\":\"--x\",\"system\":[{\"type\":\"text\",\"text\":\"s\"}],\"messages\":[{\"role\":"
     "\"user\","
     "\"content\":[ {\"type\": \"image\", \"source\": {\"type\": \"base64\"}}, "
     "{\"type\":\"text\",\"text\":\"c\"} ]}]}",
     "[{\"type\":\"text\",\"text\":\"s\\n\\n\"},{\"type\":\"image\",\"source\":{\"type\":"
     "\"base64\"}},"
     "{\"type\":\"text\",\"text\":\"c\"}" END,
     "", NULL},
    {FORMAT_MESSAGES, "{\"system\":\"/clear\",\"messages\":[{\"role\":\"user\",\"content\":[]}]}",
     "[{\"type\":\"text\",\"text\":\"/clear\\n\\n\"}" END, "", NULL},
    {FORMAT_CHAT,
     "{\"model\":\"sonnet\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":"
     "\"assistant\","
     "\"content\":\"b\"},{\"role\":\"user\",\"content\":\"c\"}]}",
     "[{\"type\":\"text\",\"text\":\"The conversation so far:\\n\\nUser: a\\n\\nAssistant: "
     "b\\n\\nUser: "
     "\"},{\"type\":\"text\",\"text\":\"c\"}" END,
     "sonnet", NULL},
    {FORMAT_MESSAGES, "{\"messages\":[]}", NULL, "",
     "messages: expected the last to be the user's"},
    {FORMAT_MESSAGES, "[]", NULL, "", "body: expected one JSON object"},
    {FORMAT_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}", NULL, "",
     "model: expected the name of a model"},
    {FORMAT_CHAT,
     "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"tools\":[{\"type\":"
     "\"function\","
     "\"function\":{\"name\":\"x\"}}]}",
     NULL, "m", "tools: Claude Code has its own; leave them out"},
};

static void test_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(requests); i++) {
        struct translation translation = {.client = requests[i].client};
        struct buffer line = {0}, wanted = {0};
        char model[AGENT_MODEL];
        bool done =
            agent_request(&translation, requests[i].body, strlen(requests[i].body), model, &line);
        assert_true(done == !requests[i].fault);
        assert_string_equal(translation.fault.text, requests[i].fault ? requests[i].fault : "");
        assert_string_equal(model, requests[i].model);
        buffer_append_format(&wanted,
                             "{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":%s}}\n",
                             requests[i].line ? requests[i].line : "");
        if (done)
            assert_string_equal(buffer_text(&line), buffer_text(&wanted));
        buffer_finish(&line);
        buffer_finish(&wanted);
        translation_finish(&translation);
    }
}

#define EVENT(text) "{\"type\":\"stream_event\",\"event\":" text "}\n"
#define DELTA(text)                                                                                \
    EVENT("{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"" text  \
          "\"}}")
#define RESULT "{\"type\":\"result\",\"is_error\":false,\"result\":\"last\"}\n"

static const struct {
    bool stream;
    const char *lines, *has, *fault;
} answers[] = {
    {false, "{\"type\":\"system\"}\n" RESULT, "[{\"type\":\"text\",\"text\":\"last\"}]", NULL},
    {true, DELTA("a") EVENT("{\"type\":\"message_start\"}") DELTA("b") RESULT "more\n",
     "\"text\":\"\\n\\n\"", NULL},
    {true, RESULT, "\"text\":\"last\"", NULL},
    {false, "no json\n{\n[]\n\n" RESULT, "last", NULL},
    {false, "", "ended without a result", "api_error"},
    {true, DELTA("a"), "event: error", "api_error"},
    {false, "{\"type\":\"result\",\"is_error\":true,\"subtype\":\"error_max_turns\"}\n",
     "error_max_turns", "api_error"},
    {false,
     "{\"type\":\"result\",\"is_error\":true,\"api_error_status\":429,\"result\":\"limit\"}\n",
     "limit", "rate_limit_error"},
};

static void run(size_t i, size_t piece, struct buffer *out)
{
    struct translation translation = {.client = FORMAT_MESSAGES, .stream = answers[i].stream};
    struct agent_reply *reply = agent_reply_create(&translation, "1", 0);
    const char *sentence, *lines = answers[i].lines;
    for (size_t at = 0, length = strlen(lines); at < length; at += piece)
        agent_reply_feed(reply, lines + at, length - at < piece ? length - at : piece, out);
    agent_reply_end(reply, out);
    assert_true(agent_reply_has_ended(reply));
    const char *fault = agent_reply_fault(reply, &sentence);
    assert_string_equal(fault ? fault : "", answers[i].fault ? answers[i].fault : "");
    agent_reply_destroy(reply);
}

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct buffer whole = {0}, pieces = {0};
        run(i, 1 << 20, &whole);
        run(i, 1, &pieces);
        if (!strstr(buffer_text(&whole), answers[i].has))
            fail_msg("%zu: %s", i, buffer_text(&whole));
        assert_string_equal(buffer_text(&whole), buffer_text(&pieces));
        buffer_finish(&whole);
        buffer_finish(&pieces);
    }
}

#define FILE_WITH(agent)                                                                           \
    "{\"keys\":[{\"name\":\"a\",\"token\":\"" API_1 "\"}],\"policy\":{\"agent\":" agent "}}"

static void test_policy(void **state)
{
    (void)state;
    static const struct {
        const char *text, *errors, *tools, *built_in;
    } rows[] = {
        {FILE_WITH("{\"folder\":\"/w\"}"), "", NULL, NULL},
        {FILE_WITH("{\"folder\":\"~/w\",\"tools\":[\"Read\",\"Bash(ls:*)\"]}"), "",
         "Read,Bash(ls:*)", "Read,Bash"},
        {FILE_WITH("{\"folder\":\"/w\",\"tools\":[\"mcp__x__y\"]}"), "", "mcp__x__y", NULL},
        {FILE_WITH("{}"), "policy.agent.folder: missing: where Claude Code is to run\n", NULL,
         NULL},
        {FILE_WITH("{\"folder\":\"w\"}"),
         "policy.agent.folder: expected a path that begins with / or ~/\n", NULL, NULL},
        {FILE_WITH("{\"folder\":\"/w\",\"at_most\":0}"), NULL, NULL, NULL},
        {FILE_WITH("{\"folder\":\"/w\",\"tools\":\"Read\"}"),
         "policy.agent.tools: expected an array of rules such as [\"Read\", \"Bash(git log:*)\"]\n",
         NULL, NULL},
        {FILE_WITH("7"), NULL, NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keyring keyring;
        struct keyring_report report = {0};
        bool fine = rows[i].errors && !*rows[i].errors;
        int r = keyfile_parse(rows[i].text, strlen(rows[i].text), &keyring, &report);
        assert_int_equal(r, fine ? 0 : -EINVAL);
        if (rows[i].errors)
            assert_string_equal(buffer_text(&report.errors), rows[i].errors);
        if (fine && rows[i].tools)
            assert_string_equal(keyring.agent.tools, rows[i].tools);
        if (fine && !rows[i].tools)
            assert_null(keyring.agent.tools);
        if (fine && rows[i].built_in)
            assert_string_equal(keyring.agent.built_in, rows[i].built_in);
        if (fine && !rows[i].built_in)
            assert_null(keyring.agent.built_in);
        if (fine) {
            assert_int_equal(keyring.agent.at_most, 2);
            keyring_finish(&keyring);
        }
        keyring_report_finish(&report);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_requests),
                                       cmocka_unit_test(test_answers),
                                       cmocka_unit_test(test_policy)};
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
