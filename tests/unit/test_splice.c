#include "core/translate/splice.h"

#include "support.h"

#include <string.h>

static const struct {
    const char *body, *wanted;
} models[] = {
    {"{ \"a\" : 1.0, \"model\":\"x\" ,\"b\":[ ] }",
     "{ \"a\" : 1.0, \"model\":\"new\" ,\"b\":[ ] }"},
    {"{\"messages\":[{\"model\":\"no\"}],\"model\":\"x\"}",
     "{\"messages\":[{\"model\":\"no\"}],\"model\":\"new\"}"},
    {"{\"a\":1}", NULL},
    {"{\"model\":7}", NULL},
    {"nonsense", NULL},
    {"", NULL},
};

static void test_model(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(models); i++) {
        struct buffer out = {0};
        bool done = splice_model(models[i].body, strlen(models[i].body), "new", &out);
        assert_int_equal(done, models[i].wanted != NULL);
        if (done)
            assert_string_equal(buffer_text(&out), models[i].wanted);
        buffer_finish(&out);
    }
}

static const struct {
    const char *body, *wanted;
} thoughts[] = {
    {"{\"model\":\"m\",\"thinking\":{\"type\":\"enabled\"},\"messages\":[{\"role\":\"assistant\","
     "\"content\":[{\"type\":\"thinking\",\"signature\":\"s\"},{\"type\":\"text\", \"text\":\"a\"},"
     "{\"type\":\"redacted_thinking\"}]},{\"role\":\"user\",\"content\": \"x\"}]}",
     "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"text\", "
     "\"text\":\"a\"}]},{\"role\":\"user\",\"content\": \"x\"}]}"},
    {"{\"messages\":[{\"content\":[{\"type\":\"thinking\"}]}]}",
     "{\"messages\":[{\"content\":[{\"type\":\"text\",\"text\":\"(thinking)\"}]}]}"},
    {"{\"messages\":[{\"content\":[{\"type\":\"text\"}]}]}", NULL},
    {"[]", NULL},
};

static void test_thinking(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(thoughts); i++) {
        struct buffer out = {0};
        bool done = splice_without_thinking(thoughts[i].body, strlen(thoughts[i].body), &out);
        assert_int_equal(done, thoughts[i].wanted != NULL);
        if (done)
            assert_string_equal(buffer_text(&out), thoughts[i].wanted);
        buffer_finish(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_thinking),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
