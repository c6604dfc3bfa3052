#include "system/usage/usagefile_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* sum() is an error where the sum is too large; total() is exact up to nine million dollars. */
#define SUM(column) "CAST(min(total(" column "), 9.2e18) AS INTEGER)"

/* Where a group's name comes from: in the sums, in the rows, and in which table. */
static const struct {
    const char *in_sums, *in_rows, *table, *order;
} groups[USAGE_BY_COUNT] = {
    [USAGE_BY_KEY] = {"key", "key", "sums", "10 DESC, 2 DESC, 1"},
    [USAGE_BY_MODEL] = {"model", "CASE WHEN served<>'' THEN served ELSE asked END", "sums",
                        "10 DESC, 2 DESC, 1"},
    [USAGE_BY_DAY] = {"quarter", "time/1000/900*900", "sums", "1"},
    [USAGE_BY_SESSION] = {"session", "session", "session_sums", "10 DESC, 2 DESC, 1"},
    [USAGE_BY_USER] = {"user", "user", "sums", "10 DESC, 2 DESC, 1"},
};

/* The first, partial quarter of an hour is added up from its rows. */
static void make_query(const struct usage_question *question, char *sql, size_t size)
{
    int64_t whole = (question->since + USAGE_QUARTER - 1) / USAGE_QUARTER * USAGE_QUARTER;
    snprintf(sql, size,
             "SELECT name, sum(requests), sum(failed), sum(untold), sum(unpriced), " SUM("input") ", " SUM(
                 "output") ", " SUM("cache_read") ", " SUM("cache_write") ", " SUM("cost") " FROM ("
                                                                                           "SELECT "
                                                                                           "%s AS "
                                                                                           "name, "
                                                                                           "request"
                                                                                           "s, "
                                                                                           "failed,"
                                                                                           " untold"
                                                                                           ", "
                                                                                           "unprice"
                                                                                           "d, "
                                                                                           "input, "
                                                                                           "output,"
                                                                                           " cache_"
                                                                                           "read, "
                                                                                           "cache_"
                                                                                           "write, "
                                                                                           "cost "
                                                                                           "FROM "
                                                                                           "%s "
                                                                                           "WHERE "
                                                                                           "quarter"
                                                                                           " >= "
                                                                                           "%lld "
                                                                                           "UNION "
                                                                                           "ALL "
                                                                                           "SELECT "
                                                                                           "%s, 1, "
                                                                                           "status>"
                                                                                           "=400, "
                                                                                           "billabl"
                                                                                           "e AND "
                                                                                           "input "
                                                                                           "IS "
                                                                                           "NULL "
                                                                                           "AND "
                                                                                           "status<"
                                                                                           "400, "
                                                                                           "input "
                                                                                           "IS NOT "
                                                                                           "NULL "
                                                                                           "AND "
                                                                                           "cost "
                                                                                           "IS "
                                                                                           "NULL, "
                                                                                           "ifnull("
                                                                                           "input,"
                                                                                           "0), "
                                                                                           "ifnull("
                                                                                           "output,"
                                                                                           "0), "
                                                                                           "ifnull("
                                                                                           "cache_"
                                                                                           "read,0)"
                                                                                           ", "
                                                                                           "ifnull("
                                                                                           "cache_"
                                                                                           "write,"
                                                                                           "0), "
                                                                                           "ifnull("
                                                                                           "cost,0)"
                                                                                           " FROM "
                                                                                           "request"
                                                                                           "s "
                                                                                           "WHERE "
                                                                                           "time "
                                                                                           ">= "
                                                                                           "%lld000"
                                                                                           " AND "
                                                                                           "time < "
                                                                                           "%lld000"
                                                                                           ") "
                                                                                           "GROUP "
                                                                                           "BY "
                                                                                           "name "
                                                                                           "ORDER "
                                                                                           "BY %s",
             groups[question->by].in_sums, groups[question->by].table, (long long)whole,
             groups[question->by].in_rows, (long long)question->since, (long long)whole,
             groups[question->by].order);
}

static char *name_of(const struct usagefile *file, sqlite3_stmt *statement, enum usage_by by)
{
    char day[16];
    const char *text = (const char *)file->sqlite->column_text(statement, 0);
    if (by != USAGE_BY_DAY)
        return strdup(text ? text : "");
    time_t quarter = (time_t)file->sqlite->column_int64(statement, 0);
    struct tm civil;
    if (!localtime_r(&quarter, &civil) || strftime(day, sizeof day, "%Y-%m-%d", &civil) == 0)
        return strdup("?");
    return strdup(day);
}

static struct usage_sum read_sum(const struct usagefile *file, sqlite3_stmt *statement)
{
    const struct sqlite *sqlite = file->sqlite;
    return (struct usage_sum){
        .requests = sqlite->column_int64(statement, 1),
        .failed = sqlite->column_int64(statement, 2),
        .untold = sqlite->column_int64(statement, 3),
        .unpriced = sqlite->column_int64(statement, 4),
        .input = sqlite->column_int64(statement, 5),
        .output = sqlite->column_int64(statement, 6),
        .cache_read = sqlite->column_int64(statement, 7),
        .cache_write = sqlite->column_int64(statement, 8),
        .cost = sqlite->column_int64(statement, 9),
    };
}

