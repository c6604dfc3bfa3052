/* What a system can do for a file that one process writes and another reads. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Gives these bytes of it back to the disk, where it can; their places stay. What is before them
 * was given back already, or is no longer needed. */
void spoolfile_free(int fd, off_t from, off_t length);

/* True if nobody has it open for writing. False also where that cannot be found out. */
bool spoolfile_has_no_writer(int fd);
