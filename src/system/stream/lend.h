/* Bytes of a pipe that are in another one too. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Makes the pipe so small that room in it means that it is empty. False where that cannot be. */
bool lend_prepare(int pipe_write);

/* Copies what stands in one pipe into another, without taking it. As read: -1 and errno. */
ssize_t lend_copy(int from, int to, size_t most);
