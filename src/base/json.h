/* cJSON with the habits this program needs: memory wiped when freed (a key file passes through
 * here), errors that name line and column, and lookups that are exact. */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Installs the wiping allocator; once, before any other call here. */
void json_init(void);

struct json_place {
    int line, column; /* from 1, in bytes */
};

/* Reads one JSON value that fills `text` but for white space. Returns 0 with a value that the
 * caller frees with json_destroy; -EINVAL if it is not JSON, with *ret_place (may be NULL) set to
 * where reading stopped; -ENOMEM, when nothing is known about the text. *ret_json is NULL then. */
int json_read(const char *text, size_t length, cJSON **ret_json, struct json_place *ret_place);

/* The same for those to whom both failures are one: NULL. */
cJSON *json_parse(const char *text, size_t length, struct json_place *ret_place);

void json_destroy(cJSON *json);

#define CLEANUP_JSON __attribute__((cleanup(json_cleanup)))
static inline void json_cleanup(cJSON **json)
{
    json_destroy(*json);
}

/* A member by its exact name; NULL if `object` is not an object or has no such member. */
cJSON *json_get(const cJSON *object, const char *name);

/* A member's string, borrowed; NULL if it is missing or of another type. */
const char *json_string(const cJSON *object, const char *name);

/* A member's whole number within +-2^53; false, with *ret_number untouched, if it is not one. */
bool json_integer(const cJSON *object, const char *name, int64_t *ret_number);

bool json_is_true(const cJSON *object, const char *name);

/* Sets or replaces a member; false if out of memory. */
bool json_set(cJSON *object, const char *name, cJSON *value);
bool json_set_string(cJSON *object, const char *name, const char *value);
bool json_set_integer(cJSON *object, const char *name, int64_t value);

/* Compact (or indented) text, freed by the caller with json_free_text; NULL if out of memory. */
char *json_print(const cJSON *json, bool indented);
void json_free_text(char *text);

/* "a string", "a number", … for messages; never NULL. */
const char *json_type_name(const cJSON *json);
