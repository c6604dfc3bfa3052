/* What keys may cost in a day (the key file's "budget"). A key that has spent it rests until
 * midnight, for gateways and runs alike. What was spent is what gateways on this machine recorded;
 * requests under way when it is reached go on. */
#pragma once

#include <stdbool.h>

struct candidate;
struct exchange;
struct gateway;
struct roster;

/* To be called for each roster: if it has budgets, begins to look at what is spent. */
void budget_follow(struct gateway *gateway, const struct roster *roster, bool waits);

/* At the start, where others may share the state: warns that these limits ("budgets") are counted
 * by what this machine's gateway has used alone. */
void budget_say_alone(const struct gateway *gateway, const char *limits);

/* True if the key has spent its budget; then it rests, which is said. */
bool budget_is_spent(struct gateway *gateway, const struct roster *roster,
                     const struct candidate *candidate);
