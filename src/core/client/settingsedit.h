/* Members of a settings file of Claude Code, added and taken out in place: each other byte of it
 * stays as its owner wrote it. */
#pragma once

#include "base/buffer.h"

#include <stddef.h>

struct settings_member {
    const char *object; /* where it stands: "env"; NULL: in the file itself */
    const char *name, *value;
};

/* Appends the file with those members that it lacks. A NULL text stands for no file; a blank one is
 * replaced as a whole. Returns how many were added; -EEXIST with one sentence in `error` if one of
 * them is there with another value; -EINVAL with one if the file is no JSON object, or `object` no
 * object in it. */
int settingsedit_add(const char *text, size_t length, const struct settings_member *members,
                     size_t count, struct buffer *ret_text, struct buffer *error);

/* Appends the file without those members that have exactly this value. Returns how many were taken
 * out, or -EINVAL as above. What settingsedit_add made of a file becomes that file again. */
int settingsedit_remove(const char *text, size_t length, const struct settings_member *members,
                        size_t count, struct buffer *ret_text, struct buffer *error);
