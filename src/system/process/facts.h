/* What the system tells about a process: what tells it from others that had or will have its
 * number.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* When a process began, in a unit of the system's own (Linux: clock ticks since boot); 0 if there
 * is none of this number, or only what is left of one that ended. `*ret_stopped`: by Ctrl-Z, say.
 * Where nothing is told, each process that is there began at 1. */
int64_t facts_start(pid_t pid, bool *ret_stopped);

/* In that unit, for a lease that begins: now, or when we began; 0 where nothing is told. */
int64_t facts_now(void);

/* Whether a signal that `sender` seems to have sent can have been typed at our terminal. On macOS
 * that is what the program does that writes to the terminal's other side; elsewhere the kernel
 * sends it, and this is never so. */
bool facts_types(pid_t sender);

/* The space in which our process numbers are unique; 0 where there is only one. */
int64_t facts_namespace(void);

/* What no other boot of this machine, nor another machine, has; "" where nothing is told. */
void facts_boot(char *ret_text, size_t size);
