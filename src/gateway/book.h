/* What is known of the keys, in the memory of this process: asked and changed without waiting. */
#pragma once

#include "core/state/choice.h"

#include <stdbool.h>

struct gateway;

/* Makes a choice; the owner is filled in. */
void book_choose(struct gateway *gateway, struct choice *choice);

/* A slot's key is given back. */
void book_give_back(struct gateway *gateway, struct slot *slot);

const struct state *book_state(const struct gateway *gateway);

/* True if the key rests now for this model ("": for every one). */
bool book_rests(const struct gateway *gateway, const struct candidate *candidate,
                const char *model);
