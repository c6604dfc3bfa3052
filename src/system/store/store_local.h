/* The store of this machine: a file, and where that cannot be used the memory of this process. */
#pragma once

#include "system/store/store_backend.h"
#include "system/store/store_file.h"

struct store_local;

extern const struct store_backend store_local_backend;

/* Takes the path over, also on failure (NULL: there is no place); `events` is the name of the file
 * of events, copied. NULL if out of memory. */
struct store_local *store_local_create(char *path, const char *events);
void store_local_destroy(struct store_local *local);

int store_local_update(struct store_local *local, store_change *change, void *context);
struct state *store_local_read(struct store_local *local);

struct store_file *store_local_file(struct store_local *local);
