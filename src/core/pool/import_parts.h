/* What the readers of the single forms share; see import.h. */
#pragma once

#include "core/pool/import.h"
#include "core/pool/keyring.h"

#include <stdbool.h>

#define IMPORT_NAME 64 /* of a key file */

/* A name as a key file takes it; false for none, and for what may be a token. */
bool import_clean_name(const char *name, char ret_name[IMPORT_NAME + 1]);

struct importer {
    struct import *import;
    struct keyring scratch; /* judges the tokens */
    int64_t now;
    bool out_of_memory;
};

/* One key as another tool has it. What may be missing is NULL or 0. */
struct found_key {
    const char *name;
    const char *token;
    size_t token_length;
    const char *refresh_token;
    int64_t expires; /* in seconds or milliseconds */
    bool disabled, master;
    const struct kind *kind; /* what a token without a known beginning is; NULL: it is refused */
    const char *address;     /* as written, and the variable it stands in */
    const char *address_name;
};

/* Adds it to what is imported, or a line to the notes that begins with `place`. True if it was
 * added. */
bool importer_add(struct importer *importer, const char *place, const struct found_key *key);

/* Notes that something was passed over: "PLACE: REASON; skipped". */
void importer_skip(struct importer *importer, const char *place, const char *reason);

/* The profiles of a file of named keys, into import->profiles. */
void importer_read_profiles(struct importer *importer, const cJSON *profiles);

/* Puts them into the JSON of a key file; `names` are what the keys of import->keys are called
 * there, null for one that is not. Returns 0 or -ENOMEM. */
int import_merge_profiles(struct import *import, const cJSON *names, cJSON *file,
                          struct buffer *added);

/* The forms that are lines: sets the form, reads them. */
void importer_read_lines(struct importer *importer, const char *bytes, size_t length);
