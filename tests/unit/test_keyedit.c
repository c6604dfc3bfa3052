#include "core/pool/keyedit.h"

#include "core/pool/keyfile.h"
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HOME "{\"name\":\"home\",\"token\":\"" OAUTH_1 "\"}"
#define WORK "{\"name\":\"work\",\"token\":\"" OAUTH_2 "\"}"
#define BILL "{\"name\":\"bill\",\"token\":\"" API_1 "\"}"

static cJSON *json(const char *text)
{
    cJSON *item = json_parse(text, strlen(text), NULL);
    if (!item)
        fail_msg("no JSON: %s", text);
    return item;
}

/* Compares with white space taken out of what was printed. */
static void expect_file(const cJSON *file, const char *expected)
{
    struct buffer text = {0};
    keyedit_print(file, &text);
    assert_false(text.failed);
    cJSON *again = json(buffer_text(&text));
    char *compact = json_print(again, false);
    assert_string_equal(compact, expected);
    json_free_text(compact);
    json_destroy(again);
    buffer_finish(&text);
}

/* One edit of a table: what it makes of `before`, or why it does not. */
struct row {
    const char *before, *after; /* NULL: refused, and `before` stays */
    const char *words[2];
    const char *told; /* in the error or the notes */
    bool flag;
};

typedef int edit(cJSON *file, const struct row *row, struct buffer *notes, struct buffer *error);

static void run_rows(const struct row *rows, size_t count, edit *apply)
{
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        struct buffer notes = {0}, error = {0};
        cJSON *file = json(row->before);
        int r = apply(file, row, &notes, &error);
        if (r != (row->after ? 0 : -EINVAL))
            fail_msg("%s: %d, %s", row->before, r, buffer_text(&error));
        expect_file(file, row->after ? row->after : row->before);
        expect_part(row->before, buffer_text(row->after ? &notes : &error),
                    row->told ? row->told : "");
        assert_int_equal(error.length > 0, !row->after);
        if (!row->told)
            assert_string_equal(buffer_text(&notes), "");
        expect_no_secret(row->before, buffer_text(&error));
        json_destroy(file);
        buffer_finish(&notes);
        buffer_finish(&error);
    }
}

static int apply_add(cJSON *file, const struct row *row, struct buffer *notes, struct buffer *error)
{
    (void)notes;
    return keyedit_add(file, json(row->words[0]), row->flag, error);
}

static void test_add(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{}", "{\"keys\":[" HOME "]}", {HOME}, NULL, false},
        {"{\"version\":1,\"keys\":[]}", "{\"version\":1,\"keys\":[" HOME "]}", {HOME}, NULL, false},
        {"{\"keys\":[" HOME "]}", "{\"keys\":[" HOME "," WORK "]}", {WORK}, NULL, false},
        {"{\"keys\":[" HOME "]}", "{\"keys\":[" HOME "],\"master\":" BILL "}", {BILL}, NULL, true},
        {"{\"master\":null,\"keys\":[" HOME "]}",
         "{\"master\":" BILL ",\"keys\":[" HOME "]}",
         {BILL},
         NULL,
         true},
        /* What it does not know stays, where it was. */
        {"{\"later\":[1,{\"a\":null}],\"keys\":[{\"x\":0.5,\"name\":\"home\",\"token\":\"" OAUTH_1
         "\",\"y\":\"é\\n\"}],\"end\":true}",
         "{\"later\":[1,{\"a\":null}],\"keys\":[{\"x\":0.5,\"name\":\"home\",\"token\":\"" OAUTH_1
         "\",\"y\":\"é\\n\"}," WORK "],\"end\":true}",
         {WORK},
         NULL,
         false},
        {"{\"keys\":[" HOME "]}", NULL, {HOME}, "a key \"home\" already", false},
        {"{\"keys\":[" HOME "]}",
         NULL,
         {"{\"name\":\"other\",\"token\":\"" OAUTH_1 "\"}"},
         "the secret of \"home\"",
         false},
        {"{\"keys\":[{\"token\":\"" OAUTH_1 "\"}]}",
         NULL,
         {"{\"name\":\"key1\",\"token\":\"" OAUTH_2 "\"}"},
         "a key \"key1\" already",
         false},
        {"{\"keys\":[{\"token\":\"" OAUTH_1 "\"}]}",
         NULL,
         {"{\"name\":\"x\",\"token\":\"" OAUTH_1 "\"}"},
         "the secret of \"key1\"",
         false},
        {"{\"keys\":[],\"master\":" BILL "}", NULL, {BILL}, "a key \"bill\" already", false},
        {"{\"keys\":[],\"master\":" BILL "}",
         NULL,
         {"{\"name\":\"x\",\"token\":\"" API_1 "\"}"},
         "the secret of \"bill\"",
         false},
        {"{\"keys\":[],\"master\":" BILL "}", NULL, {HOME}, "remove bill", true},
        {"{\"keys\":[],\"master\":{\"token\":\"" API_1 "\"}}", NULL, {HOME}, "remove master", true},
        {"{\"keys\":[{\"name\":\"a\",\"token_command\":[\"pass\",\"x\"]}]}",
         NULL,
         {"{\"name\":\"b\",\"token_command\":[\"pass\",\"x\"]}"},
         "the secret of \"a\"",
         false},
        {"{\"keys\":[{\"name\":\"a\",\"token_command\":[\"pass\",\"x\"]}]}",
         "{\"keys\":[{\"name\":\"a\",\"token_command\":[\"pass\",\"x\"]},{\"name\":\"b\",\"token_"
         "command\":[\"pass\",\"y\"]}]}",
         {"{\"name\":\"b\",\"token_command\":[\"pass\",\"y\"]}"},
         NULL,
         false},
        {"{\"keys\":[{\"name\":\"a\",\"config_dir\":\"/x\"}]}",
         NULL,
         {"{\"name\":\"b\",\"config_dir\":\"/x\"}"},
         "the secret of \"a\"",
         false},
    };
    run_rows(rows, COUNT(rows), apply_add);
    struct buffer error = {0};
    cJSON *file = keyedit_new();
    expect_file(file, "{\"version\":1,\"keys\":[]}");
    assert_int_equal(keyedit_add(file, NULL, false, &error), -ENOMEM);
    json_destroy(file);
}

