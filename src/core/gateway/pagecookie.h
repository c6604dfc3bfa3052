/* The page's cookie, and who sends it. Browsers have one set of cookies for all ports of a host, so
 * the port is a part of its name: gateways of several profiles do not sign each other out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define PAGECOOKIE_NAME 32

/* The name of the cookie for the address that the request's head asks. */
void pagecookie_name(const char *head, char ret_name[PAGECOOKIE_NAME]);

/* A cookie of this name, in a head as in base/head.h: the first, or the one after *at, which is
 * NULL at first. False if there is no other. The value is not NUL-terminated. */
bool pagecookie_next(const char *head, const char *name, const char **at, const char **ret_value,
                     size_t *ret_length);

/* True if the request says that it comes from a page of the very address that it asks: what a
 * browser sends with every POST. */
bool pagecookie_origin_is_own(const char *head);
