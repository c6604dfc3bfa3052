/* The certificate and the key by which other machines reach the gateway. Files that were renewed
 * are read anew: connections that are open keep what they began with. */
#pragma once

#include <stdbool.h>

struct arguments;
struct gateway;
struct tlsfiles;

/* Reads them, and warns of a certificate that ends soon. Returns 0, or -ECANCELED after printing
 * why. Ended with tlsfiles_close either way. */
int tlsfiles_open(struct gateway *gateway, const struct arguments *arguments);
void tlsfiles_close(struct gateway *gateway);

/* Looks whether they have changed, at most once a second unless `at_once`; before a connection is
 * accepted. Files that cannot be used are told, and the old ones stay. */
void tlsfiles_look(struct gateway *gateway, bool at_once);
