/* Random numbers that nobody can guess. */
#pragma once

#include <stddef.h>

/* Fills at most 256 bytes: so many the kernel gives at once. */
void random_fill(void *bytes, size_t length);
