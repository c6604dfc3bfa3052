/* The store of this machine: a file, and where that cannot be used the memory of this process. */
#pragma once

#include "system/store/store_backend.h"
#include "system/store/store_file.h"

struct file_or_memory;

extern const struct store_backend file_or_memory_backend;

/* Takes the path over, also on failure (NULL: there is no place); `events` is the name of the file
 * of events, copied; the host is borrowed. NULL if out of memory. */
struct file_or_memory *file_or_memory_create(char *path, const char *events,
                                             const struct host *host);
void file_or_memory_destroy(struct file_or_memory *local);

int file_or_memory_update(struct file_or_memory *local, store_change *change, void *context);
int file_or_memory_try_update(struct file_or_memory *local, store_change *change, void *context,
                              struct buffer *why);
const struct state *file_or_memory_last(const struct file_or_memory *local);
struct state *file_or_memory_read(struct file_or_memory *local);

struct store_file *file_or_memory_file(struct file_or_memory *local);
