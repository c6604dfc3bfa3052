#include "commands/status/status.h"

#include "base/duration.h"
#include "base/text.h"
#include "commands/table.h"
#include "core/show/render.h"
#include "system/zone.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum column { KEY, KIND, STATE, FAILURES, USED, LAST_FAILURE, COLUMN_COUNT };

static const struct table_column columns[COLUMN_COUNT] = {
    [KEY] = {"KEY", false},      [KIND] = {"KIND", false}, [STATE] = {"STATE", false},
    [FAILURES] = {"FAIL", true}, [USED] = {"USED", false}, [LAST_FAILURE] = {"LAST FAILURE", false},
};

static const struct table_step steps[] = {
    {TABLE_DROP, KIND, 0},     {TABLE_STRIP, STATE, 0},
    {TABLE_DROP, FAILURES, 0}, {TABLE_CUT, KEY, TABLE_NAME_LEAST},
    {TABLE_DROP, USED, 0},     {TABLE_DROP, LAST_FAILURE, 0},
    {TABLE_BARE, STATE, 0},    {TABLE_CUT, STATE, TABLE_NAME_LEAST},
    {TABLE_CUT, KEY, 1},       {TABLE_CUT, STATE, 1},
    {TABLE_WHOLE, 0, 0},
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

/* `session limit` while it is known which limit was used up, or else `limit`. */
static const char *last_reason(const struct record *known)
{
    for (size_t i = 0; i < known->cooldown_count; i++)
        if (known->cooldowns[i].class == known->last_class && *known->cooldowns[i].what)
            return known->cooldowns[i].what;
    return failure_class_name(known->last_class);
}

static void fill_row(struct table_row *row, const struct status_view *view,
                     const struct candidate *candidate, bool is_master)
{
    const struct key *key = candidate->key;
    const struct record *known = state_find(&view->state->keys, candidate->id);
    row->style = style_of(candidate);
    row->is_marked = candidate == view->next;
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
    buffer_append_format(line, " %s in the last %s\n",
                         uses == 1 && master->at_most == 0 ? "use" : "uses",
                         period == 3600 ? "hour" : "day");
}

/* What the answers said about keys that went through a gateway. */
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

/* Breaks lines at blanks where that keeps them from being cut. */
static void append_lines_wrapped(struct buffer *text, const char *lines, size_t limit)
{
    while (*lines) {
        size_t length = strcspn(lines, "\n"), fits = limit ? text_cut(lines, limit) : length;
        size_t part = fits < length ? fits : length;
        while (part > 0 && part < length && lines[part] != ' ')
            part--;
        if (part == 0)
            part = length;
        buffer_append(text, lines, part);
        buffer_append_char(text, '\n');
        lines += part + (lines[part] != '\0');
    }
}

/* The lines below the table, which has to leave room for all of them. */
static void append_notes(struct buffer *notes, const struct status_view *view)
{
    buffer_append_char(notes, '\n');
    append_next(notes, view);
    append_windows(notes, view);
    append_master(notes, view);
    append_ends(notes, view);
}

/* If not all keys fit, those that a person looks for come first, then file order. */
static int rank_of(const struct status_view *view, const struct candidate *candidate)
{
    const struct record *known = state_find(&view->state->keys, candidate->id);
    if (candidate == view->next)
        return 0;
    if (candidate->leases > 0)
        return 1;
    if (candidate->standing == STANDING_COOLING || candidate->standing == STANDING_SPENT)
        return 2;
    if (candidate->standing != STANDING_READY)
        return 5;
    return known && (known->failures > 0 || known->last_used > 0) ? 3 : 4;
}

#define RANKS 6

static int fill(struct table *table, const struct status_view *view, bool by_rank)
{
    const struct rotation *rotation = &view->pool->rotation;
    size_t count = rotation->count + rotation->has_master, row = 0;
    if (table_init(table, count) < 0)
        return -1;
    for (int rank = 0; rank < (by_rank ? RANKS : 1); rank++)
        for (size_t i = 0; i < count; i++) {
            const struct candidate *candidate = &rotation->candidates[i];
            if (!by_rank || rank_of(view, candidate) == rank)
                fill_row(&table->rows[row++], view, candidate, i == rotation->count);
        }
    return 0;
}

static void append_count(struct buffer *line, size_t count, const char *what)
{
    if (count > 0)
        buffer_append_format(line, ", %zu %s", count, what);
}

static void append_standing(struct buffer *line, const size_t *counts, enum standing standing)
{
    append_count(line, counts[standing], standing_word(standing));
}

/* `498 of 500 ready, 1 resting (first back 14:35), 1 disabled`, without the master. */
static void append_summary(struct buffer *line, const struct status_view *view)
{
    const struct rotation *rotation = &view->pool->rotation;
    size_t counts[STANDING_BUSY + 1] = {0}, ended = 0;
    int64_t first = 0;
    for (size_t i = 0; i < rotation->count; i++) {
        const struct candidate *candidate = &rotation->candidates[i];
        counts[candidate->standing]++;
        ended += candidate->standing == STANDING_READY && candidate->ended;
        if (candidate->standing == STANDING_COOLING && candidate->cooling &&
            (first == 0 || candidate->cooling->until < first))
            first = candidate->cooling->until;
    }
    buffer_append_format(line, "%zu of %zu %s", counts[STANDING_READY], rotation->count,
                         standing_word(STANDING_READY));
    append_standing(line, counts, STANDING_COOLING);
    if (first > 0) {
        buffer_append_text(line, " (first back ");
        render_time(line, first, view->now, &zone_system);
        buffer_append_char(line, ')');
    }
    append_standing(line, counts, STANDING_BUSY);
    append_standing(line, counts, STANDING_DISABLED);
    append_standing(line, counts, STANDING_LEFT_OUT);
    append_count(line, ended, "ended");
    buffer_append_char(line, '\n');
}

/* Appends as many rows as the lines leave room for, from view->first_row on, which is set to the
 * last value that makes sense. */
static void append_rows(struct buffer *text, const struct table *table, struct status_view *view,
                        size_t room)
{
    size_t shown = table->count < room ? table->count : room;
    if (shown < table->count)
        shown = room > 1 ? room - 1 : 1; /* for the line below */
    if (view->first_row > table->count - shown)
        view->first_row = table->count - shown;
    view->page = shown;
    table_append_titles(text, table);
    for (size_t i = 0; i < shown; i++)
        table_append_row(text, table, view->first_row + i);
    if (shown == table->count)
        return;
    struct buffer line = {0};
    buffer_append_format(&line, "  %zu–%zu of %zu · ↑ ↓ PgUp PgDn\n", view->first_row + 1,
                         view->first_row + shown, table->count);
    append_lines_cut(text, buffer_text(&line), table->screen->columns);
    buffer_finish(&line);
}

void status_append_table(struct buffer *text, struct status_view *view, const struct screen *screen)
{
    const struct rotation *rotation = &view->pool->rotation;
    struct table table = {.columns = columns,
                          .column_count = COLUMN_COUNT,
                          .styled = STATE,
                          .steps = steps,
                          .indent = 2,
                          .screen = screen};
    struct buffer told = {0}, summary = {0}, notes = {0};
    append_summary(&told, view);
    append_lines_wrapped(&summary, buffer_text(&told), screen->columns);
    buffer_append_char(&summary, '\n');
    buffer_clear(&told);
    append_notes(&told, view);
    append_lines_wrapped(&notes, buffer_text(&told), screen->columns);
    /* Besides them: the titles. */
    size_t lines = count_lines(buffer_text(&summary)) + count_lines(buffer_text(&notes)) + 1;
    size_t rows = rotation->count + rotation->has_master;
    size_t room = screen->rows == 0 ? SIZE_MAX : screen->rows > lines ? screen->rows - lines : 1;
    append_lines_cut(text, buffer_text(&summary), screen->columns);
    if (fill(&table, view, rows > room) < 0)
        text->failed = true;
    table_fit(&table);
    append_rows(text, &table, view, room);
    append_lines_cut(text, buffer_text(&notes), screen->columns);
    text->failed |= notes.failed || summary.failed || told.failed;
    buffer_finish(&notes);
    buffer_finish(&told);
    buffer_finish(&summary);
    table_finish(&table);
}
