/* How much of a plan's windows is used, as every answer's anthropic-ratelimit-unified-* headers
 * tell it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum usage_status { USAGE_UNKNOWN, USAGE_ALLOWED, USAGE_WARNING, USAGE_REJECTED };

#define USAGE_NAME 24
#define USAGE_MOST 8

struct usage_window {
    char name[USAGE_NAME]; /* as in the header: "5h", "7d", "7d_opus", "overage", … */
    int used;              /* of a thousand; -1 if it was not told; may be more than 1000 */
    int64_t reset;         /* seconds since 1970; 0 if it was not told */
    enum usage_status status;
};

struct usage {
    struct usage_window windows[USAGE_MOST]; /* in the order of the head */
    size_t count;
};

/* Fills *ret_usage from a head as in base/head.h; count is 0 if it tells nothing. */
void usage_read(const char *head, struct usage *ret_usage);

/* The window of this name; NULL if there is none. */
const struct usage_window *usage_find(const struct usage *usage, const char *name);

/* How much of the fullest window is used at `now`, of a thousand; -1 if none is known. A window
 * that was reset since counts as empty, a rejected one as full; what is bought beyond the plan
 * ("overage") does not count. */
int usage_fullest(const struct usage *usage, int64_t now);

#define USAGE_NEARLY_FULL 980

/* "allowed", "allowed_warning", "rejected"; "" */
const char *usage_status_name(enum usage_status status);

/* USAGE_UNKNOWN for any other word. */
enum usage_status usage_status_parse(const char *name);