static int apply_remove(cJSON *file, const struct row *row, struct buffer *notes,
                        struct buffer *error)
{
    return keyedit_remove(file, row->words[0], notes, error);
}

static void test_remove(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{\"keys\":[" HOME "," WORK "]}", "{\"keys\":[" WORK "]}", {"home"}, NULL, false},
        {"{\"keys\":[" HOME "," WORK "]}", "{\"keys\":[" HOME "]}", {"work"}, NULL, false},
        {"{\"keys\":[" HOME "]}", "{\"keys\":[]}", {"home"}, NULL, false},
        {"{\"keys\":[" HOME "],\"master\":" BILL ",\"z\":1}",
         "{\"keys\":[" HOME "],\"z\":1}",
         {"bill"},
         NULL,
         false},
        {"{\"keys\":[],\"master\":{\"token\":\"x\"}}", "{\"keys\":[]}", {"master"}, NULL, false},
        {"{\"keys\":[" HOME "]}", NULL, {"work"}, "no key \"work\"", false},
        {"{\"keys\":[" HOME "]}", NULL, {"Home"}, "no key \"Home\"", false},
        {"{}", NULL, {"home"}, "no key", false},
        /* key3 is still key3 when key1 is gone. */
        {"{\"keys\":[{\"token\":\"a\"}," HOME ",{\"token\":\"b\"}],\"profiles\":{\"p\":{\"keys\":["
         "\"key1\",\"key3\"]}}}",
         "{\"keys\":[" HOME ",{\"token\":\"b\",\"name\":\"key3\"}],\"profiles\":{\"p\":{\"keys\":["
         "\"key3\"]}}}",
         {"key1"},
         "the profile \"p\" is without \"key1\" now\n",
         false},
        {"{\"keys\":[" HOME "," WORK
         "],\"profiles\":{\"p\":{\"keys\":[\"home\"]},\"q\":{\"keys\":[\"work\",\"home\"]},\"r\":{"
         "\"master\":false}}}",
         "{\"keys\":[" WORK "],\"profiles\":{\"p\":{\"keys\":[]},\"q\":{\"keys\":[\"work\"]},\"r\":"
         "{\"master\":false}}}",
         {"home"},
         "the profile \"p\" has no keys any more\nthe profile \"q\" is without \"home\" now\n",
         false},
    };
    run_rows(rows, COUNT(rows), apply_remove);
}

static int apply_rename(cJSON *file, const struct row *row, struct buffer *notes,
                        struct buffer *error)
{
    (void)notes;
    return keyedit_rename(file, row->words[0], row->words[1], error);
}

