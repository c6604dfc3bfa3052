/* The file of usage, and the thread that writes it. */
#include "system/usage/usagewriter.h"

#include "base/cleanup.h"
#include "core/gateway/prices.h"
#include "support.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DAY_ROWS 100000
#define NOON     ((int64_t)1790000000 / 86400 * 86400 + 43200)

static char folder[] = "/tmp/tcr-usage-XXXXXX", path[64];
static const struct sqlite *sqlite;

static struct usage_row row_of(int64_t time, const char *key, const char *session)
{
    struct usage_row row = {.time = time * 1000,
                            .status = 200,
                            .tries = 1,
                            .billable = true,
                            .told = true,
                            .input = 10,
                            .output = 2,
                            .cache_read = 300,
                            .priced = true,
                            .cost = 1000};
    snprintf(row.key, sizeof row.key, "%s", key);
    snprintf(row.session, sizeof row.session, "%s", session);
    snprintf(row.served, sizeof row.served, "claude-sonnet-5-5");
    return row;
}

static struct usagefile *open_file(bool writes)
{
    struct buffer error = {0};
    struct usagefile *file = NULL;
    int r = usagefile_open(sqlite, path, writes, 1000, &error, &file);
    assert_string_equal(buffer_text(&error), "");
    assert_int_equal(r, 0);
    return file;
}

static void add(struct usagefile *file, const struct usage_row *rows, size_t count)
{
    struct buffer error = {0};
    int r = usagefile_add(file, rows, count, &error);
    assert_string_equal(buffer_text(&error), "");
    assert_int_equal(r, 0);
}

static struct usage_report report_of(struct usagefile *file, enum usage_by by, int64_t since)
{
    const struct usage_question question = {by, since};
    struct usage_report report;
    struct buffer error = {0};
    assert_int_equal(usagefile_report(file, &question, &error, &report), 0);
    return report;
}

static int begin(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/usage.db", folder);
    for (const char *const *end = (const char *const[]){"", "-wal", "-shm", NULL}; *end; end++) {
        char beside[80];
        snprintf(beside, sizeof beside, "%s%s", path, *end);
        (void)unlink(beside);
    }
    return 0;
}

static void sums_hold_what_the_rows_do(void **state)
{
    (void)state;
    struct stat status;
    struct usagefile *file = open_file(true);
    struct usage_row rows[5] = {row_of(NOON + 1, "home", "a"), row_of(NOON + 899, "work", "b"),
                                row_of(NOON + 900, "home", "a"), row_of(NOON + 901, "home", "b"),
                                row_of(NOON + 2000, "home", "c")};
    rows[2].priced = false;
    snprintf(rows[2].served, sizeof rows[2].served, "unheard-of");
    rows[3].told = false;
    rows[3].input = rows[3].output = rows[3].cache_read = 0;
    rows[4].status = 429;
    rows[4].billable = rows[4].told = false;
    rows[4].cost = 0;
    rows[4].input = rows[4].output = rows[4].cache_read = 0;
    add(file, rows, 5);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    struct usage_report report = report_of(file, USAGE_BY_KEY, NOON);
    assert_int_equal(report.count, 2);
    assert_string_equal(report.sums[0].name, "home");
    assert_int_equal(report.sums[0].requests, 4);
    assert_int_equal(report.sums[0].failed, 1);
    assert_int_equal(report.sums[0].untold, 1);
    assert_int_equal(report.sums[0].unpriced, 1);
    assert_int_equal(report.sums[0].cost, 1000);
    assert_int_equal(report.total.cache_read, 900);
    assert_int_equal(report.unpriced_count, 1);
    assert_string_equal(report.unpriced[0], "unheard-of");
    usage_report_finish(&report);
    /* In the middle of a quarter of an hour: from the rows. */
    report = report_of(file, USAGE_BY_SESSION, NOON + 2);
    assert_int_equal(report.count, 3);
    assert_int_equal(report.total.requests, 4);
    usage_report_finish(&report);
    report = report_of(file, USAGE_BY_MODEL, NOON + 901);
    assert_int_equal(report.total.requests, 2);
    usage_report_finish(&report);
    usagefile_close(file);
}

