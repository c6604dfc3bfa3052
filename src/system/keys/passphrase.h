/* The passphrase of a sealed key file: from a descriptor, from the file that TCR_PASSPHRASE_FILE
 * names, or from the person at the terminal. */
#pragma once

#include "base/buffer.h"
#include "core/pool/seal.h"

#include <stddef.h>

/* From now on passphrases are read from this descriptor, a line each. */
void passphrase_use_descriptor(int fd);

/* What opened a sealed file in this process can open it in another, without its passphrase and at
 * once. Returns the reading end of a pipe that holds it (close-on-exec); -ENOENT if no sealed file
 * was opened; another negative errno. */
int passphrase_hand_over(void);

/* True if the key file is sealed, as far as it can be read. */
bool passphrase_guards(const char *path);

/* True if only a person can give a passphrase: neither a descriptor nor TCR_PASSPHRASE_FILE does.
 */
bool passphrase_is_asked_for(void);

/* Takes it from such a pipe, which it closes: files that it fits are opened with it. Returns 0 or a
 * negative errno. */
int passphrase_take_over(int fd);

/* The passphrase of a file still to be sealed, in guarded memory: a person is asked twice. Returns
 * 0; -EINVAL with one sentence in `error`; -ENOMEM. */
int passphrase_choose(const char *path, struct buffer *error, char **ret_passphrase);

/* Puts what is sealed in the bytes of `path` in their place (both secret_alloc'ed); does nothing to
 * bytes that are not sealed. What opened such a file in this process opens it again, and nobody is
 * asked again; one who mistypes is asked up to three times. A `seal` that has a key already must
 * fit: then nobody is asked. Else it gets the one that opened the bytes, for the caller to finish;
 * NULL if that is not wanted. Returns 0; -EINVAL with one sentence in `error`; -ENOMEM. */
int passphrase_unseal(const char *path, char **bytes, size_t *length, struct seal *seal,
                      struct buffer *error);
