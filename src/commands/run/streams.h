/* What an attempt's command writes: through the gate, which holds what may be a used-up key's
 * message, and with --mask through the mask, to our own stdout and stderr. */
#pragma once

#include "commands/run/attempt.h"

#include <stdbool.h>

/* Opens the channels and tells the attempt's plan of them. Streams of an interactive client are
 * left alone unless they have to be masked. Where stdout and stderr are one, the command finds them
 * to be one too, and their order stays. Returns 0, or the exit status to end with, after reporting
 * the reason; ended with streams_close either way. */
int streams_open(struct attempt *attempt);

/* Lets out what the gates hold, or drops it. */
void streams_release(struct attempt *attempt, bool drop);
void streams_close(struct attempt *attempt);
