/* Paths as texts; no file is looked at. */
#pragma once

#include <stdbool.h>

/* What follows the last '/', borrowed: "b" of "/a/b". */
const char *path_name(const char *path);

/* What stands before it: "/a" of "/a/b", "/" of "/b", "." of "b". Freed by the caller; NULL if out
 * of memory. */
char *path_folder(const char *path);

/* Turns a path into that of its folder, in place: "/a/b" into "/a", then "/"; "b" into ".". False,
 * the path unchanged, if nothing stands above it: "/", ".", "". */
bool path_go_up(char *path);
