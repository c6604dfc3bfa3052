/* Credentials in memory that is locked, guarded and wiped: from the moment they are read to the
 * exec that hands one of them over. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Owns any number of secrets. Locking is best effort: a small RLIMIT_MEMLOCK must not stop a run.
 */
struct secret_store;

/* NULL if out of memory. */
struct secret_store *secret_store_create(void);

/* Wipes and frees everything; takes NULL. */
void secret_store_destroy(struct secret_store *store);

/* A NUL-terminated copy inside the store, valid until the store is destroyed; NULL if out of
 * memory. */
const char *secret_store_add(struct secret_store *store, const char *bytes, size_t length);

/* One block of guarded memory for bytes still to be read; freed with secret_free, which takes NULL.
 */
char *secret_alloc(size_t size);
void secret_free(char *bytes);

/* The only form in which a token may be shown: "sk-ant-oat01-…x9Qa", prefix and last four
 * characters; a token too short to hide behind that shows as "…". */
#define SECRET_REDACTED 48
void secret_redact(const char *token, char ret_text[SECRET_REDACTED]);

/* Cuts every token of a known form out of a text on its way to a person, in place, leaving its
 * prefix: whatever a message quotes, a path, a name or an argument, may be a token in the wrong
 * place. Returns the new length. */
size_t secret_mask(char *text, size_t length);

/* Overwrites bytes that held a secret, in a way no optimiser removes. */
void secret_wipe(void *bytes, size_t length);
