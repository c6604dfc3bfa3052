/* The files of the page (src/page), as bytes in the program. Meson has the list, and page/embed
 * writes the table. */
#pragma once

#include <stddef.h>

struct pagefile {
    const char *name; /* without a folder */
    const unsigned char *bytes;
    size_t length;
};

extern const struct pagefile pagefiles[];
extern const size_t pagefiles_count;
