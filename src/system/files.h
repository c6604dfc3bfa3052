/* Files read with care and written so that a reader sees the old or the new, never a half. */
#pragma once

#include "base/buffer.h"
#include "system/host.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How much trust a file must earn before its bytes are used. */
enum file_trust {
    FILE_ANY,   /* a regular file */
    FILE_SECRET /* … that nobody but its owner, us or root, can read, in folders that nobody else
                   can write (trust.h); or a pipe of our own, which is read to its end */
};

/* Reads a whole file of at most `most` bytes into guarded memory, freed with secret_free. The
 * checks are made on the opened descriptor; a FIFO or device is refused, not waited for. Returns 0;
 * -ENOENT and the other errors of open; -EPERM with one sentence in `error` if trust, type or size
 * is wrong.
 */
int files_read(const char *path, enum file_trust trust, size_t most, struct buffer *error,
               char **ret_bytes, size_t *ret_length);

/* The same into a plain buffer, for what is not secret. */
int files_read_plain(const char *path, size_t most, struct buffer *ret_text);
int files_read_plain_at(int folder, const char *path, size_t most, struct buffer *ret_text);

/* Replaces folder/name: name.tmp beside it (mode 0600), written in full, then renamed over. On any
 * error the old file stands and the temporary one is gone. For callers that hold a lock. */
int files_replace(int folder, const char *name, const char *bytes, size_t length);

/* The same for a file that is written often: the new bytes go into name.spare, which then changes
 * places with the file in one step. A killed writer leaves a torn spare, never a torn file. Much
 * cheaper than files_replace (ext4 flushes a file that is renamed over another: 140 us against 3 us
 * measured), but the old bytes stay in the spare, so it is not for secrets, and a reader without
 * the lock may see the next writer at work. */
int files_swap_in(int folder, const char *name, const char *bytes, size_t length);

/* Gives our file mode 0600, whatever the umask removed or somebody added. */
void files_keep_private(int fd);

/* Has what was written to a file or folder last over a power cut. Returns 0 or a negative errno. */
int files_flush(int fd);

/* Makes the folder and those above it, mode 0700. Returns 0 or a negative errno. */
int files_make_folders(const char *path);

/* Writes everything, over short writes and EINTR. Returns 0 or a negative errno. */
int files_write_all(int fd, const char *bytes, size_t length);

/* The same to an inherited descriptor: waits for room, also if somebody made it non-blocking.
 * -EINTR if the host (NULL: none) is interrupted meanwhile. */
int files_write_out(int fd, const char *bytes, size_t length, const struct host *host);

/* $HOME, else the user's entry in the password file; NULL if there is neither. */
const char *files_home(void);

/* "~/x" below the home folder; a relative path below `base` (NULL: as it is). Freed by the caller;
 * NULL if out of memory or there is no home. */
char *files_expand(const char *path, const char *base);

/* The file `name` in tcr's folder below the XDG variable's folder (unset, empty and relative ones
 * are ignored, as the specification says), else below HOME/fallback; on macOS instead in "tcr" of
 * HOME/Library/Application Support, if that folder is there. Freed by the caller; NULL if
 * there is no home. */
char *files_xdg(const char *variable, const char *fallback, const char *name);
/* The same in that folder itself, for what other programs read. */
char *files_xdg_shared(const char *variable, const char *fallback, const char *name);

/* The program that the shell would start by this name; freed by the caller, NULL if there is none.
 */
char *files_find_program(const char *name);

/* The path without links, "." and "..", as realpath gives it, into `ret_path`. Returns 0 or a
 * negative errno: -ENAMETOOLONG if `size` bytes do not hold it. */
int files_real_path(const char *path, char *ret_path, size_t size);

/* An unlinked file of mode 0600 in TMPDIR or /tmp, whichever has room, else in memory; -errno. */
int files_temporary(void);

/* The same opened twice, to read and to write with `append` (O_APPEND or 0); both are the caller's.
 * Returns 0 or a negative errno. */
int files_spool(int append, int *ret_reader, int *ret_writer);
