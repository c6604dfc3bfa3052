/* Where this system has the certificates of the authorities that it believes. */
#pragma once

#include <stdbool.h>

/* For a library that is linked in: it came from no system, and so knows no place. NULL if there is
 * no such file, or if the libraries are the system's, which know theirs. */
const char *authorityfile_find(void);

/* Whether a provider's certificate cannot be judged, as there is none that judges it, unless a
 * variable names a file. */
bool authorityfile_is_missing(void);
