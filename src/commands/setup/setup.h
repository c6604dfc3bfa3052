/* `tcr-run setup`: programs that find a lasting gateway by what stands in a file of theirs. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What goes into the files. */
struct setup_facts {
    char address[64];   /* of the gateway: "http://127.0.0.1:4080" */
    char *token;        /* what its clients send as their key; guarded (secret_free) */
    struct buffer self; /* tcr-run, as a shell finds it */
};

/* A program that can be set up. */
struct setup_program {
    const char *name, *what;
    bool keeps_token; /* its file holds the token, so that nobody else may read it */
    /* The file; freed by the caller. NULL after saying why there is none. */
    char *(*path)(void);
    /* Appends what the file is to hold; `text` is NULL if there is no file. Returns 1; 0 if nothing
     * is to be changed; -EINVAL with one sentence in `error`. */
    int (*add)(const struct setup_facts *facts, const char *text, size_t length,
               struct buffer *ret_text, struct buffer *error);
    int (*remove)(const struct setup_facts *facts, const char *text, size_t length,
                  struct buffer *ret_text, struct buffer *error);
    const char *then; /* what a person does next; a program without a file has this alone */
};

/* NULL if there is none of this name; `ret_nearest` (may be NULL) is then the one that was meant,
 * or NULL. */
const struct setup_program *setup_find(const char *name, const char **ret_nearest);

/* The table, for help: NULL behind the last. */
const struct setup_program *setup_program_at(size_t index);

/* A file of somebody else's, read to be changed. A link is followed: what it leads to is replaced.
 */
struct setup_file {
    char *path;
    char *copy; /* the path of the copy that is kept */
    bool exists, has_copy;
    mode_t mode;
    struct buffer text;
};

/* False after saying what is wrong. Ended with setup_file_close in any case. */
bool setup_file_open(struct setup_file *ret_file, const char *path);
void setup_file_close(struct setup_file *file);

/* Keeps a copy of the file as it was before tcr-run came, then replaces it in one step. */
bool setup_file_write(const struct setup_file *file, const struct buffer *text, bool is_private);

/* The way back: without the copy, if the file is as it was then; without the file, if there was
 * none and nothing is left in it. */
bool setup_file_restore(const struct setup_file *file, const struct buffer *text, bool is_empty);
