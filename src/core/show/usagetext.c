#include "core/show/usagetext.h"

#include "base/jsontext.h"
#include "base/saturate.h"
#include "base/text.h"
#include "core/gateway/prices.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const names[USAGE_BY_COUNT] = {
    [USAGE_BY_KEY] = "key",         [USAGE_BY_MODEL] = "model", [USAGE_BY_DAY] = "day",
    [USAGE_BY_SESSION] = "session", [USAGE_BY_USER] = "user",
};

enum usage_by usage_by_parse(const char *name)
{
    size_t i = 0;
    while (i < USAGE_BY_COUNT && strcmp(names[i], name) != 0)
        i++;
    return (enum usage_by)i;
}

void usage_report_finish(struct usage_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        free(report->sums[i].name);
    for (size_t i = 0; i < report->unpriced_count; i++)
        free(report->unpriced[i]);
    free(report->sums);
    free(report->unpriced);
    *report = (struct usage_report){0};
}

/* In the order in which they are shown. */
static const struct {
    const char *name;
    size_t at;
} counters[] = {
    {"requests", offsetof(struct usage_sum, requests)},
    {"failed", offsetof(struct usage_sum, failed)},
    {"input_tokens", offsetof(struct usage_sum, input)},
    {"output_tokens", offsetof(struct usage_sum, output)},
    {"cache_read_tokens", offsetof(struct usage_sum, cache_read)},
    {"cache_write_tokens", offsetof(struct usage_sum, cache_write)},
    {"untold", offsetof(struct usage_sum, untold)},
    {"unpriced", offsetof(struct usage_sum, unpriced)},
};

static int64_t counter(const struct usage_sum *sum, size_t i)
{
    int64_t number;
    memcpy(&number, (const char *)sum + counters[i].at, sizeof number);
    return number;
}

void usage_sum_add(struct usage_sum *total, const struct usage_sum *sum)
{
    for (size_t i = 0; i < COUNT(counters); i++) {
        int64_t number = saturate_add(counter(total, i), counter(sum, i));
        memcpy((char *)total + counters[i].at, &number, sizeof number);
    }
    total->cost = saturate_add(total->cost, sum->cost);
}

static void append_members(struct buffer *text, const struct usage_sum *sum)
{
    for (size_t i = 0; i < COUNT(counters); i++)
        jsontext_add_integer(text, counters[i].name, counter(sum, i));
    jsontext_name(text, "cost_usd");
    money_append_number(text, sum->cost);
}

void usagetext_append_json(struct buffer *text, const struct usage_report *report)
{
    const char *by = names[report->question.by];
    buffer_append_char(text, '{');
    jsontext_add_integer(text, "version", 1);
    jsontext_add_string(text, "by", by);
    jsontext_add_integer(text, "since", report->question.since);
    jsontext_add_string(text, "prices_as_of", PRICES_AS_OF);
    jsontext_name(text, "usage");
    buffer_append_char(text, '[');
    for (size_t i = 0; i < report->count; i++) {
        jsontext_comma(text);
        buffer_append_char(text, '{');
        jsontext_add_string(text, by, report->sums[i].name);
        append_members(text, &report->sums[i]);
        buffer_append_char(text, '}');
    }
    buffer_append_char(text, ']');
    jsontext_name(text, "total");
    buffer_append_char(text, '{');
    append_members(text, &report->total);
    buffer_append_char(text, '}');
    jsontext_name(text, "models_without_price");
    buffer_append_char(text, '[');
    for (size_t i = 0; i < report->unpriced_count; i++) {
        jsontext_comma(text);
        jsontext_string(text, report->unpriced[i]);
    }
    buffer_append_text(text, "]}\n");
}

static void append_cell(struct buffer *text, const char *cell)
{
    bool formula = *cell && strchr("=+-@\t\r", *cell);
    size_t start = text->length;
    buffer_append_char(text, '"');
    if (formula)
        buffer_append_char(text, '\'');
    for (; *cell; cell++) {
        if (*cell == '"')
            buffer_append_char(text, '"');
        buffer_append_char(text, *cell);
    }
    buffer_append_char(text, '"');
    if (!text->failed)
        text_replace_controls(text->data + start, text->length - start, ' ');
}

void usagetext_append_csv(struct buffer *text, const struct usage_report *report)
{
    buffer_append_text(text, names[report->question.by]);
    for (size_t i = 0; i < COUNT(counters); i++)
        buffer_append_format(text, ",%s", counters[i].name);
    buffer_append_text(text, ",cost_usd\n");
    for (size_t i = 0; i < report->count; i++) {
        const struct usage_sum *sum = &report->sums[i];
        append_cell(text, sum->name);
        for (size_t c = 0; c < COUNT(counters); c++)
            buffer_append_format(text, ",%lld", (long long)counter(sum, c));
        buffer_append_char(text, ',');
        money_append_number(text, sum->cost);
        buffer_append_char(text, '\n');
    }
}
