#include "core/gateway/sessionid.h"

#include "support.h"

#include <stdlib.h>
#include <string.h>

#define UUID "0b5a1a1e-7f6e-4c0e-9d59-2b7a7f1f0001"
#define USER                                                                                       \
    "{\\\"device_id\\\":\\\"d\\\",\\\"account_uuid\\\":\\\"\\\",\\\"session_id\\\":\\\"" UUID      \
    "\\\"}"

static const struct row {
    const char *name, *head, *body, *session, *model;
    bool stream;
    const char *object, *key;
} rows[] = {
    {"header", "X-Claude-Code-Session-Id: " UUID "\r\n", "{}", UUID, "", false, "", ""},
    {"nothing", "", "", "", "", false, "", ""},
    {"body", "", "{\"model\":\"m\",\"metadata\":{\"user_id\":\"" USER "\"},\"stream\":true}", UUID,
     "m", true, "", ""},
    {"header before body", "x-claude-code-session-id: h\r\n",
     "{\"metadata\":{\"user_id\":\"" USER "\"}}", "h", "", false, "", ""},
    {"older client", "", "{\"metadata\":{\"user_id\":\"user_1_account__session_" UUID "\"}}", UUID,
     "", false, "", ""},
    {"user without a session", "", "{\"metadata\":{\"user_id\":\"me\"}}", "", "", false, "", ""},
    {"user of another type", "", "{\"metadata\":{\"user_id\":[\"" UUID "\"]}}", "", "", false, "",
     ""},
    {"spread out", "", " {\n \"stream\" : true ,\n \"model\" : \"m\\u0031\"\n}\n", "", "m1", true,
     "", ""},
    {"stream false", "", "{\"stream\":false}", "", "", false, "", ""},
    {"stream as text", "", "{\"stream\":\"true\"}", "", "", false, "", ""},
    {"deeper members", "",
     "{\"messages\":[{\"model\":\"no\",\"stream\":true,\"metadata\":{\"user_id\":\"" USER "\"}}]}",
     "", "", false, "", ""},
    {"members in a text", "", "{\"a\":\"\\\",\\\"model\\\":\\\"no\\\",\",\"model\":\"yes\"}", "",
     "yes", false, "", ""},
    {"backslashes before a quote", "", "{\"a\":\"\\\\\",\"model\":\"yes\",\"b\":\"\\\\\\\"\"}", "",
     "yes", false, "", ""},
    {"brackets in a text", "", "{\"a\":\"}}{[\",\"model\":\"yes\"}", "", "yes", false, "", ""},
    {"file", "",
     "{\"messages\":[{\"content\":[{\"source\":{\"type\":\"file\",\"file_id\":\"file_1\"}}"
     ",{\"file_id\":\"file_2\"}]}]}",
     "", "", false, "file_1", ""},
    {"file in a text", "", "{\"messages\":[\"\\\"file_id\\\":\\\"file_1\\\"\"]}", "", "", false, "",
     ""},
    {"file_id as a value", "", "{\"required\":[\"file_id\"]}", "", "", false, "", ""},
    {"container", "", "{\"container\":\"container_1\"}", "", "", false, "container_1", ""},
    {"container's id", "", "{\"container\":{\"id\":\"container_1\",\"skills\":[]}}", "", "", false,
     "container_1", ""},
    {"own skill", "",
     "{\"container\":{\"skills\":[{\"skill_id\":\"pptx\"},{\"skill_id\":\"skill_1\"}]}}", "", "",
     false, "skill_1", ""},
    {"an id elsewhere", "", "{\"tools\":{\"id\":\"container_1\"}}", "", "", false, "", ""},
    {"key by hand", "x-tcr-key: home\r\n", "", "", "", false, "", "home"},
    {"account by hand", "X-Account-Name: work\r\n", "", "", "", false, "", "work"},
    {"blank in a session", "x-claude-code-session-id: a b\r\n", "", "", "", false, "", ""},
    {"escape in a session", "",
     "{\"metadata\":{\"user_id\":\"{\\\"session_id\\\":\\\"\\\\u001b\\\"}\"}}", "", "", false, "",
     ""},
    {"blank in a model", "", "{\"model\":\"a b\"}", "", "", false, "", ""},
    {"half a text", "", "{\"model\":\"m", "", "", false, "", ""},
    {"bad escape", "", "{\"model\":\"\\uZZZZ\"}", "", "", false, "", ""},
    {"half a pair", "", "{\"model\":\"\\ud83d\\u", "", "", false, "", ""},
    {"brackets too many", "", "}}]]{\"model\":\"m\"}", "", "m", false, "", ""},
    {"no object", "", "[{\"model\":\"m\"}]", "", "", false, "", ""},
};

