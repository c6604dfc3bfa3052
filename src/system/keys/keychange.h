/* The key file as something that is changed: read and unsealed, changed under a lock, checked,
 * sealed again, replaced in one step. Each failure is a negative errno; -EINVAL comes with at least
 * one line in `error` that tells the place in the file and what to do. */
#pragma once

#include "base/buffer.h"
#include "base/json.h"
#include "core/pool/seal.h"
#include "system/host.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct keychange {
    const struct host *host;
    char *path;           /* without symbolic links in the end: for messages too */
    bool exists;          /* when it was opened */
    int64_t lock_seconds; /* how long others are waited for; 0: 10 */
    bool sealed;
    struct seal seal; /* if sealed */
    cJSON *file;      /* as it was when it was opened */
};

/* Reads a key file's bytes into guarded memory (secret_free), with its seal opened; `seal` as in
 * passphrase_unseal. Returns -ENOENT if there is no such file. */
int keychange_read(const char *path, struct seal *seal, struct buffer *error, char **ret_bytes,
                   size_t *ret_length);

/* Opens the file, asking for the passphrase of a sealed one; one that is not there is one without
 * keys. A file with mistakes is refused: it would be written back with them. The host is
 * borrowed. The caller ends *ret_change in any case. */
int keychange_open(const char *path, const struct host *host, struct keychange *ret_change,
                   struct buffer *error);
void keychange_close(struct keychange *change);

/* Changes the file's JSON. Returns 0 if it is to be written, 1 if nothing changed, -EINVAL with one
 * sentence in `error`, -ENOMEM. */
typedef int keychange_edit(cJSON *file, void *context, struct buffer *error);

/* Locks the file, reads it again, lets `edit` change it, and replaces it if the result is a key
 * file without mistakes; the folder is made if it is not there (mode 0700). On any failure the old
 * file stands. */
int keychange_apply(struct keychange *change, keychange_edit *edit, void *context,
                    struct buffer *error);

/* Within an edit: writes the file as it is now, as it is written after the edit. What comes next
 * may cost something that only the written file keeps: what stands in the way of writing shows
 * here, before. */
int keychange_rehearse(const struct keychange *change, const cJSON *file, struct buffer *error);

/* Seals a file that is open and not sealed, or writes one that is sealed back as it was before. The
 * bytes inside stay exactly the same. */
int keychange_seal(struct keychange *change, const struct seal_limits *limits,
                   const char *passphrase, struct buffer *error);
int keychange_unseal(struct keychange *change, struct buffer *error);

/* For a person who edits the text: opens the file with its mistakes, if it has any, into guarded
 * memory (secret_free); one that is not there is the text of one without keys. `file` stays NULL.
 */
int keychange_open_text(const char *path, const struct host *host, struct keychange *ret_change,
                        char **ret_bytes, size_t *ret_length, struct buffer *error);

/* Puts such a text in place of the one that was read, sealed again if that was, if it is a key file
 * without mistakes. -EBUSY, and nothing was written, if the file has changed meanwhile. */
struct keychange_text {
    const char *bytes;
    size_t length;
};
int keychange_replace(struct keychange *change, const struct keychange_text *before,
                      const struct keychange_text *after, struct buffer *error);
