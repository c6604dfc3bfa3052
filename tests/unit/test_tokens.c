#include "core/gateway/prices.h"
#include "core/gateway/tokens.h"

#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Fed whole, in halves of each kind and byte by byte, it says the same. */
static struct tokens read_split(const char *answer, size_t step)
{
    struct tokens_reader reader;
    size_t length = strlen(answer);
    tokens_begin(&reader);
    for (size_t at = 0; at < length; at += step)
        tokens_feed(&reader, answer + at, length - at < step ? length - at : step);
    tokens_finish(&reader);
    return reader.tokens;
}

static struct tokens read_all(const char *answer)
{
    struct tokens whole = read_split(answer, strlen(answer));
    for (size_t step = 1; step < 40 && step < strlen(answer); step++) {
        struct tokens split = read_split(answer, step);
        assert_memory_equal(&split, &whole, sizeof whole);
    }
    return whole;
}

static void a_stream_of_messages(void **state)
{
    (void)state;
    struct tokens tokens = read_all(
        "event: message_start\ndata: "
        "{\"type\":\"message_start\",\"message\":{\"model\":\"claude-sonnet-"
        "5-5\",\"content\":[],\"usage\":{\"input_tokens\":11,\"cache_creation_input_tokens\":300,"
        "\"cache_read_input_tokens\":4000,\"cache_creation\":{\"ephemeral_5m_input_tokens\":100,"
        "\"ephemeral_1h_input_tokens\":200},\"output_tokens\":1,\"service_tier\":\"standard\"}}}"
        "\n\n"
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":"
        "\"text_delta\",\"text\":\"{\\\"usage\\\":{\\\"input_tokens\\\":9},\\\"model\\\":\\\"x\\\"}"
        "\"}}"
        "\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{},\"usage\":"
        "{\"output_tokens\":57}}\n\n");
    assert_true(tokens.told);
    assert_string_equal(tokens.model, "claude-sonnet-5-5");
    assert_int_equal(tokens.input, 11);
    assert_int_equal(tokens.output, 57);
    assert_int_equal(tokens.cache_read, 4000);
    assert_int_equal(tokens.cache_write, 300);
    assert_int_equal(tokens.cache_write_hour, 200);
}

static void openai_counts_its_cache_among_the_input(void **state)
{
    (void)state;
    struct tokens tokens = read_all(
        "data: {\"model\":\"gpt-5.4\",\"usage\":null,\"choices\":[]}\n\ndata: "
        "{\"model\":\"gpt-5.4\","
        "\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":7,\"prompt_tokens_details\":"
        "{\"cached_tokens\":60,\"audio_tokens\":0}}}\n\ndata: [DONE]\n\n");
    assert_int_equal(tokens.input, 40);
    assert_int_equal(tokens.cache_read, 60);
    assert_int_equal(tokens.output, 7);
    tokens =
        read_all("{\"model\": \"gpt-5.4\", \"tools\": [{\"properties\": {\"usage\": {\"type\": "
                 "\"string\"}}}], \"usage\" : {\"input_tokens\": 5, \"input_tokens_details\": "
                 "{\"cached_tokens\": 0}, \"output_tokens\": 2}}");
    assert_int_equal(tokens.input, 5);
    assert_int_equal(tokens.output, 2);
    assert_true(tokens.told);
}

static void what_tells_nothing_is_not_told(void **state)
{
    (void)state;
    assert_false(read_all("{\"input_tokens\": 5}").told);
    assert_false(read_all("{\"usage\": {\"input_tokens\": \"5\"}}").told);
    assert_false(read_all("{\"usage\": {\"input_tokens\": -5}}").told);
    assert_false(read_all("{\"usage\": {\"input_tokens\": 5").told);
    assert_false(read_all("{\"usage\": {\"input_tokens\": 5, oops}}").told);
    assert_false(read_all("{\"usage\": \"usage\", \"model\": 5}").told);
    char large[5000] = "{\"usage\": {\"x\": \"";
    memset(large + strlen(large), 'x', 4000);
    assert_false(read_split(large, 100).told);
}

/* ---- prices ---- */

static int64_t cost_of(const struct prices *prices, const char *model, struct tokens tokens)
{
    int64_t cost = -1;
    snprintf(tokens.model, sizeof tokens.model, "%s", model);
    return prices_cost(prices, &tokens, &cost) ? cost : -1;
}

