/* What each listening socket admits: for a Unix socket whoever may open it, for a port whoever has
 * the stand-in and names it by an address of this machine. */
#pragma once

#include "core/gateway/guard.h"

#include <stdbool.h>
#include <stddef.h>

#define ADMISSION_HOSTS 6
#define ADMISSION_HOST  64
#define ADMISSION_NAME  160

struct admission {
    struct guard guard;
    char texts[ADMISSION_HOSTS][ADMISSION_HOST];
    const char *hosts[ADMISSION_HOSTS];
    char name[ADMISSION_NAME]; /* for people: "http://127.0.0.1:4080", "unix:/…" */
    bool is_port;
};

/* Looks at the socket. Returns 0; -EACCES for a port without a stand-in; another negative errno.
 * `stand_in` is borrowed, as the guard borrows from the admission. */
int admission_make(int fd, const char *stand_in, struct admission *ret_admission);
