/* What usagefile.c and usagefile_report.c share. */
#pragma once

#include "system/fileid.h"
#include "system/usage/usagefile.h"

/* Sums are of so many seconds: every zone's days begin where such a span does. */
#define USAGE_QUARTER 900

enum { ADD_REQUEST, ADD_SUM, ADD_SESSION_SUM, STATEMENT_COUNT };

struct usagefile {
    const struct sqlite *sqlite;
    sqlite3 *database;
    char *path;
    struct fileid id;                          /* which file had this name when it was opened */
    sqlite3_stmt *statements[STATEMENT_COUNT]; /* for writing */
};

/* Appends what SQLite says of its code; gives the errno that goes with it. */
int usagefile_explain(const struct usagefile *file, int code, struct buffer *error);

int usagefile_execute(struct usagefile *file, const char *sql, struct buffer *error);

/* The first column of the first row; *ret_number is untouched if there is none. */
int usagefile_number(struct usagefile *file, const char *sql, int64_t *ret_number,
                     struct buffer *error);