static void list_prices(void **state)
{
    (void)state;
    const struct prices none = {0};
    const struct tokens tokens = {.told = true,
                                  .input = 1000,
                                  .output = 100,
                                  .cache_read = 10000,
                                  .cache_write = 2000,
                                  .cache_write_hour = 1000};
    /* 3 + 1.5 + 3 + 3.75 + 6 thousandths of a dollar */
    assert_int_equal(cost_of(&none, "claude-sonnet-4-6", tokens), 17250000);
    assert_int_equal(cost_of(&none, "claude-sonnet-4-6-20260101", tokens), 17250000);
    assert_int_equal(cost_of(&none, "claude-sonnet-4-60", tokens), -1);
    assert_int_equal(cost_of(&none, "claude-opus-4-9", tokens), -1);
    assert_int_equal(cost_of(&none, "gpt-4.1-2025-04-14", (struct tokens){.input = 1000}), 2000000);
    assert_int_equal(cost_of(&none, "", tokens), -1);
    assert_int_equal(cost_of(&none, "claude-haiku-5-5", (struct tokens){.input = 100000}),
                     10000000);
    assert_int_equal(cost_of(&none, "claude-haiku-5-5", (struct tokens){.cache_read = 100001}),
                     5000050);
}

static int parse(struct prices *prices, const char *text, char *ret_error, size_t size)
{
    struct buffer error = {0};
    int r = prices_parse(prices, text, strlen(text), &error);
    snprintf(ret_error, size, "%s", buffer_text(&error));
    buffer_finish(&error);
    return r;
}

static void own_prices_come_first(void **state)
{
    (void)state;
    struct prices prices;
    char error[300];
    assert_int_equal(parse(&prices,
                           "{\"claude-sonnet-4-6\": {\"input\": 1, \"output\": 0}, \"my-*-x\": "
                           "{\"input\": 0.5, \"output\": 2, \"cache_read\": 0}}",
                           error, sizeof error),
                     0);
    assert_int_equal(cost_of(&prices, "claude-sonnet-4-6", (struct tokens){.input = 1000}),
                     1000000);
    assert_int_equal(cost_of(&prices, "my-own-x", (struct tokens){.input = 2, .cache_read = 5}),
                     1000);
    assert_int_equal(cost_of(&prices, "my-own-x", (struct tokens){.cache_write = 2}), 1000);
    assert_int_equal(cost_of(&prices, "my-own-y", (struct tokens){.input = 2}), -1);
    prices_finish(&prices);
    static const struct {
        const char *text, *part;
    } wrong[] = {
        {"[]", "expected an object of models"},
        {"{\"m\": 3}", "\"m\": expected an object, found a number"},
        {"{\"m\": {\"input\": 3}}", "lacks output"},
        {"{\"m\": {\"input\": 3, \"output\": -1}}", "as output"},
        {"{\"m\": {\"input\": 3, \"output\": 1, \"cach\": 1}}", "found cach"},
        {"{\n\"m\": }", "line 2, column 6"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(parse(&prices, wrong[i].text, error, sizeof error), -EINVAL);
        assert_non_null(strstr(error, wrong[i].part));
        prices_finish(&prices);
    }
}

static void money_is_read_and_shown(void **state)
{
    (void)state;
    int64_t money = -1;
    static const char *const wrong[] = {"", ".", "5.", "-5", "1e3", "5 ", "99999999999", "1.2.3"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(money_parse(wrong[i], strlen(wrong[i]), &money));
    assert_true(money_parse("5.25", 4, &money));
    assert_int_equal(money, 5250000000);
    static const struct {
        int64_t money;
        const char *shown, *number;
    } rows[] = {{0, "$0.00", "0"},
                {5250000000, "$5.25", "5.25"},
                {1, "$0.000000001", "0.000000001"},
                {4200000, "$0.0042", "0.0042"},
                {1234567890123, "$1234.57", "1234.567890123"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer shown = {0}, number = {0};
        money_append(&shown, rows[i].money);
        money_append_number(&number, rows[i].money);
        assert_string_equal(buffer_text(&shown), rows[i].shown);
        assert_string_equal(buffer_text(&number), rows[i].number);
        buffer_finish(&shown);
        buffer_finish(&number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_of_messages),
        cmocka_unit_test(openai_counts_its_cache_among_the_input),
        cmocka_unit_test(what_tells_nothing_is_not_told),
        cmocka_unit_test(list_prices),
        cmocka_unit_test(own_prices_come_first),
        cmocka_unit_test(money_is_read_and_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