/* Rows of one batch, those of several, and the rows themselves add up to the same. */
static void batches_add_up_to_the_same(void **state)
{
    (void)state;
    struct usagefile *file = open_file(true);
    struct usage_row rows[] = {row_of(NOON + 1, "home", "a"),   row_of(NOON + 2, "work", "a"),
                               row_of(NOON + 3, "home", "b"),   row_of(NOON + 4, "home", "a"),
                               row_of(NOON + 900, "home", "a"), row_of(NOON + 5, "home", "a")};
    snprintf(rows[3].served, sizeof rows[3].served, "claude-haiku-5-5");
    snprintf(rows[5].user, sizeof rows[5].user, "anna");
    rows[0].input = rows[2].input = INT64_MAX; /* an answer may tell that */
    add(file, rows, 6);
    add(file, rows + 1, 1);
    add(file, rows + 3, 3);
    static const struct {
        enum usage_by by;
        const char *name;
        int64_t requests, output;
    } expected[] = {
        {USAGE_BY_KEY, "home", 8, 16},  {USAGE_BY_KEY, "work", 2, 4},
        {USAGE_BY_SESSION, "a", 9, 18}, {USAGE_BY_SESSION, "b", 1, 2},
        {USAGE_BY_USER, "anna", 2, 4},  {USAGE_BY_MODEL, "claude-haiku-5-5", 2, 4},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct usage_report report = report_of(file, expected[i].by, NOON);
        size_t at = 0;
        while (at < report.count && strcmp(report.sums[at].name, expected[i].name) != 0)
            at++;
        assert_true(at < report.count);
        assert_int_equal(report.sums[at].requests, expected[i].requests);
        assert_int_equal(report.sums[at].output, expected[i].output);
        usage_report_finish(&report);
    }
    usagefile_close(file);
}

/* Also what earlier versions wrote, with numbers of any size. */
static void sums_that_are_too_large_stop_at_the_end(void **state)
{
    (void)state;
    struct usagefile *file = open_file(true);
    struct buffer error = {0};
    struct usage_spent *spent;
    size_t count;
    struct usage_row rows[] = {row_of(NOON + 1, "home", "a"), row_of(NOON + 2, "home", "a")};
    rows[0].input = rows[1].input = rows[0].cost = rows[1].cost = INT64_MAX;
    for (int i = 0; i < 5; i++)
        add(file, rows, 2);
    sqlite3 *older;
    assert_int_equal(sqlite->open_v2(path, &older, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite->exec(older,
                                  "INSERT INTO sums SELECT quarter + 900 * column1, key, model, "
                                  "user, requests, failed, untold, unpriced, 9223372036854775807, "
                                  "output, cache_read, cache_write, 9223372036854775807 "
                                  "FROM sums, (VALUES (1), (2), (3)); "
                                  "UPDATE requests SET input = 9223372036854775807, "
                                  "cost = 9223372036854775807",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite->close_v2(older), SQLITE_OK);
    for (enum usage_by by = 0; by < USAGE_BY_COUNT; by++)
        for (int since = 0; since < 2; since++) {
            struct usage_report report = report_of(file, by, NOON + since);
            assert_int_equal(report.total.requests, by == USAGE_BY_SESSION ? 10 : 40);
            assert_true(report.total.input > INT64_MAX / 1000000);
            assert_true(report.total.cost > INT64_MAX / 1000000);
            assert_int_equal(report.total.cache_read, report.total.requests * rows[0].cache_read);
            usage_report_finish(&report);
        }
    assert_int_equal(usagefile_spent(file, NOON, &spent, &count, &error), 0);
    assert_true(spent[0].cost > INT64_MAX / 1000000);
    free(spent);
    usagefile_close(file);
}

static void another_reads_while_one_writes(void **state)
{
    (void)state;
    struct usagefile *writer = open_file(true), *second = open_file(true),
                     *reader = open_file(false);
    struct usage_row row = row_of(NOON, "home", "");
    add(writer, &row, 1);
    add(second, &row, 1);
    struct usage_report report = report_of(reader, USAGE_BY_USER, NOON);
    assert_int_equal(report.total.requests, 2);
    usage_report_finish(&report);
    usagefile_close(writer);
    usagefile_close(second);
    usagefile_close(reader);
}

#define BATCH 50

/* Writes until it is killed; a byte for each batch that is in the file. */
static void write_for_ever(const char *key, int told)
{
    struct buffer error = {0};
    struct usagefile *file = NULL;
    struct usage_row rows[BATCH];
    for (size_t i = 0; i < BATCH; i++)
        rows[i] = row_of(NOON + (int64_t)i * 40, key, i % 2 ? "a" : "b");
    if (usagefile_open(sqlite, path, true, 60000, &error, &file) == 0)
        while (usagefile_add(file, rows, BATCH, &error) == 0 && write(told, "", 1) == 1)
            ;
    _exit(1);
}

static pid_t start_writer(const char *key, int *ret_told)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0)
        write_for_ever(key, ends[1]);
    (void)close(ends[1]);
    *ret_told = ends[0];
    return pid;
}

