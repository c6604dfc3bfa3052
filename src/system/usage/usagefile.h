/* The requests that went through gateways, in an SQLite file: one row for each, and sums over them
 * by quarters of an hour, so that a day of many requests is added up at once. Several processes may
 * have it open. It holds names, numbers and times: no prompt, no answer, no token. */
#pragma once

#include "base/buffer.h"
#include "core/show/usagetext.h"
#include "system/usage/sqlite.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USAGE_KEEP_DEFAULT (90 * (int64_t)86400)

/* One request. */
struct usage_row {
    int64_t time;      /* when it came, in milliseconds since 1970 */
    char key[80];      /* that answered it, or was asked last; "" if none was */
    char asked[128];   /* the model, by the request; "" if it names none */
    char served[128];  /* by the answer */
    char session[128]; /* "" if it has none */
    char user[64];     /* "" where users are not told apart */
    int status;        /* HTTP; 499: the client left, 502: the answer broke off */
    unsigned tries;
    int64_t milliseconds; /* from its head to the end of its answer */
    bool billable;        /* it should have told its tokens, and have a price */
    bool told;            /* it did; else the next four are 0 */
    int64_t input, output, cache_read, cache_write;
    bool priced;  /* the model has a price */
    int64_t cost; /* of core/gateway/prices.h */
};

struct usagefile;

/* TCR_USAGE_FILE, else usage.db beside the state. Freed by the caller; NULL if there is no place,
 * or if TCR_USAGE_FILE is empty: then nothing is kept. */
char *usagefile_path(void);

/* Opens it, for writing made if it is not there (mode 0600). Waits for a lock at most `wait_ms`.
 * Returns 0; -ENOENT; -ENOTSUP for a file of a newer version; -EIO or -ENOMEM, all with one
 * sentence in `error`. */
int usagefile_open(const struct sqlite *sqlite, const char *path, bool writes, int wait_ms,
                   struct buffer *error, struct usagefile **ret_file);
void usagefile_close(struct usagefile *file);

/* False once the file was removed, or another has its name. */
bool usagefile_is_there(const struct usagefile *file);

/* Adds them all or none. Errors as above. */
int usagefile_add(struct usagefile *file, const struct usage_row *rows, size_t count,
                  struct buffer *error);

/* Sets for how long rows are kept (seconds), for those as well who do not ask for a time. */
int usagefile_set_keep(struct usagefile *file, int64_t seconds, struct buffer *error);

/* Drops rows that are older than that, at `now` (seconds since 1970). */
int usagefile_tidy(struct usagefile *file, int64_t now, struct buffer *error);

/* What was spent since the day began (seconds since 1970) by a key, or a user. */
struct usage_spent {
    char name[80];
    bool of_user;
    int64_t cost, requests;
};

/* Of all, the caller's to free; NULL without any. Errors as above. */
int usagefile_spent(struct usagefile *file, int64_t day, struct usage_spent **ret_spent,
                    size_t *ret_count, struct buffer *error);

/* Another number once another process has changed the file. */
int usagefile_version(struct usagefile *file, int64_t *ret_version, struct buffer *error);

/* Adds up what came at `since` or later (seconds since 1970), most expensive first, days in their
 * order. The caller ends the report with usage_report_finish either way. Errors as above. */
int usagefile_report(struct usagefile *file, const struct usage_question *question,
                     struct buffer *error, struct usage_report *ret_report);
