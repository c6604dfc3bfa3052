/* What tokens cost: built-in prices, as of a date, and those in the user's file, which count first.
 * A model without a price has none: nothing is guessed from similar names.
 *
 * The file is a JSON object of models; a name may hold * for any characters:
 *
 *     {"claude-example-9": {"input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75,
 *                           "cache_write_1h": 6},
 *      "local-*": {"input": 0, "output": 0}}
 *
 * in US dollars for a million tokens. What is left out of the last three is the price of input. */
#pragma once

#include "base/buffer.h"
#include "base/money.h"
#include "core/gateway/tokens.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRICES_AS_OF "2026-10-24"

/* Micro-dollars for a million tokens. */
struct price {
    int64_t input, output, cache_read, cache_write, cache_write_hour;
};

struct prices {
    struct own_price {
        char model[TOKENS_MODEL];
        struct price price;
    } * own; /* in the file's order */
    size_t count;
};

/* Reads the file's text. Returns 0; -EINVAL with one sentence in `error`; -ENOMEM. Ended with
 * prices_finish either way. */
int prices_parse(struct prices *prices, const char *text, size_t length, struct buffer *error);
void prices_finish(struct prices *prices);

/* False if the model has no price. */
bool prices_cost(const struct prices *prices, const struct tokens *tokens, int64_t *ret_cost);
