#include "core/gateway/prices.h"

#include "base/json.h"
#include "base/wildcard.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define DOLLARS(number) ((int64_t)((number)*1e6 + 0.5))
/* Input, output, cache read; written to the cache it costs a quarter more, for an hour twice. */
#define CLAUDE(input, output, read)                                                                \
    {                                                                                              \
        DOLLARS(input), DOLLARS(output), DOLLARS(read), DOLLARS((input)*1.25), DOLLARS((input)*2)  \
    }
/* Writing to OpenAI's cache costs what input does. */
#define OPENAI(input, output, read)                                                                \
    {                                                                                              \
        DOLLARS(input), DOLLARS(output), DOLLARS(read), DOLLARS(input), DOLLARS(input)             \
    }

/* The providers' list prices on PRICES_AS_OF. Requests with more input than `above`, cache reads
 * and writes included, cost this much for every token; such a row precedes the model's other one.
 */
static const struct built_in {
    const char *model;
    int64_t above;
    struct price price;
} built_in[] = {
    {"claude-fable-5-1", 0, CLAUDE(10, 50, 0.25)},
    {"claude-fable-5", 0, CLAUDE(10, 50, 1)},
    {"claude-mythos-5-1", 0, CLAUDE(10, 50, 0.25)},
    {"claude-mythos-5", 0, CLAUDE(10, 50, 1)},
    {"claude-opus-5-5", 0, CLAUDE(4, 20, 0.2)},
    {"claude-opus-5", 0, CLAUDE(5, 25, 0.5)},
    {"claude-opus-4-8", 0, CLAUDE(5, 25, 0.5)},
    {"claude-opus-4-7", 0, CLAUDE(5, 25, 0.5)},
    {"claude-opus-4-6", 0, CLAUDE(5, 25, 0.5)},
    {"claude-opus-4-5", 0, CLAUDE(5, 25, 0.5)},
    {"claude-opus-4-1", 0, CLAUDE(15, 75, 1.5)},
    {"claude-opus-4-0", 0, CLAUDE(15, 75, 1.5)},
    {"claude-opus-4", 0, CLAUDE(15, 75, 1.5)},
    {"claude-sonnet-5-5", 0, CLAUDE(2, 10, 0.1)},
    {"claude-sonnet-5", 0, CLAUDE(2, 10, 0.2)},
    {"claude-sonnet-4-6", 0, CLAUDE(3, 15, 0.3)},
    {"claude-sonnet-4-5", 200000, CLAUDE(6, 22.5, 0.6)},
    {"claude-sonnet-4-5", 0, CLAUDE(3, 15, 0.3)},
    {"claude-sonnet-4-0", 200000, CLAUDE(6, 22.5, 0.6)},
    {"claude-sonnet-4-0", 0, CLAUDE(3, 15, 0.3)},
    {"claude-sonnet-4", 200000, CLAUDE(6, 22.5, 0.6)},
    {"claude-sonnet-4", 0, CLAUDE(3, 15, 0.3)},
    {"claude-haiku-5-5", 100000, CLAUDE(0.5, 2.5, 0.05)},
    {"claude-haiku-5-5", 0, CLAUDE(0.1, 0.5, 0.01)},
    {"claude-haiku-4-5", 0, CLAUDE(1, 5, 0.1)},
    {"claude-3-5-haiku", 0, CLAUDE(0.8, 4, 0.08)},
    {"gpt-5.4", 272000, OPENAI(5, 22.5, 0.5)},
    {"gpt-5.4", 0, OPENAI(2.5, 15, 0.25)},
    {"gpt-5.4-mini", 0, OPENAI(0.75, 4.5, 0.075)},
    {"gpt-5.3-codex", 0, OPENAI(1.75, 14, 0.175)},
    {"gpt-5.2", 0, OPENAI(1.75, 14, 0.175)},
    {"gpt-5.2-codex", 0, OPENAI(1.75, 14, 0.175)},
    {"gpt-5.1", 0, OPENAI(1.25, 10, 0.125)},
    {"gpt-5", 0, OPENAI(1.25, 10, 0.125)},
    {"gpt-5-mini", 0, OPENAI(0.25, 2, 0.025)},
    {"gpt-5-nano", 0, OPENAI(0.05, 0.4, 0.005)},
    {"gpt-4.1", 0, OPENAI(2, 8, 0.5)},
    {"gpt-4.1-mini", 0, OPENAI(0.4, 1.6, 0.1)},
    {"gpt-4.1-nano", 0, OPENAI(0.1, 0.4, 0.025)},
    {"gpt-4o", 0, OPENAI(2.5, 10, 1.25)},
    {"gpt-4o-mini", 0, OPENAI(0.15, 0.6, 0.075)},
    {"o3", 0, OPENAI(2, 8, 0.5)},
    {"o4-mini", 0, OPENAI(1.1, 4.4, 0.275)},
};

/* ---- finding one ---- */

/* "-20250929", "-2025-08-07" and "-latest" name a release of the same model. */
static bool is_release(const char *rest)
{
    size_t digits = strspn(rest + (*rest == '-'), "0123456789-");
    return *rest == '\0' || strcmp(rest, "-latest") == 0 ||
           (*rest == '-' && rest[1 + digits] == '\0' && (digits == 8 || digits == 10));
}

