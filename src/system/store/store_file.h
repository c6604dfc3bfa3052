/* The store that is a file: changed under a lock, beside it the lock and events.jsonl. Says on its
 * own only that a broken file was set aside, and where users were found again; other errors are the
 * caller's to say. */
#pragma once

#include "core/state/state.h"
#include "system/store/store.h"

#include <stdbool.h>
#include <stddef.h>

struct store_file;

/* Takes the path over, also on failure; NULL: there is no place, and every use says -ENOENT.
 * `events`, the name of the file of events beside it, and the host are borrowed. Touches nothing
 * yet. NULL if out of memory. */
struct store_file *store_file_create(char *path, const char *events, const struct host *host);
void store_file_destroy(struct store_file *file);
const char *store_file_path(const struct store_file *file);

/* Returns 0 with the change made and written; 1 with the change made and *ret_error why it could
 * not be written; both with the state, the caller's to finish. A negative errno if nothing was
 * done. *ret_what says what failed. */
int store_file_update(struct store_file *file, store_change *change, void *context,
                      struct state *ret_state, int *ret_error, const char **ret_what);

/* With the lock if it can be had in time. A file that is not there is an empty state. */
int store_file_read(struct store_file *file, struct state *ret_state, const char **ret_what);

/* What is used where the file cannot be read: an empty state, with the users that are kept beside
 * it. Returns 0 or -ENOMEM. */
int store_file_begin(const struct store_file *file, struct state *ret_state);

/* Instead of an empty state a file that is not there begins with what this gives. Its users are
 * kept elsewhere. */
typedef int store_beginning(void *context, struct state *ret_state);
void store_file_begin_with(struct store_file *file, store_beginning *beginning, void *context);

/* One look: is there a file, or one of its events? */
bool store_file_exists(struct store_file *file);

/* Gives the state away under the lock; the file goes if the taker returns 0. Nothing happens if
 * there is none. Returns what the taker did, or a negative errno. */
typedef int store_taker(void *context, const struct state *state);
int store_file_hand_over(struct store_file *file, store_taker *take, void *context);

/* The same, line by line (without the newline), with the events. */
typedef void store_line(void *context, const char *line, size_t length);
void store_file_hand_over_events(struct store_file *file, store_line *take, void *context);

void store_file_log_event(struct store_file *file, const char *line);

/* The name of the lock beside a state file of this name. */
#define STORE_LOCK_NAME 300
void store_file_lock_name(const char *file, char ret_name[STORE_LOCK_NAME]);

/* An empty state with a random salt. Returns 0 or -ENOMEM. */
int store_fresh_state(struct state *ret_state);
