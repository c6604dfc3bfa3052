/* What `tcr-run doctor` looks at: whatever makes tcr-run do nothing, or do it unsafely. A check
 * changes nothing. */
#pragma once

#include "core/client/options.h"
#include "core/pool/keyring.h"
#include "core/state/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum health { HEALTH_OK, HEALTH_WARN, HEALTH_FAIL };

struct diagnosis {
    const char *check; /* a word or two: what was looked at */
    enum health health;
    char *message;
    char *fix; /* what to do about it; NULL if there is nothing to do */
};

struct doctor {
    const struct options *options;
    int64_t now;
    struct diagnosis *diagnoses;
    size_t count;
    bool out_of_memory;
    struct state state; /* as the file has it, not yet settled */
    bool has_state;
    int64_t ahead; /* seconds by which the state's clock is ahead of ours */
};

/* Adds a line: a reason, then, where something can be done, "; fix: " and what. */
void doctor_say(struct doctor *doctor, const char *check, enum health health, const char *format,
                ...) __attribute__((format(printf, 4, 5)));

/* Adds each line of `lines` with `prefix` before it. */
void doctor_say_lines(struct doctor *doctor, const char *check, enum health health,
                      const char *prefix, const char *lines);

/* doctor_state.c */
void doctor_check_state(struct doctor *doctor); /* reads the state for those that follow */
void doctor_check_clock(struct doctor *doctor);
/* doctor_server.c */
bool doctor_check_server(struct doctor *doctor); /* the same of a server; false if there is none */
/* doctor_keys.c */
void doctor_check_keys(struct doctor *doctor);
/* doctor_client.c */
void doctor_check_client(struct doctor *doctor);
void doctor_check_settings(struct doctor *doctor);
/* doctor_environment.c */
void doctor_check_environment(struct doctor *doctor);
/* doctor_gateway.c */
void doctor_check_gateway(struct doctor *doctor);
