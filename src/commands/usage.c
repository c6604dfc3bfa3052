#include "base/cleanup.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/output.h"
#include "commands/table.h"
#include "config.h"
#include "core/gateway/prices.h"
#include "core/show/since.h"
#include "core/show/usagequery.h"
#include "system/log.h"
#include "system/zone.h"
#ifdef TCR_GATEWAY
#include "system/usage/usagefile.h"
#endif

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define WAIT_MS 5000 /* to wait for another process that has locked the file */

struct usage_command {
    struct usage_question question;
    bool json, csv;
    struct usage_report report;
};

enum column { NAME, REQUESTS, FAILED, INPUT, OUTPUT, CACHE_READ, CACHE_WRITE, COST, COLUMN_COUNT };

static const struct table_step steps[] = {
    {TABLE_DROP, CACHE_WRITE, 0}, {TABLE_DROP, CACHE_READ, 0}, {TABLE_CUT, NAME, TABLE_NAME_LEAST},
    {TABLE_DROP, FAILED, 0},      {TABLE_DROP, INPUT, 0},      {TABLE_DROP, OUTPUT, 0},
    {TABLE_CUT, NAME, 1},         {TABLE_WHOLE, 0, 0},
};

static const char *const titles[USAGE_BY_COUNT] = {
    [USAGE_BY_KEY] = "KEY",         [USAGE_BY_MODEL] = "MODEL", [USAGE_BY_DAY] = "DAY",
    [USAGE_BY_SESSION] = "SESSION", [USAGE_BY_USER] = "USER",
};

/* "1,234,567" */
static void append_number(struct buffer *text, int64_t number)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)number);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            buffer_append_char(text, ',');
        buffer_append_char(text, digits[i]);
    }
}

static void fill_row(struct table_row *row, const char *name, const struct usage_sum *sum)
{
    buffer_append_text(&row->cells[NAME], *name ? name : "-");
    append_number(&row->cells[REQUESTS], sum->requests);
    append_number(&row->cells[FAILED], sum->failed);
    append_number(&row->cells[INPUT], sum->input);
    append_number(&row->cells[OUTPUT], sum->output);
    append_number(&row->cells[CACHE_READ], sum->cache_read);
    append_number(&row->cells[CACHE_WRITE], sum->cache_write);
    money_append(&row->cells[COST], sum->cost);
}

/* The names are what clients sent. */
static void append_models(struct buffer *text, const struct usage_report *report)
{
    for (size_t i = 0; i < report->unpriced_count; i++) {
        buffer_append_text(text, i > 0 ? ", " : "");
        screen_append_cut(text, report->unpriced[i], SIZE_MAX);
    }
}

/* What the sums leave out, and what the money means. */
static void append_notes(struct buffer *text, const struct usage_report *report)
{
    const struct usage_sum *total = &report->total;
    if (total->unpriced > 0) {
        buffer_append_format(text, "%lld requests are not in the cost: no price is known for ",
                             (long long)total->unpriced);
        append_models(text, report);
        buffer_append_text(text, "; prices.json can tell them\n");
    }
    if (total->untold > 0)
        buffer_append_format(text, "%lld answers did not tell their tokens\n",
                             (long long)total->untold);
    buffer_append_text(text, "The cost is by list prices as of " PRICES_AS_OF
                             "; a subscription is not billed by it.\n");
}

static void append_table(struct buffer *text, const struct usage_report *report)
{
    const struct table_column columns[COLUMN_COUNT] = {
        [NAME] = {titles[report->question.by], false},
        [REQUESTS] = {"REQUESTS", true},
        [FAILED] = {"FAILED", true},
        [INPUT] = {"INPUT", true},
        [OUTPUT] = {"OUTPUT", true},
        [CACHE_READ] = {"CACHE READ", true},
        [CACHE_WRITE] = {"CACHE WRITE", true},
        [COST] = {"COST", true},
    };
    const struct screen screen = screen_look();
    struct table table = {
        .columns = columns, .column_count = COLUMN_COUNT, .steps = steps, .screen = &screen};
    bool has_total = report->count > 1;
    if (table_init(&table, report->count + has_total) == 0) {
        for (size_t i = 0; i < report->count; i++)
            fill_row(&table.rows[i], report->sums[i].name, &report->sums[i]);
        if (has_total)
            fill_row(&table.rows[report->count], "total", &report->total);
        table_append(text, &table);
        append_notes(text, report);
    } else {
        text->failed = true;
    }
    table_finish(&table);
}

