/* Sockets that systemd opened before it started us, sd_listen_fds(3), or macOS's launchd,
 * launch_activate_socket(3). */
#pragma once

#include "system/net/listen.h"

/* Takes them, close-on-exec and not blocking, and removes the variables that announced them: what
 * is started later is not meant. Returns how many there are, 0 if none was handed to this process;
 * or -EINVAL with one sentence in `error`: more than `most`, or not one that we would listen on. */
int activation_take(struct listen_address *ret_addresses, int *ret_fds, int most,
                    struct buffer *error);
