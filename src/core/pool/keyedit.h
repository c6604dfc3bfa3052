/* Changes to the JSON of a key file: unknown fields and the order stay as they are. The result
 * still has to pass keyfile_parse before it replaces a file: names and values are checked there.
 * Functions that can fail return 0; -EINVAL with one sentence in `error` and the file as it was; or
 * -ENOMEM, after which it must not be used. */
#pragma once

#include "base/buffer.h"
#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file without keys; the caller frees it; NULL if out of memory. */
cJSON *keyedit_new(void);

/* How many keys there are, the master included. */
size_t keyedit_count(const cJSON *file);

/* By name, the master included; also by the names that keys without one have ("key2", "master").
 * Borrowed; NULL if there is none. */
cJSON *keyedit_find(const cJSON *file, const char *name);

/* Says that there is no key of this name, and which is near. Returns -EINVAL. */
int keyedit_refuse_unknown(const cJSON *file, const char *name, struct buffer *error);

/* The name of the master key, borrowed; NULL if there is none. */
const char *keyedit_master(const cJSON *file);

/* The name of the first key that has the same secret as `entry` (the same token, file, command or
 * folder) into `ret_name`; false if there is none. */
#define KEYEDIT_NAME 80
bool keyedit_holder(const cJSON *file, const cJSON *entry, char ret_name[KEYEDIT_NAME]);

/* Whether an entry may be added: not with a name or a secret that exists already, nor as a second
 * master. */
int keyedit_may_add(const cJSON *file, const cJSON *entry, bool master, struct buffer *error);

/* Adds an entry at the end of the pool, or as the master; takes it over in any case. */
int keyedit_add(cJSON *file, cJSON *entry, bool master, struct buffer *error);

/* Removes a key and takes it out of the profiles. Keys without a name keep the names they were
 * known by. Appends a line to `notes` for each profile that it was in. */
int keyedit_remove(cJSON *file, const char *name, struct buffer *notes, struct buffer *error);

/* Renames a key, in the profiles too. */
int keyedit_rename(cJSON *file, const char *name, const char *other, struct buffer *error);

/* Sets "disabled": true, or removes it. */
int keyedit_disable(cJSON *file, const char *name, bool disabled, struct buffer *error);

/* Gives the pool's keys the priorities 1, 2, … in this order; all of them are named, and the master
 * is not. 1 if they have them: nothing changed. */
int keyedit_order(cJSON *file, char *const *names, size_t count, struct buffer *error);

/* Sets "model_fallback" to rules as --model-fallback has them; "" takes it out, and is 1 if there
 * was none. */
int keyedit_set_fallback(cJSON *file, const char *rules, struct buffer *error);

/* Notes the organization of a key that has none. 1 if it has one: nothing changed. */
int keyedit_set_organization(cJSON *file, const char *name, const char *organization,
                             struct buffer *error);

/* Notes in "added" when a setup token was added: nobody tells its end, but it lasts for a year.
 * Does nothing for other secrets, and where the end is known. 0 or -ENOMEM. */
int keyedit_stamp(cJSON *entry, int64_t now);

/* `"home" (oauth, sk-ant-oat01-…x9Qa)`: an entry in a message. */
void keyedit_describe(const cJSON *entry, struct buffer *text);

/* The file as indented text. */
void keyedit_print(const cJSON *file, struct buffer *text);
