/* How the loop learns that libmicrohttpd's sockets are ready. */
#pragma once

#include "gateway/front_parts.h"

/* To start the daemon with. */
unsigned front_daemon_flags(void);

/* How many connections it can serve. */
size_t front_daemon_most(void);

/* Has `ready` called with `front` when one of them is. False if it cannot be. */
bool front_daemon_watch(struct front *front, struct MHD_Daemon *daemon, struct watch *watch,
                        void (*ready)(void *context, uint32_t events));
void front_daemon_forget(struct front *front, struct watch *watch);
