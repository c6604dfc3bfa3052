/* Writes what requests took into the file of usage, beside a loop that must not wait: rows are
 * queued in memory and written by one thread, many at a time. A file that is locked, a disk that is
 * full, cost the requests nothing: rows wait, up to a bound, and are left out beyond that. All
 * calls are for the loop's thread, and none waits but usagewriter_close. */
#pragma once

#include "base/buffer.h"
#include "system/usage/usagefile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct usagewriter;

struct usagewriter_plan {
    const char *path; /* copied */
    int64_t keep;     /* seconds; -1: as the file has it */
};

/* Begins the thread; SQLite is loaded and the file opened once there is something to write. Returns
 * 0 or a negative errno. */
int usagewriter_open(const struct usagewriter_plan *plan, struct usagewriter **ret_writer);

/* Writes what is left, waiting at most so long; then the thread is left behind, for a process that
 * ends now. Takes NULL. */
void usagewriter_close(struct usagewriter *writer, int64_t most_ms);

/* The row is copied. */
void usagewriter_add(struct usagewriter *writer, const struct usage_row *row);

/* Readable once there is something to report, or a question is answered. */
int usagewriter_fd(const struct usagewriter *writer);

/* To be called then: gives what to report, one sentence; "" if there is nothing. */
void usagewriter_take_word(struct usagewriter *writer, struct buffer *ret_word);

/* Asks for sums; rows that wait are written first. -EBUSY while many questions wait. */
int usagewriter_ask(struct usagewriter *writer, uint64_t number,
                    const struct usage_question *question);

/* From now on it is known what was spent today, by other gateways on the file too, within a second.
 * Waits at most so long until it is known at first. */
void usagewriter_watch(struct usagewriter *writer, int64_t most_ms);

/* Since midnight, in the machine's zone; all 0 if nothing is known. */
struct usage_spent usagewriter_spent(struct usagewriter *writer, bool of_user, const char *name);

/* One answer: 1 with the number of the question, the report (the caller's) or, with a negative
 * *ret_error, a sentence; 0 if none has come. */
int usagewriter_answer(struct usagewriter *writer, uint64_t *ret_number,
                       struct usage_report *ret_report, int *ret_error, struct buffer *ret_word);
