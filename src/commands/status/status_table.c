#include "commands/status/status.h"

#include "base/duration.h"
#include "base/text.h"
#include "core/show/render.h"
#include "system/zone.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define GAP         2 /* between columns, and before the first: the mark of the next key */
#define STATE_LEAST 12

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum column { KEY, KIND, STATE, FAILURES, USED, LAST_FAILURE, COLUMN_COUNT };

static const struct {
    const char *title;
    bool is_number;
} columns[COLUMN_COUNT] = {
    [KEY] = {"KEY", false},      [KIND] = {"KIND", false}, [STATE] = {"STATE", false},
    [FAILURES] = {"FAIL", true}, [USED] = {"USED", false}, [LAST_FAILURE] = {"LAST FAILURE", false},
};

/* What a narrow screen does without, first things first; the state loses only its "(in 1h 12m)". */
static const enum column spared[] = {KIND, STATE, FAILURES, USED, LAST_FAILURE};

struct row {
    struct buffer cells[COLUMN_COUNT];
    enum style style; /* of the state */
    bool is_next;
};

struct table {
    const struct screen *screen;
    struct row *rows; /* the first holds the titles */
    size_t count;
    size_t widths[COLUMN_COUNT]; /* 0: left out */
};

static enum style style_of(const struct candidate *candidate)
{
    static const enum style by_class[CLASS_COUNT] = {
        [CLASS_LIMIT] = STYLE_WAIT,    [CLASS_THROTTLED] = STYLE_WAIT, [CLASS_AUTH] = STYLE_BAD,
        [CLASS_FORBIDDEN] = STYLE_BAD, [CLASS_BILLING] = STYLE_BAD,    [CLASS_SERVER] = STYLE_WAIT,
        [CLASS_NETWORK] = STYLE_WAIT,
    };
    if (candidate->standing == STANDING_COOLING)
        return by_class[candidate->cooling->class];
    if (candidate->standing == STANDING_SPENT)
        return STYLE_WAIT;
    if (candidate->standing != STANDING_READY)
        return STYLE_FAINT;
    return candidate->leases > 0 ? STYLE_BUSY : STYLE_GOOD;
}

/* `session limit`, where it is still known what was used up, else `limit`. */
static const char *last_reason(const struct record *known)
{
    for (size_t i = 0; i < known->cooldown_count; i++)
        if (known->cooldowns[i].class == known->last_class && *known->cooldowns[i].what)
            return known->cooldowns[i].what;
    return failure_class_name(known->last_class);
}

static void fill_row(struct row *row, const struct status_view *view,
                     const struct candidate *candidate, bool is_master)
{
    const struct key *key = candidate->key;
    const struct record *known = state_find(&view->state->keys, candidate->id);
    row->style = style_of(candidate);
    row->is_next = candidate == view->next;
    buffer_append_text(&row->cells[KEY], key->name);
    buffer_append_text(&row->cells[KIND], is_master         ? "master"
                                          : key->kind_known ? kind_name(&key->kind)
                                                            : "?");
    render_standing(&row->cells[STATE], candidate, view->now, &zone_system);
    buffer_append_format(&row->cells[FAILURES], "%lld", known ? (long long)known->failures : 0LL);
    if (known && known->last_used > 0)
        render_time(&row->cells[USED], known->last_used, view->now, &zone_system);
    if (!known || known->last_class == CLASS_NONE)
        return;
    buffer_append_format(&row->cells[LAST_FAILURE], "%s, ", last_reason(known));
    render_time(&row->cells[LAST_FAILURE], known->last_failed, view->now, &zone_system);
}

static void measure(struct table *table, int column)
{
    table->widths[column] = 0;
    for (size_t i = 0; i < table->count; i++) {
        size_t width = text_width(buffer_text(&table->rows[i].cells[column]));
        table->widths[column] = width > table->widths[column] ? width : table->widths[column];
    }
}

static size_t total_width(const struct table *table)
{
    size_t total = 0;
    for (int c = 0; c < COLUMN_COUNT; c++)
        total += table->widths[c] ? table->widths[c] + GAP : 0;
    return total;
}