#ifdef TCR_GATEWAY
/* Returns 0 with an empty report if nothing has been recorded yet. */
static int read_report(struct usage_command *usage)
{
    struct buffer error = {0};
    struct usagefile *file = NULL;
    CLEANUP_FREE char *path = usagefile_path();
    usage->report.question = usage->question;
    const struct sqlite *sqlite = path ? sqlite_load(&error) : NULL;
    if (!path)
        buffer_append_text(&error, "there is no file of it: TCR_USAGE_FILE is empty, or HOME");
    int r = sqlite ? usagefile_open(sqlite, path, false, WAIT_MS, &error, &file) : -EIO;
    if (r == 0)
        r = usagefile_report(file, &usage->question, &error, &usage->report);
    if (r == -ENOENT && !usage->json && !usage->csv)
        log_say("no request has gone through a gateway yet: there is no %s", path);
    else if (r < 0 && r != -ENOENT)
        log_say("usage: %s", error.length > 0 ? buffer_text(&error) : strerror(-r));
    usagefile_close(file);
    buffer_finish(&error);
    return r == -ENOENT ? 0 : r;
}
#else
static int read_report(struct usage_command *usage)
{
    (void)usage;
    log_say("usage: this tcr-run was built without the gateway, which records it");
    return -ENOTSUP;
}
#endif

static int take_since(struct usage_command *usage, const char *text)
{
    time_t now = time(NULL);
    usage->question.since = now - USAGE_SINCE_DEFAULT;
    int r = text ? since_parse(text, now, &zone_system, &usage->question.since) : 0;
    if (r < 0)
        log_say("usage: --since %s: %s", text,
                r == -ERANGE ? "that is still to come" : "expected a time such as " SINCE_FORMS);
    return r;
}

static int take_by(struct usage_command *usage, const char *text)
{
    usage->question.by = text ? usage_by_parse(text) : USAGE_BY_KEY;
    if (usage->question.by < USAGE_BY_COUNT)
        return 0;
    log_say("usage: --by %s: expected key, model, day, session or user", text);
    return -EINVAL;
}

static int take_arguments(struct usage_command *usage, int argc, char **argv)
{
    const char *since = NULL, *by = NULL;
    const struct flag flags[] = {{"by", 0, NULL, &by},
                                 {"since", 0, NULL, &since},
                                 {"json", 0, &usage->json, NULL},
                                 {"csv", 0, &usage->csv, NULL},
                                 SCREEN_FLAG,
                                 {0}};
    int words = arguments_take(argc, argv, flags, NULL, "usage");
    if (words > 0)
        log_say("usage takes no names; usage: tcr-run usage [--by key|model|day|session|user] "
                "[--since TIME] [--json|--csv] [--color WHEN]");
    if (words == 0 && usage->json && usage->csv)
        log_say("usage: --json and --csv exclude each other");
    if (words != 0 || (usage->json && usage->csv))
        return -EINVAL;
    int r = take_by(usage, by);
    return r == 0 ? take_since(usage, since) : r;
}

int command_usage(int argc, char **argv)
{
    struct usage_command usage = {0};
    struct buffer text = {0};
    int status = EXIT_OWN_FAILURE;
    if (take_arguments(&usage, argc, argv) == 0 && read_report(&usage) == 0) {
        if (usage.json)
            usagetext_append_json(&text, &usage.report);
        else if (usage.csv)
            usagetext_append_csv(&text, &usage.report);
        else if (usage.report.count > 0)
            append_table(&text, &usage.report);
        status = output_print(&text);
    }
    usage_report_finish(&usage.report);
    return status;
}
