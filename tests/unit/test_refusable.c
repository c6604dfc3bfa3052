#include "core/translate/translate.h"

#include "support.h"

#include <string.h>

static const struct {
    const char *body;
    unsigned refused;
} rows[] = {
    {"{\"error\":{\"message\":\"Unsupported value: 'temperature' does not support 0.2 with this "
     "model.\",\"type\":\"invalid_request_error\",\"param\":\"temperature\",\"code\":"
     "\"unsupported_value\"}}",
     REFUSABLE_TEMPERATURE},
    {"{\"error\":{\"message\":\"Unrecognized request argument supplied: "
     "max_completion_tokens\",\"type\":\"invalid_request_error\",\"param\":null}}",
     REFUSABLE_LIMIT},
    {"{\"error\":{\"message\":\"Unsupported parameter: 'stop' is not supported with this "
     "model.\",\"param\":\"stop\"}}",
     REFUSABLE_STOP},
    {"{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":"
     "\"`temperature` is deprecated for this model.\"}}",
     REFUSABLE_TEMPERATURE},
    {"{\"error\":\"unknown field \\\"store\\\"\"}", REFUSABLE_STORE},
    {"{\"object\":\"error\",\"message\":\"Extra inputs are not permitted: "
     "prompt_cache_key\"}",
     REFUSABLE_CACHE},
    {"{\"error\":{\"message\":\"'temperature' and 'top_p' cannot both be given\"}}",
     REFUSABLE_TEMPERATURE | REFUSABLE_TOP_P},
    /* words of English, parts of other names, other fields, and what was not sent */
    {"{\"error\":{\"message\":\"the model must stop and store nothing\"}}", 0},
    {"{\"error\":{\"message\":\"my_temperature_field is wrong\"}}", 0},
    {"{\"error\":{\"message\":\"'temperature' is mentioned, messages are "
     "meant\",\"param\":\"stop\"}}",
     REFUSABLE_STOP},
    {"{\"error\":{\"message\":\"max_tokens is too large: 64000\",\"param\":\"max_tokens\"}}", 0},
    {"{\"error\":{\"message\":\"'parallel_tool_calls' is unknown\"}}", 0},
    {"<html>temperature</html>", 0},
    {"", 0},
};

static void test_refused(void **state)
{
    (void)state;
    struct translation translation = {.sent = ~(unsigned)REFUSABLE_PARALLEL};
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned got = translation_refused(&translation, rows[i].body, strlen(rows[i].body));
        if (got != rows[i].refused)
            fail_msg("%s: %x", rows[i].body, got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
