/* Which of a plan's windows a failure is about: "session limit", "weekly Opus limit", and how long
 * such a window can last. Only the name of a model narrows it to that model. */
#pragma once

#include "core/pool/failure.h"

/* From a sentence such as "You've hit your WORDS limit", as plain_normalise leaves it, without what
 * stands before it: names the window in the finding, and the scope and model where it is one
 * model's. */
void window_read(const char *text, struct finding *finding);

/* The same from a rateLimitType ("five_hour", "seven_day_opus", …); nothing for an unknown one. */
void window_apply(const char *rate_limit_type, struct finding *finding);
