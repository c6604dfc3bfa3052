/* What is recorded of the runs, for people and programs: one event, one line of JSON
 * (tcr-run-log(1)). Never a secret, never a command's arguments. */
#pragma once

#include "base/buffer.h"
#include "core/pool/failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_kind {
    EVENT_OTHER,     /* a newer version's; `name` tells it */
    EVENT_ATTEMPT,   /* a command was started with `key` */
    EVENT_SUCCESS,   /* it ended well */
    EVENT_FAILED,    /* it failed for a reason of its own */
    EVENT_FAILOVER,  /* `key` failed, `next` follows */
    EVENT_RETRY,     /* `key` met trouble that is not its fault, and is used once more */
    EVENT_EXHAUSTED, /* `key` failed and no other is left; without `key`: none could be used */
    EVENT_STOPPED,   /* `key` failed and, by somebody's wish or option, nothing follows */
    EVENT_WAIT,      /* no key is left; `key` is ready first, at `until`; without: all are in use */
    EVENT_WARNING,   /* `text` is the warning */
    EVENT_RESET,     /* what was known of `key` was forgotten */
    EVENT_RECOVERED, /* a rest of `key` ended before its time; `text` says why */
    EVENT_OVERAGE,   /* the provider bills what `key` is used for beyond its plan */
    /* On stderr alone (--log-format json): `text` is all of it. */
    EVENT_MESSAGE,
    EVENT_EXPLANATION,
    EVENT_COUNT
};

/* Strings are borrowed, from the maker or from `tree`. NULL and 0 mean not given. */
struct event {
    int64_t time; /* seconds since 1970 */
    enum event_kind kind;
    const char *name; /* the kind as written; set by event_parse alone */
    const char *key, *next;
    enum failure_class class; /* how `key` failed */
    const char *what;         /* "session limit", … */
    const char *model;        /* the failure concerns this one alone */
    int64_t until;            /* when `key` can be used again; seconds since 1970 */
    bool assumed;             /* `until` was not told to us: it is the default for such a failure */
    bool master;              /* `next`, or `key` where there is no next, is the master: billed */
    int64_t status, signal;   /* how the command ended; 0 and 0: well, or it was not run */
    int64_t duration_ms;      /* how long the run took until then; at least 1 if given */
    const char *text;
    int64_t pid;
    const char *command; /* base name */
    void *tree;          /* cJSON: what a parsed event borrows from; NULL in one made by hand */
};

/* Appends the line with its '\n': valid JSON whatever the strings hold. */
void event_print(const struct event *event, struct buffer *line);

/* Reads one line, with or without '\n'. A line that begins with the remains of an earlier one, left
 * by a full disk, is understood. Returns 0 with *ret_event to be ended with event_finish; -EINVAL
 * if it is not an event. */
int event_parse(const char *line, size_t length, struct event *ret_event);
void event_finish(struct event *event);

/* True if the event is about this key. */
bool event_concerns(const struct event *event, const char *key);
