/* Room on the disk, before it is needed. */
#pragma once

#include <stddef.h>

/* Gives an empty file so many bytes, zeros, with room for each. Returns 0 or a negative errno. */
int diskroom_take(int fd, size_t length);
