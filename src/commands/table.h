/* Columns that line up and fit the screen: status, keys list, explain. */
#pragma once

#include "base/buffer.h"
#include "commands/screen.h"

#include <stdbool.h>
#include <stddef.h>

#define TABLE_COLUMNS_MOST 8
#define TABLE_NAME_LEAST   12 /* columns that a name keeps before a time is cut */

struct table_column {
    const char *title;
    bool is_number; /* flush right */
};

/* What a narrow screen does without, first things first: TABLE_DROP leaves the column out,
 * TABLE_STRIP takes "(in 1h 12m)" out of its cells, TABLE_BARE all that stands before "until",
 * TABLE_CUT narrows the column to `least` at most. A list ends with TABLE_WHOLE. */
struct table_step {
    enum { TABLE_WHOLE, TABLE_DROP, TABLE_STRIP, TABLE_BARE, TABLE_CUT } what;
    size_t column, least;
};

struct table_row {
    struct buffer cells[TABLE_COLUMNS_MOST];
    enum style style; /* of the column that the table says */
    bool is_marked;   /* "> " stands before it */
};

struct table {
    const struct table_column *columns;
    size_t column_count, styled; /* the column with the rows' styles */
    const struct table_step *steps;
    size_t indent; /* 2 where rows can be marked */
    bool untitled;
    const struct screen *screen;

    struct table_row *rows;
    size_t count;
    size_t widths[TABLE_COLUMNS_MOST]; /* 0: left out */
};

/* Makes room for so many rows, with everything above the blank line filled in. Returns 0 or
 * -ENOMEM; ended with table_finish either way. */
int table_init(struct table *table, size_t count);
void table_finish(struct table *table);

/* With all rows filled: finds the widths. */
void table_fit(struct table *table);

/* The titles, unless there are none; one row. Each ends with a newline. */
void table_append_titles(struct buffer *text, const struct table *table);
void table_append_row(struct buffer *text, const struct table *table, size_t row);

/* All of it. `text` has failed if a cell did. */
void table_append(struct buffer *text, struct table *table);
