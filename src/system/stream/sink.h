/* An inherited descriptor that output goes to, written without ever blocking on it and without
 * setting O_NONBLOCK: the flag would be everybody's who shares the descriptor. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sink {
    int fd;        /* the descriptor to write to and to poll */
    bool reopened; /* ours to close: a second, non-blocking opening of the same pipe or terminal */
    bool is_socket;
    bool in_pieces; /* could not be reopened: a piece of PIPE_BUF bytes after poll never blocks */
    bool is_file;   /* never blocks */
    bool looked;    /* the first write finds out what it is: many commands write nothing */
};

void sink_open(struct sink *sink, int fd);
void sink_close(struct sink *sink);

/* Writes what goes without waiting. Returns the number of bytes, -EAGAIN if none goes now, or
 * another negative errno. */
ssize_t sink_write(struct sink *sink, const char *bytes, size_t length);
