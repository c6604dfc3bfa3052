/* Whom each listening socket admits: a Unix socket, whoever may open it; a port, whoever has the
 * stand-in and names the port by an address of this machine. */
#pragma once

#include "core/gateway/guard.h"
#include "system/fileid.h"

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
    const char *path;   /* of a Unix socket, in `name`; NULL: it has none */
    struct fileid file; /* at that path */
};

/* Looks at the socket. Returns 0; -EACCES for a port without a stand-in; another negative errno.
 * `stand_in` is borrowed, as the guard borrows from the admission. */
int admission_make(int fd, const char *stand_in, struct admission *ret_admission);

/* Removes a Unix socket's file, which would outlive its server, unless another has taken its
 * place. */
void admission_remove_file(struct admission *admission);

/* The name of one that is spoken to by TLS. */
void admission_name_tls(struct admission *admission);