/* In memory of just that size, so that the sanitizer sees a byte read too many. */
static void read_body(const char *body, struct sessionid *id)
{
    size_t length = strlen(body);
    char *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, body, length);
    sessionid_read_body(copy, length, SESSIONID_WANT_ALL, id);
    free(copy);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct sessionid id;
        sessionid_read_head(row->head, &id);
        read_body(row->body, &id);
        if (strcmp(id.session, row->session) || strcmp(id.model, row->model) ||
            id.stream != row->stream || strcmp(id.object, row->object) || strcmp(id.key, row->key))
            fail_msg("%s: session %s, model %s, stream %d, object %s, key %s", row->name,
                     id.session, id.model, id.stream, id.object, id.key);
    }
}

/* Behind the last thing that is wanted nothing is read. */
static void test_wanted(void **state)
{
    (void)state;
    static const char body[] = "{\"model\":\"m\",\"file_id\":\"file_1\",\"stream\":true,"
                               "\"metadata\":{\"user_id\":\"x_session_s\"},\"model\":\"n\"}";
    static const struct {
        unsigned wanted;
        const char *session, *model;
        bool stream;
        const char *object;
    } cases[] = {
        {0, "", "", false, ""},
        {SESSIONID_WANT_MODEL, "", "m", false, ""},
        {SESSIONID_WANT_STREAM, "", "m", true, ""},
        {SESSIONID_WANT_OBJECT, "", "m", false, "file_1"},
        {SESSIONID_WANT_SESSION | SESSIONID_WANT_MODEL, "s", "m", true, ""},
        {SESSIONID_WANT_ALL, "s", "m", true, "file_1"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sessionid id = {0};
        sessionid_read_body(body, strlen(body), cases[i].wanted, &id);
        assert_string_equal(id.session, cases[i].session);
        assert_string_equal(id.model, cases[i].model);
        assert_int_equal(id.stream, cases[i].stream);
        assert_string_equal(id.object, cases[i].object);
    }
}

static void test_long(void **state)
{
    (void)state;
    struct buffer head = {0};
    struct sessionid id;
    buffer_append_text(&head, "x-claude-code-session-id: ");
    for (int i = 0; i < SESSIONID_TEXT - 1; i++)
        buffer_append_char(&head, 'a');
    sessionid_read_head(buffer_text(&head), &id);
    assert_int_equal(strlen(id.session), SESSIONID_TEXT - 1);
    buffer_append_char(&head, 'a');
    sessionid_read_head(buffer_text(&head), &id);
    assert_string_equal(id.session, "");
    buffer_finish(&head);
}

static void test_made(void **state)
{
    (void)state;
    static const struct {
        const char *body, *object;
    } cases[] = {
        {"{\"type\":\"file\",\"id\":\"file_1\",\"size_bytes\":1}", "file_1"},
        {"{\"id\":\"msgbatch_1\",\"request_counts\":{\"id\":\"no_1\"}}", "msgbatch_1"},
        {"{\"id\":\"msg_1\",\"container\":{\"id\":\"container_1\",\"expires_at\":\"x\"}}",
         "container_1"},
        {"{\"id\":\"msg_1\",\"content\":[{\"id\":\"toolu_1\"}]}", NULL},
        {"{\"id\":7}", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char object[SESSIONID_TEXT] = "untouched";
        bool made = sessionid_read_made(cases[i].body, strlen(cases[i].body), object);
        assert_int_equal(made, cases[i].object != NULL);
        assert_string_equal(object, cases[i].object ? cases[i].object : "untouched");
    }
}

static void test_one_model(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool one;
    } cases[] = {
        {"{\"model\":\"a\"}", true},
        {"{\"x\":{\"model\":1},\"model\":\"a\",\"y\":[{\"model\":\"b\"}],\"z\":\"model\"}", true},
        {"{\"model\":\"a\",\"messages\":[{}],\"model\":\"b\"}", false},
        {"{\"model\":\"a\",\"mod\\u0065l\":\"b\"}", false},
        {"{\"model\":\"a\",\"Model\":\"b\"}", false},
        {"{\"model\":\"a\"}{\"model\":\"b\"}", false},
        {"[{\"model\":\"a\"}]", false},
        {"", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (sessionid_names_one_model(cases[i].body, strlen(cases[i].body)) != cases[i].one)
            fail_msg("%s", cases[i].body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows), cmocka_unit_test(test_wanted),    cmocka_unit_test(test_long),
        cmocka_unit_test(test_made), cmocka_unit_test(test_one_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
