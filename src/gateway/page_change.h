/* Changes that the page asks for: each is made by a tcr-run, as a person would make it (errand.h),
 * so that the key file has one lock and one way of being written. */
#pragma once

#include "core/gateway/pageroute.h"

struct exchange;

/* For a POST whose body is whole: sets a refusal, or starts the change; then the exchange waits for
 * own_status. What of the body may be a secret is wiped. */
void page_change_ask(struct exchange *exchange, const struct pageroute *route);