static void test_rename(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{\"keys\":[{\"a\":1,\"name\":\"home\",\"b\":2}]}",
         "{\"keys\":[{\"a\":1,\"name\":\"house\",\"b\":2}]}",
         {"home", "house"},
         NULL,
         false},
        {"{\"keys\":[{\"token\":\"x\"},{\"token\":\"y\"}]}",
         "{\"keys\":[{\"token\":\"x\"},{\"token\":\"y\",\"name\":\"z\"}]}",
         {"key2", "z"},
         NULL,
         false},
        {"{\"keys\":[" HOME "," WORK "],\"profiles\":{\"p\":{\"keys\":[\"work\",\"home\"]}}}",
         "{\"keys\":[{\"name\":\"x\",\"token\":\"" OAUTH_1 "\"}," WORK
         "],\"profiles\":{\"p\":{\"keys\":[\"work\",\"x\"]}}}",
         {"home", "x"},
         NULL,
         false},
        {"{\"keys\":[],\"master\":{\"name\":\"m\"}}",
         "{\"keys\":[],\"master\":{\"name\":\"n\"}}",
         {"m", "n"},
         NULL,
         false},
        {"{\"keys\":[" HOME "," WORK "]}", NULL, {"home", "work"}, "a key \"work\" already", false},
        {"{\"keys\":[" HOME "]}", NULL, {"home", "home"}, "a key \"home\" already", false},
        {"{\"keys\":[" HOME "],\"master\":" BILL "}", NULL, {"home", "bill"}, "already", false},
        {"{\"keys\":[" HOME ",{}]}", NULL, {"home", "key2"}, "a key \"key2\" already", false},
        {"{\"keys\":[" HOME "]}", NULL, {"work", "x"}, "no key \"work\"", false},
    };
    run_rows(rows, COUNT(rows), apply_rename);
}

static int apply_disable(cJSON *file, const struct row *row, struct buffer *notes,
                         struct buffer *error)
{
    (void)notes;
    return keyedit_disable(file, row->words[0], row->flag, error);
}

static void test_organization(void **state)
{
    (void)state;
    struct buffer error = {0};
    static const char before[] = "{\"keys\":[{\"token_file\":\"t\",\"x\":1},{\"name\":\"b\","
                                 "\"organization\":\"acme\"}]}";
    cJSON *file = json_parse(before, strlen(before), NULL);
    assert_int_equal(keyedit_set_organization(file, "b", "other", &error), 1);
    assert_int_equal(keyedit_set_organization(file, "key1", "org-1", &error), 0);
    assert_string_equal(json_string(keyedit_find(file, "b"), "organization"), "acme");
    assert_string_equal(json_string(keyedit_find(file, "key1"), "organization"), "org-1");
    assert_non_null(json_get(keyedit_find(file, "key1"), "x"));
    assert_int_equal(keyedit_set_organization(file, "c", "org-1", &error), -EINVAL);
    expect_part("unknown", buffer_text(&error), "there is no key \"c\"");
    json_destroy(file);
    buffer_finish(&error);
}

static void test_disable(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{\"keys\":[{\"name\":\"a\",\"x\":1}]}",
         "{\"keys\":[{\"name\":\"a\",\"x\":1,\"disabled\":true}]}",
         {"a"},
         NULL,
         true},
        {"{\"keys\":[{\"disabled\":false,\"name\":\"a\"}]}",
         "{\"keys\":[{\"disabled\":true,\"name\":\"a\"}]}",
         {"a"},
         NULL,
         true},
        {"{\"keys\":[{\"disabled\":true,\"name\":\"a\"}]}",
         "{\"keys\":[{\"name\":\"a\"}]}",
         {"a"},
         NULL,
         false},
        {"{\"keys\":[{\"name\":\"a\"}]}", "{\"keys\":[{\"name\":\"a\"}]}", {"a"}, NULL, false},
        {"{\"master\":" BILL "}",
         "{\"master\":{\"name\":\"bill\",\"token\":\"" API_1 "\",\"disabled\":true}}",
         {"bill"},
         NULL,
         true},
        {"{\"keys\":[]}", NULL, {"a"}, "no key \"a\"", true},
    };
    run_rows(rows, COUNT(rows), apply_disable);
}

