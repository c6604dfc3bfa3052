/* Who can get at a secret file: what counts is people, not bits, as for ssh and PostgreSQL. A group
 * of which its owner is the only member is nobody: so Debian makes users' files. With
 * TCR_SINGLE_USER=1 in the environment there is nobody else, and all is accepted. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <sys/stat.h>

/* Our own file that nobody else can read. One of root's may be readable by a group: root chose it,
 * and who reads it could not change that. Returns 0, or -EPERM with a sentence in `error` that
 * tells what its reader can do about it. */
int trust_check_file(const struct stat *status, const char *path, struct buffer *error);

/* Whoever can write a folder above the file can put another file in its place. A sticky folder such
 * as /tmp is safe from that. Returns 0, -EPERM as above, or another negative errno. */
int trust_check_folders(const char *path, struct buffer *error);

/* The same for a file that is still to be made: looks at the folders above it that are there. */
int trust_check_place(const char *path, struct buffer *error);

/* True if somebody else can write to this file or folder. */
bool trust_others_can_write(const struct stat *status, const char *path);
