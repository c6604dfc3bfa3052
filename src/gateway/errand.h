/* Changes that a request asks for: each is made by a tcr-run that is started for it, as a person
 * would make it, while the loop goes on. What it says is the answer. */
#pragma once

struct exchange;
struct gateway;
struct control;

/* Starts it for an exchange, which is marked when its answer is there (own_answer). Returns 0 or a
 * negative errno. */
int errand_start(struct exchange *exchange, const struct control *control);

/* A child process has ended. */
void errands_reap(struct gateway *gateway);

/* Nobody waits for them any more; what they do is done all the same. */
void errands_stop(struct gateway *gateway);
