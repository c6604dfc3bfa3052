/* Reading the objects of a key file by tables of their fields. Every mistake is noted with its
 * place, `keys[2].kind: expected …, found …`, and reading goes on, so that one look finds them all.
 * Nothing that may be a token gets into a message. */
#pragma once

#include "base/json.h"
#include "core/pool/keyring.h"

#include <stdbool.h>

#define FIELDS_PLACE 160 /* room for a place */
#define FIELDS_QUOTE 64  /* and for what was found there */

/* What is being read, and where mistakes go. */
struct reader {
    struct keyring *keyring;
    struct keyring_report *report;
    bool out_of_memory;
};

/* Every reader of one field has this form; `target` is what the table's owner is filling. */
typedef void read_field(struct reader *reader, const char *place, const cJSON *item, void *target);

struct field {
    const char *name;
    read_field *read; /* NULL: the field is known, and read elsewhere */
};

/* Reads the fields of an object by a table that ends in {NULL, NULL}. A field that is not in the
 * table is a warning, one that comes twice a mistake. */
void fields_read(struct reader *reader, const char *place, const cJSON *object,
                 const struct field *fields, void *target);

/* One line for the errors, or for the warnings; `place` or `field` may be "". */
void fields_mistake(struct reader *reader, const char *place, const char *field, const char *format,
                    ...) __attribute__((format(printf, 4, 5)));
void fields_oddity(struct reader *reader, const char *place, const char *field, const char *format,
                   ...) __attribute__((format(printf, 4, 5)));
void fields_wrong_type(struct reader *reader, const char *place, const cJSON *item,
                       const char *expected);

/* For such lines, what stands in a field that cannot be a secret: its value if it is a string or a
 * number, else its type. Returns `text`. */
const char *fields_quote(const cJSON *item, char text[FIELDS_QUOTE]);

/* A copy that lives as long as the keyring; NULL, which is noted, if out of memory. */
const char *fields_keep(struct reader *reader, const char *text);

/* A text that is neither empty nor a token. Anything else is a mistake and leaves *ret_text
 * untouched. */
void fields_read_text(struct reader *reader, const char *place, const cJSON *item,
                      const char **ret_text);

/* A whole number within these bounds. Anything else is a mistake and leaves *ret_number untouched.
 */
void fields_read_whole(struct reader *reader, const char *place, const cJSON *item, int least,
                       int most, int *ret_number);

/* Money for a day, such as "5.00/day", in the unit of base/money.h. Otherwise *ret_money is
 * untouched, and that a mistake. */
void fields_read_money(struct reader *reader, const char *place, const cJSON *item,
                       int64_t *ret_money);

bool fields_hold_token(const char *text);

/* What is wrong with a key's name, or NULL: the end of a sentence. Names are shown, recorded in the
 * state, and listed with commas. */
#define FIELDS_NAME 64
const char *fields_name_fault(const char *name);
