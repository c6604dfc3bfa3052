/* The address of an API, a base URL, as a key file or a variable gives it. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>

#define ADDRESS_TEXT 512

/* Checks a base URL and writes it in the one form in which it is kept and compared: scheme and host
 * in small letters, without the scheme's own port and without '/' at its end. It may have a path,
 * but no user, password, query or fragment. https:// is always taken, http:// for this machine, and
 * for others where the user said so (`plain_http`). Returns 0, or -EINVAL with a sentence's end in
 * `error` ("begins neither with ..."): the text itself may hold a password and is not in it. */
int address_parse(const char *text, bool plain_http, char ret_address[ADDRESS_TEXT],
                  struct buffer *error);

/* The host of an address that address_parse gave, with its port: for messages. It begins in
 * `address`; returns its length. */
int address_host(const char *address, const char **ret_host);
