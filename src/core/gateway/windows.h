/* The windows of a key's plan, as every answer's anthropic-ratelimit-unified-* headers tell them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum window_status { WINDOW_UNKNOWN, WINDOW_ALLOWED, WINDOW_WARNING, WINDOW_REJECTED };

#define WINDOW_NAME  24
#define WINDOWS_MOST 8

struct window {
    char name[WINDOW_NAME]; /* as in the header: "5h", "7d", "7d_opus", … */
    int used;               /* of a thousand; -1 if it was not told; may be more than 1000 */
    int64_t reset;          /* seconds since 1970; 0 if it was not told */
    enum window_status status;
};

struct windows {
    struct window items[WINDOWS_MOST]; /* in the order of the head */
    size_t count;
};

/* Fills *ret_windows from a head as in base/head.h; count is 0 if it tells nothing. */
void windows_read(const char *head, struct windows *ret_windows);

/* The window of this name; NULL if there is none. */
const struct window *windows_find(const struct windows *windows, const char *name);

/* How much of the fullest window is used at `now`, of a thousand; -1 if none is known. A window
 * that was reset since counts as empty, a rejected one as full. */
int windows_fullest(const struct windows *windows, int64_t now);

#define WINDOWS_NEARLY_FULL 980

/* "allowed", "allowed_warning", "rejected"; "" */
const char *window_status_name(enum window_status status);
