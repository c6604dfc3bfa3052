/* Secrets from people and from pipes, straight into guarded memory (freed with secret_free). */
#pragma once

#include <stddef.h>

#define PROMPT_LONGEST 4096 /* more than one line of a terminal can hold */

/* Shows `question` on the controlling terminal and reads one line there without echo. The terminal
 * is as before afterwards, also when a signal ends or stops this process meanwhile (one that does
 * not because it is blocked gives -EINTR and stays pending). Returns 0; -ENOTTY if there is no
 * terminal; -ECANCELED if nothing was typed before the end of file; -EMSGSIZE if more than one line
 * was pasted (the rest is thrown away: it must not get to the shell); another negative errno. */
int prompt_secret(const char *question, char **ret_secret);

/* Reads one line of a descriptor, and not a byte of the next, without its line end. Returns 0;
 * -ENODATA if there is none; -EFBIG if it is longer than `most`; another negative errno. */
int prompt_read_line(int fd, size_t most, char **ret_line);

/* Reads a descriptor to its end, at most `most` bytes; NUL-terminated. */
int prompt_read_all(int fd, size_t most, char **ret_bytes, size_t *ret_length);
