/* GnuTLS, which comes with libmicrohttpd and is not used: see without_gnutls.c. */
#pragma once

/* In the place of GnuTLS's own. It gives 0: done. */
int gnutls_global_init(void);

/* GnuTLS asks the program by it whether to leave out its own beginning. */
int _gnutls_global_init_skip(void);
