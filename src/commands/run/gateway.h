/* The gateway of a run: a program of its own that changes keys inside the command's requests
 * (src/gateway/contract.h), and how the command reaches it. */
#pragma once

#include "commands/run/session.h"
#include "core/client/environment.h"
#include "core/client/gatewayuse.h"
#include "core/show/gatewaynews.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define GATEWAY_STAND_IN    64
#define GATEWAY_ASSIGNMENTS 8

struct run_gateway {
    struct session *session;
    enum gateway_way way; /* GATEWAY_NONE: there is none, and all calls below do nothing */
    char *program;
    char *folder, *socket; /* GATEWAY_SOCKET */
    int port;              /* GATEWAY_PORT */
    char stand_in[GATEWAY_STAND_IN];
    int listener, life, tell, errors; /* -1: not open */
    pid_t pid;
    bool restarted, given_up;
    struct buffer line; /* of what it tells, the beginning of one */
    struct gatewaynews news;
    char *address, *no_proxy; /* texts of the variables */
};

/* Decides whether the run gets one, says so with -v, starts it and waits until it listens. Returns
 * 0, also where there is none: a wish of "auto" that cannot be met costs a run nothing but a
 * warning. Else the exit status to end with, the reason said. Ended with gateway_close either way.
 */
int gateway_open(struct session *session, struct run_gateway *gateway);

/* Starts nothing, but says in a line of `text` whether a run would have one and why, and fills in
 * what the command would be given. Ended with gateway_close as well. */
void gateway_pretend(struct session *session, struct run_gateway *gateway, struct buffer *text);

/* What the command's environment gets, borrowed from the gateway: appended to `set`, which has room
 * for GATEWAY_ASSIGNMENTS more. Returns the new count. */
size_t gateway_assign(const struct run_gateway *gateway, struct assignment *set, size_t count);

/* While the command runs: the descriptor to watch (-1: none), and what is done when it can be read.
 * A gateway that died is started anew on the same socket, once. */
int gateway_watched(const struct run_gateway *gateway);
void gateway_listen(struct run_gateway *gateway);

/* Lets it end, and says in one line what a person has to know. `worked`: the client did get
 * answers. */
void gateway_close(struct run_gateway *gateway, bool worked);