/* Gives how many batches it had written for certain. */
static int64_t kill_writer(pid_t pid, int told)
{
    int64_t batches = 0;
    int status;
    char byte;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    while (read(told, &byte, 1) == 1)
        batches++;
    (void)close(told);
    return batches;
}

static int64_t number(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *statement;
    assert_int_equal(sqlite->prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite->step(statement), SQLITE_ROW);
    int64_t result = sqlite->column_int64(statement, 0);
    (void)sqlite->finalize(statement);
    return result;
}

/* Two gateways write into one file at once, and both are killed while they do. */
static void a_killed_writer_leaves_whole_batches(void **state)
{
    (void)state;
    static const char *const keys[] = {"home", "work"};
    int64_t written[2] = {0};
    usagefile_close(open_file(true));
    for (int round = 0; round < 4; round++) {
        int told[2];
        char bytes[3];
        pid_t pids[2];
        for (size_t i = 0; i < 2; i++)
            pids[i] = start_writer(keys[i], &told[i]);
        for (size_t i = 0; i < 2; i++)
            for (size_t seen = 0; seen < 3; seen++)
                assert_int_equal(read(told[i], &bytes[seen], 1), 1);
        for (size_t i = 0; i < 2; i++)
            written[i] += 3 + kill_writer(pids[i], told[i]);
    }
    sqlite3 *database;
    assert_int_equal(sqlite->open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(number(database, "SELECT count(*) FROM pragma_integrity_check "
                                      "WHERE integrity_check <> 'ok'"),
                     0);
    int64_t all = number(database, "SELECT count(*) FROM requests");
    assert_int_equal(sqlite->close_v2(database), SQLITE_OK);
    struct usagefile *file = open_file(false);
    struct usage_report report = report_of(file, USAGE_BY_KEY, NOON);
    assert_int_equal(report.count, 2);
    assert_int_equal(report.total.requests, all);
    for (size_t i = 0; i < 2; i++) {
        bool is_home = strcmp(report.sums[i].name, keys[0]) == 0;
        assert_int_equal(report.sums[i].requests % BATCH, 0);
        assert_true(report.sums[i].requests >= written[is_home ? 0 : 1] * BATCH);
        assert_int_equal(report.sums[i].input, report.sums[i].requests * 10);
    }
    usage_report_finish(&report);
    report = report_of(file, USAGE_BY_SESSION, NOON);
    assert_int_equal(report.total.requests, all);
    assert_int_equal(report.sums[0].requests, report.sums[1].requests);
    usage_report_finish(&report);
    usagefile_close(file);
}

static void old_rows_go(void **state)
{
    (void)state;
    struct usagefile *file = open_file(true);
    struct buffer error = {0};
    struct usage_row rows[] = {row_of(NOON - 91 * 86400, "home", ""), row_of(NOON, "home", "")};
    add(file, rows, 2);
    assert_int_equal(usagefile_tidy(file, NOON, &error), 0);
    struct usage_report report = report_of(file, USAGE_BY_DAY, 0);
    assert_int_equal(report.total.requests, 1);
    usage_report_finish(&report);
    assert_int_equal(usagefile_set_keep(file, 3600, &error), 0);
    assert_int_equal(usagefile_tidy(file, NOON + 7200, &error), 0);
    report = report_of(file, USAGE_BY_KEY, 1);
    assert_int_equal(report.total.requests, 0);
    usage_report_finish(&report);
    usagefile_close(file);
}

/* Of the processor's time, whatever else the machine does. */
static int64_t spent_us(void)
{
    struct timespec spent;
    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent), 0);
    return (int64_t)spent.tv_sec * 1000000 + spent.tv_nsec / 1000;
}