static void test_stamp(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        bool stamped;
    } rows[] = {
        {"{\"token\":\"" OAUTH_1 "\"}", true},
        {"{\"token\":\"" API_1 "\"}", false},
        {"{\"token\":\"of another\"}", false},
        {"{\"token\":\"" OAUTH_1 "\",\"expires\":\"2027-01-01\"}", false},
        {"{\"token\":\"" OAUTH_1 "\",\"refresh_token\":\"x\"}", false},
        {"{\"token\":\"" OAUTH_1 "\",\"added\":1700000000}", false},
        {"{\"token_file\":\"" OAUTH_1 "\"}", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t added = 0;
        cJSON *entry = json(rows[i].before);
        assert_int_equal(keyedit_stamp(entry, 1795132800), 0);
        (void)json_integer(entry, "added", &added);
        assert_int_equal(added == 1795132800, rows[i].stamped);
        json_destroy(entry);
    }
}

static void test_describe(void **state)
{
    (void)state;
    static const struct {
        const char *entry, *text;
    } rows[] = {
        {HOME, "\"home\" (oauth, sk-ant-oat01-…0001)"},
        {BILL, "\"bill\" (api, sk-ant-api03-…0001)"},
        {"{\"name\":\"o\",\"token\":\"sk-proj-FAKEFAKEFAKE1234\",\"kind\":\"openai\"}",
         "\"o\" (openai, sk-proj-…1234)"},
        {"{\"name\":\"e\",\"token\":\"FAKE\",\"kind\":{\"env\":\"X\"}}", "\"e\" (env, …)"},
        {"{\"name\":\"c\",\"token_command\":[\"x\"]}", "\"c\" (by a command)"},
        {"{\"name\":\"f\",\"token_file\":\"x\"}", "\"f\" (from a file)"},
        {"{\"name\":\"d\",\"config_dir\":\"x\"}", "\"d\" (a login folder)"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer text = {0};
        cJSON *entry = json(rows[i].entry);
        keyedit_describe(entry, &text);
        assert_string_equal(buffer_text(&text), rows[i].text);
        expect_no_secret(rows[i].entry, buffer_text(&text));
        json_destroy(entry);
        buffer_finish(&text);
    }
}

static void test_find_and_count(void **state)
{
    (void)state;
    cJSON *file = json("{\"keys\":[" HOME ",{\"x\":2}],\"master\":{\"x\":3}}");
    int64_t number = 0;
    assert_int_equal(keyedit_count(file), 3);
    assert_string_equal(json_string(keyedit_find(file, "home"), "token"), OAUTH_1);
    assert_true(json_integer(keyedit_find(file, "key2"), "x", &number) && number == 2);
    assert_true(json_integer(keyedit_find(file, "master"), "x", &number) && number == 3);
    assert_null(keyedit_find(file, "key1"));
    assert_null(keyedit_find(file, "key3"));
    assert_string_equal(keyedit_master(file), "master");
    json_destroy(file);
    static const char *const empty[] = {
        "{}", "[]", "1", "{\"keys\":{}}", "{\"keys\":[]}", "{\"master\":null}"};
    for (size_t i = 0; i < COUNT(empty); i++) {
        file = json(empty[i]);
        assert_int_equal(keyedit_count(file), 0);
        assert_null(keyedit_find(file, "key1"));
        assert_null(keyedit_master(file));
        json_destroy(file);
    }
}

static void test_print(void **state)
{
    (void)state;
    static const struct {
        const char *compact, *text;
    } rows[] = {
        {"{}", "{}\n"},
        {"{\"a\":[],\"b\":{},\"c\":null}", "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": null\n}\n"},
        {"{\"a\":[\"x\",1,true],\"b\":{\"c\":[{\"d\":4102444800}]}}",
         "{\n  \"a\": [\"x\", 1, true],\n  \"b\": {\n    \"c\": [\n      {\n        \"d\": "
         "4102444800\n      }\n    ]\n  }\n}\n"},
        {"{\"ä\\\"\":\"\\u0001\\\\\"}", "{\n  \"ä\\\"\": \"\\u0001\\\\\"\n}\n"},
        {"[\"a long word that fills the line and more\",\"a long word that fills the line and "
         "more\",\"a long word that fills the line and more\"]",
         "[\n  \"a long word that fills the line and more\",\n  \"a long word that fills the line "
         "and more\",\n  \"a long word that fills the line and more\"\n]\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer text = {0};
        cJSON *item = json(rows[i].compact);
        keyedit_print(item, &text);
        assert_string_equal(buffer_text(&text), rows[i].text);
        json_destroy(item);
        buffer_finish(&text);
    }
}

/* What it writes is what the reader of key files reads. */
static void test_reader_reads_it(void **state)
{
    (void)state;
    struct buffer text = {0}, error = {0};
    struct keyring_report report = {0};
    struct keyring ring;
    cJSON *file = keyedit_new();
    cJSON *entry = json(HOME);
    assert_int_equal(keyedit_stamp(entry, 1795132800), 0);
    assert_int_equal(keyedit_add(file, entry, false, &error), 0);
    assert_int_equal(keyedit_add(file, json(BILL), true, &error), 0);
    assert_int_equal(keyedit_disable(file, "home", true, &error), 0);
    keyedit_print(file, &text);
    assert_int_equal(keyfile_parse(buffer_text(&text), text.length, &ring, &report), 0);
    assert_string_equal(buffer_text(&report.warnings), "");
    assert_true(ring.has_master && ring.count == 1 && ring.keys[0].disabled);
    assert_int_equal(key_end(&ring.keys[0]), 1795132800 + 365 * 86400);
    assert_int_equal(key_end(&ring.master), 0);
    keyring_finish(&ring);
    json_destroy(file);
    buffer_finish_wiping(&text);
}

/* In the order of names as the text has them, joined by blanks. */
static int order(cJSON *file, const char *text, struct buffer *error)
{
    char copy[128], *names[8], *rest = copy;
    size_t count = 0;
    snprintf(copy, sizeof copy, "%s", text);
    while (rest && *rest)
        names[count++] = strsep(&rest, " ");
    buffer_clear(error);
    return keyedit_order(file, names, count, error);
}

static void test_order(void **state)
{
    static const char *const wrong[] = {"",      "a",     "a b",     "a b c a",
                                        "a b d", "a a b", "a b c m", "m a b c"};
    (void)state;
    struct buffer error = {0}, before = {0}, after = {0};
    cJSON *file = json("{\"keys\":[{\"name\":\"a\"},{\"name\":\"b\",\"priority\":5},{\"name\":"
                       "\"c\"}],\"master\":{\"name\":\"m\"}}");
    keyedit_print(file, &before);
    for (size_t i = 0; i < COUNT(wrong); i++)
        if (order(file, wrong[i], &error) != -EINVAL || error.length == 0)
            fail_msg("%s", wrong[i]);
    keyedit_print(file, &after);
    assert_string_equal(buffer_text(&after), buffer_text(&before));
    assert_int_equal(order(file, "c a b", &error), 0);
    assert_int_equal(order(file, "c a b", &error), 1);
    buffer_clear(&after);
    keyedit_print(file, &after);
    cJSON *wanted =
        json("{\"keys\":[{\"name\":\"a\",\"priority\":2},{\"name\":\"b\",\"priority\":3},{\"name\":"
             "\"c\",\"priority\":1}],\"master\":{\"name\":\"m\"}}");
    buffer_clear(&before);
    keyedit_print(wanted, &before);
    assert_string_equal(buffer_text(&after), buffer_text(&before));
    json_destroy(file);
    json_destroy(wanted);
    buffer_finish(&error);
    buffer_finish(&before);
    buffer_finish(&after);
}

static void test_fallback(void **state)
{
    static const char *const wrong[] = {"a", "=b", "a=", "a=b;", "a=b;a=c", ";"};
    (void)state;
    struct buffer error = {0};
    cJSON *file = json("{\"keys\":[]}");
    for (size_t i = 0; i < COUNT(wrong); i++) {
        buffer_clear(&error);
        if (keyedit_set_fallback(file, wrong[i], &error) != -EINVAL || error.length == 0)
            fail_msg("%s", wrong[i]);
    }
    assert_null(json_get(file, "model_fallback"));
    assert_int_equal(keyedit_set_fallback(file, "", &error), 1);
    assert_int_equal(keyedit_set_fallback(file, "a-*=b-*,c;d=e", &error), 0);
    char *text = json_print(json_get(file, "model_fallback"), false);
    assert_string_equal(text, "{\"a-*\":[\"b-*\",\"c\"],\"d\":[\"e\"]}");
    json_free_text(text);
    assert_int_equal(keyedit_set_fallback(file, "", &error), 0);
    assert_null(json_get(file, "model_fallback"));
    json_destroy(file);
    buffer_finish(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_rename),
        cmocka_unit_test(test_disable),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_fallback),
        cmocka_unit_test(test_organization),
        cmocka_unit_test(test_stamp),
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_find_and_count),
        cmocka_unit_test(test_reader_reads_it),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
