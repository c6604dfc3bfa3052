/* What exchange.c, exchange_steps.c and exchange_judge.c share. */
#pragma once

#include "gateway/exchange.h"

/* Moves it through its states as far as possible. */
void exchange_step(struct exchange *exchange);

void exchange_destroy(struct exchange *exchange);

/* The next state after a judged answer, or a failed try. */
enum exchange_state exchange_judge(struct exchange *exchange);

struct picker_why;

/* The same if no key is left. */
enum exchange_state exchange_refuse_used_up(struct exchange *exchange,
                                            const struct picker_why *why);

/* Sets an answer of our own; whatever was there is dropped. `retry_after` as in refusal.h. */
enum exchange_state exchange_refuse(struct exchange *exchange, int status, const char *sentence,
                                    int64_t retry_after);
