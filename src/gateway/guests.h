/* The users of a gateway that other machines reach (core/state/users.h): who they are by their key,
 * what they may ask for, and what they may use in a day. A change of them, by whoever shares the
 * state, counts within a second, for connections that are open too. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exchange;
struct gateway;
struct guests;

/* To be called at first, and when the state has changed. Waits for what was used today if `waits`.
 * Returns 0 or -ENOMEM; ended with guests_close either way. */
int guests_follow(struct gateway *gateway, bool waits);
void guests_close(struct gateway *gateway);

/* Of all, whether they may enter or not. */
size_t guests_count(const struct gateway *gateway);

/* The head names one who may enter: then exchange->user is the name. */
bool guests_enter(struct exchange *exchange);

/* What is said to who has no key that may enter, at the address of the exchange. */
const char *guests_sentence(const struct exchange *exchange);

/* Why a user may not send this request: a status with its sentence, and when it may be tried again.
 * Status 0: nothing is against it. */
struct guest_refusal {
    int status;
    char sentence[400];
    int64_t retry_after; /* seconds; 0: not known */
};
struct guest_refusal guests_judge(const struct exchange *exchange);
