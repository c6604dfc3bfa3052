/* The login keychain of macOS, read by its program `security`. Never written. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

#define KEYCHAIN_SERVICE 64 /* of Claude Code's own item, with its NUL */

/* security's exit status if there is no such item. */
#define KEYCHAIN_NOT_FOUND 44

/* The program's arguments before the name of the service. */
#define KEYCHAIN_WORDS "security", "find-generic-password", "-w", "-s"

/* The item in which Claude Code keeps the login of a folder of its configuration (a path, as
 * CLAUDE_CONFIG_DIR names it): that of ~/.claude has a name without a hash. */
void keychain_name_login(const char *folder, char ret_service[KEYCHAIN_SERVICE]);

/* Whether `folder` is the one that Claude Code uses if it is told none. */
bool keychain_is_usual_folder(const char *folder);

/* Whether there is something in that item. */
bool keychain_has_login(const char *folder);

/* What the item holds, without the line's end. Takes at most 5 s. Returns 0; -ENOENT if there is no
 * such item, or no `security` in PATH, as on every other system; -EINVAL with one sentence in
 * `error`; another negative errno. */
int keychain_read(const char *service, char *ret_bytes, size_t size, size_t *ret_length,
                  struct buffer *error);
