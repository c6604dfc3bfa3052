/* What exchange.c, exchange_steps.c and exchange_judge.c share. */
#pragma once

#include "gateway/exchange.h"

/* Lets it go through its states as far as what is known allows. */
void exchange_step(struct exchange *exchange);

void exchange_destroy(struct exchange *exchange);

/* Where a judged answer, or a try that failed, leads. */
enum exchange_state exchange_judge(struct exchange *exchange);

struct picker_why;

/* The same where no key is left. */
enum exchange_state exchange_refuse_used_up(struct exchange *exchange,
                                            const struct picker_why *why);

/* Sets an answer of ours; whatever was there is dropped. `retry_after` as in refusal.h. */
enum exchange_state exchange_refuse(struct exchange *exchange, int status, const char *sentence,
                                    int64_t retry_after);
