/* The user's own prices: TCR_PRICES_FILE, else prices.json beside the usual key file. */
#pragma once

#include "base/buffer.h"
#include "core/gateway/prices.h"

/* None if there is no file. Returns 0, or a negative errno with one sentence in `error`, and no
 * prices. Ended with prices_finish either way. */
int pricefile_read(struct prices *ret_prices, struct buffer *error);
