/* The keys in a key file: `keys` and `master`. */
#pragma once

#include "core/pool/fields.h"

/* Readers of these two fields; the target is a struct keyring, to which they give its keys. One
 * that has no name is called key1, key2, …, by its place, or master. */
read_field keyentry_read_keys, keyentry_read_master;
