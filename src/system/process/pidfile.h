/* The file of a program that runs once: locked for as long as it runs, so that one that a crash
 * left behind says nothing. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <sys/types.h>

/* Takes the lock and writes our pid alone. Returns the descriptor (close-on-exec), -EWOULDBLOCK if
 * somebody runs or looks at that moment whether somebody does, or another negative errno. */
int pidfile_take(const char *path);

/* Writes our pid in the first line and `text` below. Returns 0 or a negative errno. */
int pidfile_write(int fd, const char *text);

#define PIDFILE_CERTIFICATE "certificate " /* a line that names its file begins so */

struct pidfile {
    pid_t pid;
    struct buffer text;        /* the lines below the first, but for */
    struct buffer certificate; /* the file's name; "": none */
};

/* Returns 0 if somebody runs: *ret_file, to be finished; -ESRCH if nobody does; another negative
 * errno. */
int pidfile_read(const char *path, struct pidfile *ret_file);
void pidfile_finish(struct pidfile *file);
