/* What the system tells about a process: what tells it from others that had or will have its
 * number.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* When a process began, in a unit of the system's own (Linux: clock ticks since boot); 0 if there
 * is none of this number, or only what is left of one that ended. `leased`: when it got its lease,
 * 0 if that is not known. `*ret_stopped`: by Ctrl-Z, say; NULL where it does not matter. Where
 * nothing is told, a process that is there began at 1. The portable way starts ps where a lease is
 * in doubt, which takes some 20 ms; what it tells may be a second old. */
int64_t facts_start(pid_t pid, int64_t leased, bool *ret_stopped);

/* In that unit, for a lease that begins: now, or when we began. */
int64_t facts_now(void);

/* Whether a signal that `sender` seems to have sent can have been typed at our terminal. On macOS
 * that is what the program does that writes to the terminal's other side; elsewhere the kernel
 * sends it, and this is never so. */
bool facts_types(pid_t sender);

/* The space in which our process numbers are unique; 0 where there is only one. */
int64_t facts_namespace(void);

/* What no other boot of this machine, nor another machine, has; "" where nothing is told. The
 * portable way goes by the host's name and the moment of the boot. */
void facts_boot(char *ret_text, size_t size);
