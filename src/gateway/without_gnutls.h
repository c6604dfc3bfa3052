/* GnuTLS, which comes with libmicrohttpd and is rarely used: see without_gnutls.c. */
#pragma once

#include <stdbool.h>

/* In the place of GnuTLS's own. It gives 0: done. */
int gnutls_global_init(void);

/* GnuTLS asks the program by it whether to leave out its own beginning. */
int _gnutls_global_init_skip(void);

/* Begins it after all, for a gateway that speaks TLS. False if it is not there, or cannot. */
bool without_gnutls_no_more(void);
