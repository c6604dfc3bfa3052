#include "commands/table.h"

#include "base/text.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2

int table_init(struct table *table, size_t count)
{
    table->rows = calloc(count ? count : 1, sizeof *table->rows);
    table->count = table->rows ? count : 0;
    return table->rows ? 0 : -ENOMEM;
}

void table_finish(struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        for (size_t c = 0; c < table->column_count; c++)
            buffer_finish(&table->rows[i].cells[c]);
    free(table->rows);
    table->rows = NULL;
    table->count = 0;
}

static void widen(size_t *width, const char *cell)
{
    size_t own = text_width(cell);
    *width = own > *width ? own : *width;
}

static void measure(struct table *table, size_t column)
{
    size_t *width = &table->widths[column];
    *width = 0;
    if (!table->untitled)
        widen(width, table->columns[column].title);
    for (size_t i = 0; i < table->count; i++)
        widen(width, buffer_text(&table->rows[i].cells[column]));
}

static size_t less(size_t a, size_t b)
{
    return a > b ? a - b : 0;
}

static size_t total_width(const struct table *table)
{
    size_t total = 0;
    for (size_t c = 0; c < table->column_count; c++)
        total += table->widths[c] ? table->widths[c] + GAP : 0;
    return table->indent + less(total, GAP);
}

static void strip_span(struct buffer *cell)
{
    char *span = cell->length > 0 ? strstr(buffer_text(cell), " (in ") : NULL;
    if (!span)
        return;
    *span = '\0';
    cell->length = (size_t)(span - cell->data);
}

static void strip_word(struct buffer *cell)
{
    const char *text = buffer_text(cell),
               *until = cell->length > 0 ? strstr(text, " until ") : NULL;
    if (until)
        buffer_drop_front(cell, (size_t)(until - text) + 1);
}

static void shorten(struct table *table, size_t column, void (*strip)(struct buffer *))
{
    for (size_t i = 0; i < table->count; i++)
        strip(&table->rows[i].cells[column]);
    measure(table, column);
}

static void take_step(struct table *table, const struct table_step *step, size_t limit)
{
    size_t *width = &table->widths[step->column];
    size_t over = less(total_width(table), limit), most = less(*width, step->least);
    switch (step->what) {
    case TABLE_WHOLE:
        break;
    case TABLE_DROP:
        *width = 0;
        break;
    case TABLE_STRIP:
        shorten(table, step->column, strip_span);
        break;
    case TABLE_BARE:
        shorten(table, step->column, strip_word);
        break;
    case TABLE_CUT:
        *width -= over < most ? over : most;
        break;
    }
}

void table_fit(struct table *table)
{
    size_t limit = table->screen->columns ? table->screen->columns : SIZE_MAX;
    for (size_t c = 0; c < table->column_count; c++)
        measure(table, c);
    for (const struct table_step *step = table->steps; step->what != TABLE_WHOLE; step++)
        if (total_width(table) > limit)
            take_step(table, step, limit);
}

static void append_spaces(struct buffer *text, size_t count)
{
    while (count-- > 0)
        buffer_append_char(text, ' ');
}

static void append_cell(struct buffer *text, const struct table *table, size_t column,
                        const char *cell, enum style style)
{
    size_t width = table->widths[column];
    bool is_number = table->columns[column].is_number;
    struct buffer cut = {0};
    if (width == 0)
        return;
    screen_append_cut(&cut, cell, width);
    /* A cut before a wide character may leave it a column short. */
    size_t rest = less(width, text_width(buffer_text(&cut)));
    append_spaces(text, is_number ? rest : 0);
    screen_begin(text, table->screen, style);
    buffer_append_text(text, buffer_text(&cut));
    screen_end(text, table->screen, style);
    append_spaces(text, GAP + (is_number ? 0 : rest));
    text->failed |= cut.failed;
    buffer_finish(&cut);
}

static void end_line(struct buffer *text)
{
    while (text->length > 0 && text->data[text->length - 1] == ' ')
        text->length--;
    buffer_append_char(text, '\n');
}

void table_append_titles(struct buffer *text, const struct table *table)
{
    if (table->untitled)
        return;
    append_spaces(text, table->indent);
    for (size_t c = 0; c < table->column_count; c++)
        append_cell(text, table, c, table->columns[c].title, STYLE_FAINT);
    end_line(text);
}

void table_append_row(struct buffer *text, const struct table *table, size_t row)
{
    const struct table_row *own = &table->rows[row];
    if (own->is_marked)
        buffer_append_text(text, "> ");
    else
        append_spaces(text, table->indent);
    for (size_t c = 0; c < table->column_count; c++) {
        text->failed |= own->cells[c].failed;
        append_cell(text, table, c, buffer_text(&own->cells[c]),
                    c == table->styled ? own->style : STYLE_PLAIN);
    }
    end_line(text);
}

void table_append(struct buffer *text, struct table *table)
{
    table_fit(table);
    table_append_titles(text, table);
    for (size_t i = 0; i < table->count; i++)
        table_append_row(text, table, i);
}
