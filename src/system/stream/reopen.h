/* A second opening of what a descriptor is open to. */
#pragma once

/* To write without blocking. -1 if it cannot be opened again, or not without being the same
 * description, whose flags others share. */
int reopen_to_write(int fd);
