/* The numbers of a run: defaults, then the key file's "policy", then the command line. */
#pragma once

#include "base/buffer.h"
#include "core/pool/failure.h"

#include <stdbool.h>
#include <stdint.h>

#define POLICY_DEFAULT_RETRIES 3
#define POLICY_MAX_RETRIES     1000
#define POLICY_MAX_PER_KEY     10000
#define POLICY_REFRESH_BEFORE  600

/* Whether a run's requests go through a gateway of its own. */
enum gateway_wish {
    GATEWAY_AUTO, /* where it helps and costs little: interactive sessions of Claude Code */
    GATEWAY_ON,
    GATEWAY_OFF
};

struct policy {
    int retries;          /* pool keys tried per run before the master */
    bool retries_set;     /* not the default, which is another for a gateway's requests */
    int64_t cooldown_all; /* --cooldown 60: every class, given reset times ignored; -1 if unset */
    int64_t cooldown[CLASS_COUNT]; /* seconds when no reset time was given; -1 if unset */
    unsigned retry_on;             /* bit per class that rotates */
    int max_per_key;               /* runs at once on one key; 0: no bound */
    enum gateway_wish gateway;
    bool notify;            /* the terminal notifies when the keys are used up */
    int64_t refresh_before; /* seconds before its end that a login is renewed */
};

struct policy policy_default(void);

/* Reads "60", "auth=2h,limit=10m" or both joined by commas into the policy. Returns 0, or -EINVAL
 * with one sentence appended to `error` and the policy untouched. */
int policy_parse_cooldown(struct policy *policy, const char *text, struct buffer *error);

/* Reads "limit,auth" into retry_on; errors as above. */
int policy_parse_retry_on(struct policy *policy, const char *text, struct buffer *error);

/* Reads a whole number of runs from 1 to POLICY_MAX_PER_KEY; errors as above. */
int policy_parse_max_per_key(struct policy *policy, const char *text, struct buffer *error);

/* Reads a whole number of keys from 0 to POLICY_MAX_RETRIES; errors as above. */
int policy_parse_retries(struct policy *policy, const char *text, struct buffer *error);

/* Reads a length of time; errors as above. */
int policy_parse_refresh_before(struct policy *policy, const char *text, struct buffer *error);

/* Reads "auto", "on" or "off"; errors as above. */
int policy_parse_gateway(struct policy *policy, const char *text, struct buffer *error);

const char *gateway_wish_name(enum gateway_wish wish);

bool policy_rotates(const struct policy *policy, enum failure_class class);

/* What becomes of the reset time in a finding. */
enum told_time {
    TOLD_NOT,     /* it has none */
    TOLD_TAKEN,   /* it is possible, and counts */
    TOLD_PAST,    /* it is over */
    TOLD_TOO_FAR, /* no window of this name lasts so long: the time is past, or wrong */
};

/* A given time is possible if it is in the future, and no further away than such a window lasts: 5
 * hours for a session, 7 days for a week, 40 days for what has no name, all with a little slack.
 * Times are seconds since 1970. `ret_longest` (may be NULL) is set to the bound, in seconds. */
enum told_time policy_told(const struct finding *finding, int64_t now, int64_t *ret_longest);

/* Seconds from `now` that a finding costs: until its reset time if that is possible and no plain
 * --cooldown overrules it, else the class's own length. */
int64_t policy_cooldown(const struct policy *policy, const struct finding *finding, int64_t now);
