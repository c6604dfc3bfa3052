/* Patterns in which * stands for any characters, none included. */
#pragma once

#include <stdbool.h>

bool wildcard_matches(const char *pattern, const char *text);
