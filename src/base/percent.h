/* Percent-encoding: RFC 3986, 2.1. */
#pragma once

#include <stddef.h>

/* The byte that an escape stands for: `at` is its '%', `length` what is left of the text from
 * there. -1 if no two hexadecimal digits follow. */
int percent_read(const char *at, size_t length);
