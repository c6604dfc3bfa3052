/* The text form of a state: what state.h declares as state_parse and state_print stands here, so
 * that the rules and the format can be read apart. */
#pragma once

#include "core/state.h"

void statefile_free_tree(void *tree);
