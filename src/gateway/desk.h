/* Answers what is asked of the gateway itself (core/gateway/control.h): how its accounts stand, and
 * changes to them. */
#pragma once

#include <stdbool.h>

struct exchange;
struct gateway;

/* Works out how the keys stand now; what somebody has just changed in the key file counts. False if
 * out of memory. */
bool desk_survey(struct gateway *gateway);

/* Sets the answer, or starts what finds it: then the exchange waits for own_status. */
void desk_ask(struct exchange *exchange);
