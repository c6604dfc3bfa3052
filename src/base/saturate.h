/* Sums of numbers that others tell. */
#pragma once

#include <stdint.h>

/* The sum of two that are not negative; INT64_MAX if that is too large a number. */
static inline int64_t saturate_add(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}
