/* The state of a run whose shared store cannot be reached: what it learned meanwhile, told to the
 * shared state afterwards. Times in it are by our clock; `ahead` is how many seconds the shared
 * store's clock is ahead of that. */
#pragma once

#include "core/pool/keyring.h"
#include "core/state/state.h"

/* Begins one with the rests and the master's uses of the shared state when it was last seen; what
 * is counted in it counts from 0. Returns 0, -ENOMEM, or -EINVAL. */
int standin_begin(const struct state *shared, int64_t ahead, int64_t now,
                  struct state *ret_standin);

/* Adds to the shared state what a stand-in learned: of two rests the one that ends later, failures
 * and runs by their number, the master's uses since it was begun. Where the salts differ, keys are
 * found by the keyring (NULL: none), and what is of others is left out. Returns 0 or -ENOMEM. */
int standin_adopt(struct state *shared, const struct state *standin, const struct keyring *keyring,
                  int64_t ahead);
