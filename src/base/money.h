/* Money as people write it: US dollars, kept in billionths of one. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MONEY_DOLLAR ((int64_t)1000000000)

/* "0.25", "5", "5.00" as money. False if it is none, negative or more than a billion. */
bool money_parse(const char *text, size_t length, int64_t *ret_money);

/* "$12.34", and "$0.0042" for less than a cent. */
void money_append(struct buffer *text, int64_t money);

/* The number alone, with up to nine decimal places. */
void money_append_number(struct buffer *text, int64_t money);
