/* What the user taught of a program that is not known here: --marker and --exit-class. */
#pragma once

#include "core/pool/failure.h"

#include <regex.h>
#include <stddef.h>

#define TAUGHT_MOST_MARKERS 32

struct marker {
    enum failure_class class;
    regex_t regex;
    const char *text; /* as given; borrowed */
};

struct taught {
    struct marker markers[TAUGHT_MOST_MARKERS];
    size_t marker_count;
    enum failure_class exit_class[256]; /* by exit status; CLASS_NONE: not given */
};
