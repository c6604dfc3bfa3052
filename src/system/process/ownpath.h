/* Where our own program is. */
#pragma once

#include <stddef.h>

/* For systems that do not tell: the name that the program was started by. It must stay. */
void ownpath_note(const char *name);

/* The file of the running program, absolute. Returns 0 or a negative errno. */
int ownpath_find(char *ret_path, size_t size);