static int fastest(struct usagefile *file, enum usage_by by)
{
    int64_t best = INT64_MAX;
    for (int i = 0; i < 5; i++) {
        int64_t begun = spent_us();
        struct usage_report report = report_of(file, by, NOON - 43100);
        int64_t took = spent_us() - begun;
        assert_true(report.total.requests > DAY_ROWS * 9 / 10);
        usage_report_finish(&report);
        best = took < best ? took : best;
    }
    return (int)(best / 1000);
}

/* Eight hundred sessions of a few hours each, on twelve keys. */
static void a_day_of_many_requests_is_added_up_at_once(void **state)
{
    (void)state;
    struct usagefile *file = open_file(true);
    struct usage_row *rows = calloc(DAY_ROWS, sizeof *rows);
    assert_non_null(rows);
    for (int i = 0; i < DAY_ROWS; i++) {
        char key[16], session[48];
        int64_t at = (int64_t)i * 86400 / DAY_ROWS;
        snprintf(key, sizeof key, "key-%d", i % 12);
        snprintf(session, sizeof session, "00000000-0000-4000-8000-%012d",
                 (int)(at / 3600) * 30 + i * 7 % 90);
        rows[i] = row_of(NOON - 43200 + at, key, session);
        snprintf(rows[i].user, sizeof rows[i].user, "user-%d", i % 5);
    }
    add(file, rows, DAY_ROWS);
    free(rows);
    for (enum usage_by by = 0; by < USAGE_BY_COUNT; by++)
        assert_in_range(fastest(file, by), 0, 99);
    usagefile_close(file);
}

static void wait_for(const struct usagewriter *writer)
{
    struct pollfd fd = {.fd = usagewriter_fd(writer), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 20000), 1);
}

static void the_thread_writes_and_answers(void **state)
{
    (void)state;
    const struct usagewriter_plan plan = {.path = path, .keep = -1};
    const struct usage_question question = {USAGE_BY_KEY, 0};
    struct usagewriter *writer;
    struct usage_row row = row_of(time(NULL), "home", "");
    struct usage_report report;
    struct buffer word;
    uint64_t number;
    int error;
    assert_int_equal(usagewriter_open(&plan, &writer), 0);
    usagewriter_add(writer, &row);
    assert_int_equal(usagewriter_ask(writer, 7, &question), 0);
    wait_for(writer);
    usagewriter_take_word(writer, &word);
    assert_int_equal(word.length, 0);
    assert_int_equal(usagewriter_answer(writer, &number, &report, &error, &word), 1);
    assert_int_equal(number, 7);
    assert_int_equal(error, 0);
    assert_int_equal(report.total.requests, 1);
    usage_report_finish(&report);
    usagewriter_add(writer, &row);
    usagewriter_close(writer, 20000);
    struct usagefile *file = open_file(false);
    report = report_of(file, USAGE_BY_KEY, 0);
    assert_int_equal(report.total.requests, 2);
    usage_report_finish(&report);
    usagefile_close(file);
}

