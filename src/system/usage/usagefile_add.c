#include "system/usage/usagefile_parts.h"

#include <stdlib.h>
#include <string.h>

/* An answer may report any number. Of what is kept, a million times the most can be added up. */
#define SUM_LARGEST (INT64_MAX / 4096)
#define ROW_LARGEST (INT64_MAX / (1 << 20))

/* A statement whose parameters are bound in their order. */
struct binding {
    const struct sqlite *sqlite;
    sqlite3_stmt *statement;
    int at, code;
};

static void bind_text(struct binding *binding, const char *text)
{
    binding->code |=
        binding->sqlite->bind_text(binding->statement, ++binding->at, text, -1, SQLITE_STATIC);
}

static void bind_number(struct binding *binding, int64_t number)
{
    binding->code |= binding->sqlite->bind_int64(binding->statement, ++binding->at, number);
}

static int64_t bounded(int64_t number)
{
    return number < ROW_LARGEST ? number : ROW_LARGEST;
}

static void bind_number_if(struct binding *binding, bool there, int64_t number)
{
    if (there)
        bind_number(binding, number);
    else
        binding->code |= binding->sqlite->bind_null(binding->statement, ++binding->at);
}

static int run(struct binding *binding)
{
    int code =
        binding->code == SQLITE_OK ? binding->sqlite->step(binding->statement) : binding->code;
    (void)binding->sqlite->reset(binding->statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int add_request(struct usagefile *file, const struct usage_row *row)
{
    struct binding binding = {file->sqlite, file->statements[ADD_REQUEST], 0, SQLITE_OK};
    bind_number(&binding, row->time);
    bind_text(&binding, row->key);
    bind_text(&binding, row->asked);
    bind_text(&binding, row->served);
    bind_text(&binding, row->session);
    bind_text(&binding, row->user);
    bind_number(&binding, row->status);
    bind_number(&binding, row->tries);
    bind_number(&binding, row->milliseconds);
    bind_number(&binding, row->billable);
    bind_number_if(&binding, row->told, bounded(row->input));
    bind_number_if(&binding, row->told, bounded(row->output));
    bind_number_if(&binding, row->told, bounded(row->cache_read));
    bind_number_if(&binding, row->told, bounded(row->cache_write));
    bind_number_if(&binding, row->told && row->priced, bounded(row->cost));
    return run(&binding);
}

/* ---- sums: what rows of a batch have in common is added up here, and written once ---- */

struct sum {
    int64_t requests, failed, untold, unpriced;
    int64_t input, output, cache_read, cache_write, cost;
};

static int64_t quarter_of(const struct usage_row *row)
{
    return row->time / 1000 / USAGE_QUARTER * USAGE_QUARTER;
}

static const char *model_of(const struct usage_row *row)
{
    return *row->served ? row->served : row->asked;
}

static int compare_quarters(const struct usage_row *a, const struct usage_row *b)
{
    int64_t of_a = quarter_of(a), of_b = quarter_of(b);
    return of_a < of_b ? -1 : of_a > of_b;
}

static int compare_keys(const void *first, const void *second)
{
    const struct usage_row *a = *(const struct usage_row *const *)first;
    const struct usage_row *b = *(const struct usage_row *const *)second;
    int r = compare_quarters(a, b);
    if (r == 0)
        r = strcmp(a->key, b->key);
    if (r == 0)
        r = strcmp(model_of(a), model_of(b));
    return r != 0 ? r : strcmp(a->user, b->user);
}

static int compare_sessions(const void *first, const void *second)
{
    const struct usage_row *a = *(const struct usage_row *const *)first;
    const struct usage_row *b = *(const struct usage_row *const *)second;
    int r = compare_quarters(a, b);
    return r != 0 ? r : strcmp(a->session, b->session);
}

static void raise_by(int64_t *sum, int64_t number)
{
    *sum += bounded(number);
    if (*sum > SUM_LARGEST)
        *sum = SUM_LARGEST;
}

static void count(struct sum *sum, const struct usage_row *row)
{
    sum->requests++;
    sum->failed += row->status >= 400;
    sum->untold += row->billable && !row->told && row->status < 400;
    sum->unpriced += row->told && !row->priced;
    raise_by(&sum->input, row->input);
    raise_by(&sum->output, row->output);
    raise_by(&sum->cache_read, row->cache_read);
    raise_by(&sum->cache_write, row->cache_write);
    raise_by(&sum->cost, row->told && row->priced ? row->cost : 0);
}

static int add_sum(struct usagefile *file, const struct usage_row *row, const struct sum *sum,
                   bool of_session)
{
    struct binding binding = {
        file->sqlite, file->statements[of_session ? ADD_SESSION_SUM : ADD_SUM], 0, SQLITE_OK};
    bind_number(&binding, quarter_of(row));
    bind_text(&binding, of_session ? row->session : row->key);
    if (!of_session) {
        bind_text(&binding, model_of(row));
        bind_text(&binding, row->user);
    }
    binding.at = 4;
    bind_number(&binding, sum->requests);
    bind_number(&binding, sum->failed);
    bind_number(&binding, sum->untold);
    bind_number(&binding, sum->unpriced);
    bind_number(&binding, sum->input);
    bind_number(&binding, sum->output);
    bind_number(&binding, sum->cache_read);
    bind_number(&binding, sum->cache_write);
    bind_number(&binding, sum->cost);
    return run(&binding);
}

static int add_sums(struct usagefile *file, const struct usage_row **rows, size_t row_count,
                    bool of_session)
{
    int (*compare)(const void *, const void *) = of_session ? compare_sessions : compare_keys;
    int code = SQLITE_OK;
    qsort(rows, row_count, sizeof *rows, compare);
    for (size_t i = 0, first = 0; first < row_count && code == SQLITE_OK; first = i) {
        struct sum sum = {0};
        for (i = first; i < row_count && compare(&rows[first], &rows[i]) == 0; i++)
            count(&sum, rows[i]);
        code = add_sum(file, rows[first], &sum, of_session);
    }
    return code;
}

static int add_all(struct usagefile *file, const struct usage_row *rows, size_t row_count)
{
    const struct usage_row **sorted = calloc(row_count, sizeof *sorted);
    int code = sorted || row_count == 0 ? SQLITE_OK : SQLITE_NOMEM;
    for (size_t i = 0; i < row_count && code == SQLITE_OK; i++) {
        sorted[i] = &rows[i];
        code = add_request(file, &rows[i]);
    }
    if (code == SQLITE_OK)
        code = add_sums(file, sorted, row_count, false);
    if (code == SQLITE_OK)
        code = add_sums(file, sorted, row_count, true);
    free(sorted);
    return code;
}

int usagefile_add(struct usagefile *file, const struct usage_row *rows, size_t count,
                  struct buffer *error)
{
    int r = usagefile_execute(file, "BEGIN IMMEDIATE", error);
    if (r < 0)
        return r;
    int code = add_all(file, rows, count);
    r = code == SQLITE_OK ? usagefile_execute(file, "COMMIT", error)
                          : usagefile_explain(file, code, error);
    if (r < 0)
        (void)file->sqlite->exec(file->database, "ROLLBACK", NULL, NULL, NULL);
    return r;
}
