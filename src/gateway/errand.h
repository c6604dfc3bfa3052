/* Changes that a request asks for: each is made by a tcr-run that is started for it, as a person
 * would make it, while the loop goes on. What it says is the answer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct exchange;
struct gateway;

/* All is copied, or written to a pipe, before errand_start returns. */
struct errand_plan {
    const char *const *words; /* the subcommand, its verb and options; never a secret */
    size_t word_count;
    const char *const *names; /* what it is about */
    size_t name_count;
    const char *input; /* its standard input, which may be a secret; NULL: none */
    const char *name;  /* for `answer` */
    /* It was done, or was not; `words` is what it said. Sets own_status and own_answer. */
    void (*answer)(struct exchange *exchange, const char *name, bool done, const char *words);
};

/* Starts it for an exchange, which is marked when its answer is there. Returns 0 or a negative
 * errno: -EAGAIN if too many are under way. */
int errand_start(struct exchange *exchange, const struct errand_plan *plan);

/* A child process has ended. */
void errands_reap(struct gateway *gateway);

/* Nobody waits for them any more; what they do is done all the same. */
void errands_stop(struct gateway *gateway);

/* The sentence that matters of what it said, the last one, without the program's name. Changes
 * `words`. */
const char *errand_last_sentence(char *words);
