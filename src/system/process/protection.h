/* Against being started with more rights than the user has, and against core dumps with keys. */
#pragma once

#include <stdbool.h>

/* True if the program runs with rights of its file's (setuid, setgid). */
bool protection_is_privileged(void);

/* No core dump of this process. */
void protection_begin(void);

/* In a child, after fork: what it inherited of that is taken back. It changes no memory. */
void protection_end_in_child(void);

/* Calls for each open descriptor above 2; its own are among them. */
void protection_each_descriptor(void (*call)(int fd));