static size_t less(size_t a, size_t b)
{
    return a > b ? a - b : 0;
}

static void shorten_states(struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        struct buffer *cell = &table->rows[i].cells[STATE];
        char *span = cell->data ? strstr(cell->data, " (in ") : NULL;
        if (!span)
            continue;
        *span = '\0';
        cell->length = (size_t)(span - cell->data);
    }
    measure(table, STATE);
}

static void cut_column(struct table *table, int column, size_t least, size_t limit)
{
    size_t over = less(total_width(table), limit), most = less(table->widths[column], least);
    table->widths[column] -= over < most ? over : most;
}

/* Leaves out what is spared, then cuts the states, then the names. */
static void fit(struct table *table)
{
    size_t limit = table->screen->columns ? table->screen->columns : SIZE_MAX;
    for (size_t i = 0; i < COUNT(spared) && total_width(table) > limit; i++) {
        if (spared[i] == STATE)
            shorten_states(table);
        else
            table->widths[spared[i]] = 0;
    }
    cut_column(table, STATE, STATE_LEAST, limit);
    cut_column(table, KEY, 1, limit);
    cut_column(table, STATE, 1, limit);
}

static void append_spaces(struct buffer *text, size_t count)
{
    while (count-- > 0)
        buffer_append_char(text, ' ');
}

static void append_cell(struct buffer *text, const struct table *table, const struct row *row,
                        int column)
{
    const char *cell = buffer_text(&row->cells[column]);
    enum style style = row == table->rows ? STYLE_FAINT
                       : column == STATE  ? row->style
                                          : STYLE_PLAIN;
    size_t width = table->widths[column], rest = less(width, text_width(cell));
    bool is_last = true;
    for (int c = column + 1; c < COLUMN_COUNT; c++)
        is_last &= table->widths[c] == 0;
    append_spaces(text, columns[column].is_number ? rest : 0);
    screen_begin(text, table->screen, style);
    screen_append_cut(text, cell, width);
    screen_end(text, table->screen, style);
    append_spaces(text, is_last ? 0 : GAP + (columns[column].is_number ? 0 : rest));
}

static void append_row(struct buffer *text, const struct table *table, const struct row *row)
{
    buffer_append_text(text, row->is_next ? "> " : "  ");
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (table->widths[c] > 0)
            append_cell(text, table, row, c);
    while (text->length > 0 && text->data[text->length - 1] == ' ')
        text->length--;
    buffer_append_char(text, '\n');
}

static void append_next(struct buffer *line, const struct status_view *view)
{
    const struct rotation *rotation = &view->pool->rotation;
    if (view->next) {
        bool is_master = view->next == &rotation->candidates[rotation->count];
        buffer_append_format(line, "next: %s%s\n", view->next->key->name,
                             is_master ? " (the master key, which is billed)" : "");
        return;
    }
    if (view->needs_kind) {
        buffer_append_text(line, "next: depends on --kind, the keys are of several kinds\n");
        return;
    }
    buffer_append_text(line, "next: none is ready");
    int64_t earliest = rotation_earliest(rotation);
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        const struct candidate *candidate = &rotation->candidates[i];
        if (!candidate->cooling || candidate->cooling->until != earliest)
            continue;
        char span[DURATION_TEXT];
        duration_format(earliest - view->now, span);
        buffer_append_format(line, "; \"%s\" is first, at ", candidate->key->name);
        render_time(line, earliest, view->now, &zone_system);
        buffer_append_format(line, " (in %s)", span);
        break;
    }
    buffer_append_char(line, '\n');
}

static void append_master(struct buffer *line, const struct status_view *view)
{
    const struct keyring *keyring = &view->pool->keyring;
    const struct key *master = &keyring->master;
    if (!keyring->has_master)
        return;
    int64_t period = master->at_most > 0 ? master->at_most_period : 86400;
    long long uses = state_master_uses_since(view->state, view->now - period);
    buffer_append_format(line, "master: %lld", uses);
    if (master->at_most > 0)
        buffer_append_format(line, " of %lld", (long long)master->at_most);
    buffer_append_format(line, " uses in the last %s\n", period == 3600 ? "hour" : "day");
}

