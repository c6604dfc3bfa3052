/* The terminal that this process belongs to, whatever its streams are. */
#pragma once

/* Opens it to be read, written and waited for by poll; close-on-exec. -1, with errno, if there is
 * none. */
int ourterminal_open(void);
