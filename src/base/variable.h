/* Reading an environment that is given, as NAME=VALUE entries that end with NULL. */
#pragma once

/* The value of the first entry of this name, borrowed from it; NULL if there is none. */
const char *variable_value(char *const *environment, const char *name);
