/* The gateway of a run: a program of its own that changes keys inside the command's requests
 * (src/core/gateway/contract.h), and how the command reaches it. */
#pragma once

#include "commands/run/session.h"
#include "core/client/environment.h"
#include "core/client/gatewayuse.h"
#include "core/show/gatewaynews.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define GATEWAY_STAND_IN    64
#define GATEWAY_ASSIGNMENTS 8

struct private_gateway {
    struct session *session;
    enum gateway_way way; /* GATEWAY_NONE: there is none, and all calls below do nothing */
    char *program;
    char *folder, *socket; /* GATEWAY_SOCKET */
    int port;              /* GATEWAY_PORT */
    char stand_in[GATEWAY_STAND_IN];
    int listener, life, tell, errors; /* -1: not open */
    pid_t pid;
    int64_t restarted; /* when last, by clock_now_ms; 0: never */
    bool given_up;
    struct buffer line;                        /* of what it tells, the beginning of one */
    struct gatewaynews *news;                  /* NULL before one is started */
    char *address, *openai_address, *no_proxy; /* texts of the variables */
};

/* Decides whether the run gets one, says so with -v, starts it and waits until it listens. Returns
 * 0, also where there is none: a wish of "auto" that cannot be met costs a run nothing but a
 * warning. Else the exit status to end with, after reporting the reason. Ended with
 * private_gateway_close either way. */
int private_gateway_open(struct session *session, struct private_gateway *gateway);

/* Starts nothing, but fills in whether a run would have one, what the command would be given, and
 * `why`. Ended with private_gateway_close as well. */
void private_gateway_pretend(struct session *session, struct private_gateway *gateway,
                             struct buffer *why);

/* What the command gets in place of the key: the stand-in, where it speaks to a port, or where its
 * key was set for another address than the provider's own, to which the client also sends requests
 * past the gateway. NULL: the key itself. `gateway` may be NULL. */
const char *private_gateway_stand_in(const struct private_gateway *gateway, const struct key *key);

/* What the command's environment gets beside the keys or their stand-ins, borrowed from the
 * gateway: appended to `set`, which has room for GATEWAY_ASSIGNMENTS more. Returns the new count.
 */
size_t private_gateway_assign(const struct private_gateway *gateway, struct assignment *set,
                              size_t count);

/* While the command runs: the descriptor to watch (-1: none), and what is done when it can be read.
 * A gateway that died is started again on the same socket, which is reported once; one that dies
 * again within seconds is not. */
int private_gateway_watched(const struct private_gateway *gateway);
void private_gateway_listen(struct private_gateway *gateway);

/* Lets it end, and says in one line what a person has to know. `worked`: the client did get
 * answers. `*ret_news` (NULL: not wanted) is set to what the gateway told, to be given to free; to
 * NULL if none was started. */
void private_gateway_close(struct private_gateway *gateway, bool worked,
                           struct gatewaynews **ret_news);
