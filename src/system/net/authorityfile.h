/* Where this system has the certificates of the authorities that it believes. */
#pragma once

/* For a library that is linked in: it came from no system, and so knows no place. NULL if there is
 * no such file, or if the libraries are the system's, which know theirs. */
const char *authorityfile_find(void);
