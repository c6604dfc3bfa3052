/* What kind of file system something is on. */
#pragma once

#include <stdbool.h>

/* True for a pipe without a name, as `<(command)` gives one, or a shell's `|`: nobody but a process
 * and its parents has the other end. A FIFO in a folder is another thing. */
bool filesystem_is_pipes(int fd);

/* True for a folder whose files are in memory alone; false also where that is not known. */
bool filesystem_is_memory(const char *folder);