/* What answers told, of keys that went through a gateway. */
static void append_windows(struct buffer *lines, const struct status_view *view)
{
    const struct rotation *rotation = &view->pool->rotation;
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        const struct candidate *candidate = &rotation->candidates[i];
        struct buffer told = {0};
        render_windows(&told, state_find(&view->state->keys, candidate->id), view->now,
                       &zone_system);
        if (told.length > 0)
            buffer_append_format(lines, "used: %s: %s\n", candidate->key->name, buffer_text(&told));
        lines->failed |= told.failed;
        buffer_finish(&told);
    }
}

static void append_ends(struct buffer *lines, const struct status_view *view)
{
    const struct rotation *rotation = &view->pool->rotation;
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        const struct key *key = rotation->candidates[i].key;
        char span[DURATION_TEXT];
        int64_t end = key_end(key);
        if (!key_ends_soon(key, view->now))
            continue;
        duration_format(end > view->now ? end - view->now : view->now - end, span);
        buffer_append_format(lines, "end: \"%s\" %s ", key->name,
                             end > view->now ? "ends on" : "ended on");
        render_time(lines, end, view->now, &zone_system);
        buffer_append_format(lines, end > view->now ? " (in %s)\n" : " (%s ago)\n", span);
    }
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static void append_lines_cut(struct buffer *text, const char *lines, size_t limit)
{
    while (*lines) {
        size_t length = strcspn(lines, "\n");
        char *line = strndup(lines, length);
        if (!line) {
            text->failed = true;
            return;
        }
        screen_append_cut(text, line, limit ? limit : SIZE_MAX);
        buffer_append_char(text, '\n');
        free(line);
        lines += length + (lines[length] == '\n');
    }
}

/* What stands below the table; it comes whole, so the table has to leave it room. */
static void append_notes(struct buffer *notes, const struct status_view *view)
{
    buffer_append_char(notes, '\n');
    append_next(notes, view);
    append_windows(notes, view);
    append_master(notes, view);
    append_ends(notes, view);
}

static void append_rows(struct buffer *text, const struct table *table, size_t notes)
{
    size_t rows = table->screen->rows, shown = table->count;
    if (rows > 0 && shown + notes > rows)
        shown = less(rows, notes + 1) > 1 ? less(rows, notes + 1) : 1;
    for (size_t i = 0; i < shown; i++)
        append_row(text, table, &table->rows[i]);
    if (shown < table->count)
        buffer_append_format(text, "  … and %zu more\n", table->count - shown);
}

static int fill(struct table *table, const struct status_view *view)
{
    const struct rotation *rotation = &view->pool->rotation;
    size_t count = rotation->count + rotation->has_master;
    table->rows = calloc(count + 1, sizeof *table->rows);
    if (!table->rows)
        return -1;
    table->count = count + 1;
    for (int c = 0; c < COLUMN_COUNT; c++)
        buffer_append_text(&table->rows[0].cells[c], columns[c].title);
    for (size_t i = 0; i < count; i++)
        fill_row(&table->rows[i + 1], view, &rotation->candidates[i], i == rotation->count);
    return 0;
}

void status_append_table(struct buffer *text, const struct status_view *view,
                         const struct screen *screen)
{
    struct table table = {.screen = screen};
    struct buffer notes = {0};
    if (fill(&table, view) < 0) {
        text->failed = true;
        return;
    }
    for (int c = 0; c < COLUMN_COUNT; c++)
        measure(&table, c);
    fit(&table);
    append_notes(&notes, view);
    append_rows(text, &table, count_lines(buffer_text(&notes)));
    append_lines_cut(text, buffer_text(&notes), screen->columns);
    text->failed |= notes.failed;
    buffer_finish(&notes);
    for (size_t i = 0; i < table.count; i++)
        for (int c = 0; c < COLUMN_COUNT; c++)
            buffer_finish(&table.rows[i].cells[c]);
    free(table.rows);
}