/* Another has it locked for long: it is said, once, and what came is written later. */
static void a_locked_file_is_said_once(void **state)
{
    (void)state;
    const struct usagewriter_plan plan = {.path = path, .keep = -1};
    struct usagewriter *writer;
    struct usage_row row = row_of(time(NULL), "home", "");
    struct buffer word;
    sqlite3 *locking;
    usagefile_close(open_file(true));
    assert_int_equal(sqlite->open_v2(path, &locking, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite->exec(locking, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(usagewriter_open(&plan, &writer), 0);
    usagewriter_add(writer, &row);
    wait_for(writer);
    usagewriter_take_word(writer, &word);
    assert_non_null(strstr(buffer_text(&word), "usage.db: database is locked; requests go on"));
    buffer_finish(&word);
    usagewriter_add(writer, &row);
    assert_int_equal(sqlite->exec(locking, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite->close_v2(locking), SQLITE_OK);
    usagewriter_close(writer, 20000);
    struct usagefile *file = open_file(false);
    struct usage_report report = report_of(file, USAGE_BY_KEY, 0);
    assert_int_equal(report.total.requests, 2);
    usage_report_finish(&report);
    usagefile_close(file);
}

static void what_is_no_such_file_is_refused(void **state)
{
    (void)state;
    struct buffer error = {0};
    struct usagefile *file;
    assert_int_equal(usagefile_open(sqlite, path, false, 10, &error, &file), -ENOENT);
    buffer_finish(&error);
    /* Nobody writes into this pipe. */
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(usagefile_open(sqlite, path, false, 10, &error, &file), -EIO);
    assert_non_null(strstr(buffer_text(&error), "it is not an ordinary file"));
    buffer_finish(&error);
    assert_int_equal(unlink(path), 0);
    FILE *other = fopen(path, "w");
    assert_non_null(other);
    for (int i = 0; i < 2000; i++)
        fputs("not a database", other);
    assert_int_equal(fclose(other), 0);
    assert_int_equal(usagefile_open(sqlite, path, true, 10, &error, &file), -EIO);
    assert_non_null(strstr(buffer_text(&error), "file is not a database"));
    buffer_finish(&error);
    (void)begin(NULL);
    file = open_file(true);
    usagefile_close(file);
    sqlite3 *newer;
    assert_int_equal(sqlite->open_v2(path, &newer, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite->exec(newer, "PRAGMA user_version = 9", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite->close_v2(newer), SQLITE_OK);
    assert_int_equal(usagefile_open(sqlite, path, true, 10, &error, &file), -ENOTSUP);
    buffer_finish(&error);
}

int main(void)
{
    struct buffer error = {0};
    sqlite = sqlite_load(&error);
    if (!sqlite || !mkdtemp(folder))
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sums_hold_what_the_rows_do, begin),
        cmocka_unit_test_setup(batches_add_up_to_the_same, begin),
        cmocka_unit_test_setup(sums_that_are_too_large_stop_at_the_end, begin),
        cmocka_unit_test_setup(another_reads_while_one_writes, begin),
        cmocka_unit_test_setup(a_killed_writer_leaves_whole_batches, begin),
        cmocka_unit_test_setup(old_rows_go, begin),
        cmocka_unit_test_setup(a_day_of_many_requests_is_added_up_at_once, begin),
        cmocka_unit_test_setup(the_thread_writes_and_answers, begin),
        cmocka_unit_test_setup(a_locked_file_is_said_once, begin),
        cmocka_unit_test_setup(what_is_no_such_file_is_refused, begin),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)begin(NULL);
    (void)rmdir(folder);
    return failed;
}
