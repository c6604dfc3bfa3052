/* What the page shows of the gateway, as JSON. */
#pragma once

#include "base/buffer.h"

struct gateway;

/* Why the keys cannot be changed; NULL: they can. */
const char *page_state_why_not(const struct gateway *gateway);

/* Appends the members of the object from the third on, after "version" and "now": what changes as
 * time goes by alone is not in it. `failed` if out of memory. */
void page_state_append(struct gateway *gateway, struct buffer *text);

/* The whole object, made of these. */
void page_state_wrap(const struct gateway *gateway, const struct buffer *members,
                     struct buffer *text);
