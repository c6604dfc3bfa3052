/* What the files private_gateway*.c share: how the program is brought to run, what the command is
 * told of it, and what is done with it then. */
#pragma once

#include "commands/run/private_gateway.h"

/* Binds the socket or port that connections wait in, also while the program is started again.
 * Returns 0 or a negative errno; private_gateway_close removes what was made. */
int private_gateway_make_listener(struct private_gateway *gateway);

/* A random key that opens nothing elsewhere, and nothing here after the run. */
void private_gateway_make_stand_in(struct private_gateway *gateway);

/* The kinds whose providers a gateway knows. */
bool private_gateway_serves(const struct kind *kind);

/* Fills in the stand-in and the texts of the variables. Returns 0 or a negative errno. */
int private_gateway_make_texts(struct private_gateway *gateway);

/* Starts the program, with pipes to it. Returns 0 or a negative errno. */
int private_gateway_start(struct private_gateway *gateway);

/* Closes it if it is open. */
void private_gateway_close_fd(int *fd);