/* The quarters of one day follow each other. Returns 0 or -ENOMEM. */
static int take_row(const struct usagefile *file, sqlite3_stmt *statement, void *context)
{
    struct usage_report *report = context;
    struct usage_sum sum = read_sum(file, statement);
    char *name = name_of(file, statement, report->question.by);
    struct usage_sum *last = report->count > 0 ? &report->sums[report->count - 1] : NULL;
    if (!name)
        return -ENOMEM;
    usage_sum_add(&report->total, &sum);
    if (last && strcmp(last->name, name) == 0) {
        usage_sum_add(last, &sum);
        free(name);
        return 0;
    }
    if ((report->count & (report->count - 1)) == 0) {
        size_t room = report->count > 0 ? report->count * 2 : 1;
        struct usage_sum *more = realloc(report->sums, room * sizeof *more);
        if (!more) {
            free(name);
            return -ENOMEM;
        }
        report->sums = more;
    }
    sum.name = name;
    report->sums[report->count++] = sum;
    return 0;
}

static int take_model(const struct usagefile *file, sqlite3_stmt *statement, void *context)
{
    struct usage_report *report = context;
    char **more = realloc(report->unpriced, (report->unpriced_count + 1) * sizeof *more);
    if (!more)
        return -ENOMEM;
    report->unpriced = more;
    const char *text = (const char *)file->sqlite->column_text(statement, 0);
    more[report->unpriced_count] = strdup(text ? text : "");
    return more[report->unpriced_count++] ? 0 : -ENOMEM;
}

static int for_each_row(struct usagefile *file, const char *sql,
                        int (*take)(const struct usagefile *, sqlite3_stmt *, void *),
                        void *context, struct buffer *error)
{
    const struct sqlite *sqlite = file->sqlite;
    sqlite3_stmt *statement = NULL;
    int r = 0, code = sqlite->prepare_v2(file->database, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        while (r == 0 && (code = sqlite->step(statement)) == SQLITE_ROW)
            r = take(file, statement, context);
    (void)sqlite->finalize(statement);
    if (r < 0) {
        buffer_append_text(error, strerror(-r));
        return r;
    }
    return code == SQLITE_DONE ? 0 : usagefile_explain(file, code, error);
}

int usagefile_report(struct usagefile *file, const struct usage_question *question,
                     struct buffer *error, struct usage_report *ret_report)
{
    char sql[1536];
    *ret_report = (struct usage_report){.question = *question};
    make_query(question, sql, sizeof sql);
    int r = for_each_row(file, sql, take_row, ret_report, error);
    if (r < 0 || ret_report->total.unpriced == 0)
        return r;
    snprintf(sql, sizeof sql,
             "SELECT DISTINCT model FROM sums WHERE unpriced > 0 AND quarter >= %lld ORDER BY 1",
             (long long)(question->since / USAGE_QUARTER * USAGE_QUARTER));
    return for_each_row(file, sql, take_model, ret_report, error);
}

int usagefile_version(struct usagefile *file, int64_t *ret_version, struct buffer *error)
{
    return usagefile_number(file, "PRAGMA data_version", ret_version, error);
}

struct spending {
    struct usage_spent *list;
    size_t count;
};

static int take_spent(const struct usagefile *file, sqlite3_stmt *statement, void *context)
{
    struct spending *spending = context;
    const struct sqlite *sqlite = file->sqlite;
    struct usage_spent *more =
        realloc(spending->list, (spending->count + 1) * sizeof *spending->list);
    if (!more)
        return -ENOMEM;
    spending->list = more;
    more[spending->count] = (struct usage_spent){.of_user = sqlite->column_int64(statement, 1) != 0,
                                                 .cost = sqlite->column_int64(statement, 2),
                                                 .requests = sqlite->column_int64(statement, 3)};
    snprintf(more[spending->count++].name, sizeof more->name, "%s",
             (const char *)sqlite->column_text(statement, 0));
    return 0;
}

int usagefile_spent(struct usagefile *file, int64_t day, struct usage_spent **ret_spent,
                    size_t *ret_count, struct buffer *error)
{
    struct spending spending = {0};
    char sql[400];
    snprintf(sql, sizeof sql,
             "SELECT key, 0, " SUM("cost") ", sum(requests) FROM sums WHERE quarter >= %lld "
                                           "GROUP BY key UNION ALL SELECT user, 1, " SUM(
                                               "cost") ", sum(requests) FROM sums "
                                                       "WHERE quarter >= %lld GROUP BY user",
             (long long)day, (long long)day);
    int r = for_each_row(file, sql, take_spent, &spending, error);
    if (r < 0) {
        free(spending.list);
        return r;
    }
    *ret_spent = spending.list;
    *ret_count = spending.count;
    return 0;
}