static const struct price *find_built_in(const char *model, int64_t input)
{
    for (size_t i = 0; i < COUNT(built_in); i++) {
        size_t length = strlen(built_in[i].model);
        if (strncmp(model, built_in[i].model, length) == 0 && is_release(model + length) &&
            (built_in[i].above == 0 || input > built_in[i].above))
            return &built_in[i].price;
    }
    return NULL;
}

static const struct price *find_own(const struct prices *prices, const char *model)
{
    for (size_t i = 0; i < prices->count; i++)
        if (wildcard_matches(prices->own[i].model, model))
            return &prices->own[i].price;
    return NULL;
}

bool prices_cost(const struct prices *prices, const struct tokens *tokens, int64_t *ret_cost)
{
    int64_t input = tokens->input + tokens->cache_read + tokens->cache_write;
    const struct price *price = find_own(prices, tokens->model);
    if (!price)
        price = find_built_in(tokens->model, input);
    if (!price)
        return false;
    int64_t hour = tokens->cache_write_hour;
    /* Micro-dollars for a million are millionths of a millionth: a thousandth of our unit. */
    double cost = (double)tokens->input * (double)price->input +
                  (double)tokens->output * (double)price->output +
                  (double)tokens->cache_read * (double)price->cache_read +
                  (double)(tokens->cache_write - hour) * (double)price->cache_write +
                  (double)hour * (double)price->cache_write_hour;
    *ret_cost = cost < 9e21 ? (int64_t)(cost / 1000 + 0.5) : INT64_MAX;
    return true;
}

/* ---- the file ---- */

static const struct {
    const char *name;
    size_t at;
    bool needed;
} fields[] = {
    {"input", offsetof(struct price, input), true},
    {"output", offsetof(struct price, output), true},
    {"cache_read", offsetof(struct price, cache_read), false},
    {"cache_write", offsetof(struct price, cache_write), false},
    {"cache_write_1h", offsetof(struct price, cache_write_hour), false},
};

static int wrong(struct buffer *error, const char *model, const char *sentence, const char *name)
{
    buffer_append_format(error, "the price of \"%.100s\"%s%s", model, sentence, name);
    return -EINVAL;
}

static int check_names(const cJSON *json, struct buffer *error)
{
    const cJSON *member;
    cJSON_ArrayForEach (member, json) {
        size_t i = 0;
        while (i < COUNT(fields) && strcmp(fields[i].name, member->string) != 0)
            i++;
        if (i == COUNT(fields))
            return wrong(error, json->string,
                         " has an unknown field; expected input, output, cache_read, cache_write "
                         "or cache_write_1h, found ",
                         member->string);
    }
    return 0;
}

static int read_price(const cJSON *json, struct price *ret_price, struct buffer *error)
{
    if (!cJSON_IsObject(json))
        return wrong(error, json->string, ": expected an object, found ", json_type_name(json));
    int r = check_names(json, error);
    for (size_t i = 0; r == 0 && i < COUNT(fields); i++) {
        const cJSON *member = json_get(json, fields[i].name);
        int64_t *value = (int64_t *)((char *)ret_price + fields[i].at);
        if (!member && fields[i].needed)
            return wrong(error, json->string, " lacks ", fields[i].name);
        *value = ret_price->input;
        if (!member)
            continue;
        if (!cJSON_IsNumber(member) || !(member->valuedouble >= 0 && member->valuedouble <= 1e6))
            return wrong(error, json->string,
                         ": expected dollars for a million tokens, from 0 to 1000000, as ",
                         fields[i].name);
        *value = DOLLARS(member->valuedouble);
    }
    return r;
}

int prices_parse(struct prices *prices, const char *text, size_t length, struct buffer *error)
{
    struct json_place place;
    CLEANUP_JSON cJSON *json = NULL;
    *prices = (struct prices){0};
    int r = json_read(text, length, &json, &place);
    if (r == -EINVAL)
        buffer_append_format(error, "line %d, column %d: it is not valid JSON", place.line,
                             place.column);
    if (r == 0 && !cJSON_IsObject(json)) {
        buffer_append_format(error, "expected an object of models, found %s", json_type_name(json));
        r = -EINVAL;
    }
    if (r < 0)
        return r;
    prices->own = calloc((size_t)cJSON_GetArraySize(json) + 1, sizeof *prices->own);
    if (!prices->own)
        return -ENOMEM;
    const cJSON *member;
    cJSON_ArrayForEach (member, json) {
        struct own_price *own = &prices->own[prices->count];
        if (strlen(member->string) >= sizeof own->model)
            return wrong(error, member->string, ": the name is too long", "");
        snprintf(own->model, sizeof own->model, "%s", member->string);
        r = read_price(member, &own->price, error);
        if (r < 0)
            return r;
        prices->count++;
    }
    return 0;
}

void prices_finish(struct prices *prices)
{
    free(prices->own);
    *prices = (struct prices){0};
}
