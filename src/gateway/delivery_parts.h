/* What becomes of answers: delivery.c passes them on, delivery_kept.c keeps refusals while other
 * keys are asked. */
#pragma once

#include "gateway/delivery.h"

/* The headers of our own: the key, how often the request was sent, and what else differs. */
void delivery_append_own(const struct exchange *exchange, const char *key, struct buffer *head);
