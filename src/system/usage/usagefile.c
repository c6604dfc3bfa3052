#include "system/usage/usagefile.h"

#include "base/cleanup.h"
#include "base/path.h"
#include "system/files.h"
#include "system/usage/usagefile_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define VERSION 1

#define COUNTERS                                                                                   \
    "requests INTEGER NOT NULL, failed INTEGER NOT NULL, untold INTEGER NOT NULL, "                \
    "unpriced INTEGER NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL, "                 \
    "cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL, cost INTEGER NOT NULL"

static const char schema[] =
    "CREATE TABLE requests(time INTEGER NOT NULL, key TEXT NOT NULL, asked TEXT NOT NULL, "
    "served TEXT NOT NULL, session TEXT NOT NULL, user TEXT NOT NULL, status INTEGER NOT NULL, "
    "tries INTEGER NOT NULL, milliseconds INTEGER NOT NULL, billable INTEGER NOT NULL, "
    "input INTEGER, output INTEGER, cache_read INTEGER, cache_write INTEGER, cost INTEGER);"
    "CREATE INDEX requests_time ON requests(time);"
    "CREATE TABLE sums(quarter INTEGER NOT NULL, key TEXT NOT NULL, model TEXT NOT NULL, "
    "user TEXT NOT NULL, " COUNTERS ", PRIMARY KEY(quarter, key, model, user)) WITHOUT ROWID;"
    "CREATE TABLE session_sums(quarter INTEGER NOT NULL, session TEXT NOT NULL, " COUNTERS
    ", PRIMARY KEY(quarter, session)) WITHOUT ROWID;"
    "CREATE TABLE settings(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "PRAGMA user_version = 1;";

#define ADDED                                                                                      \
    "ON CONFLICT DO UPDATE SET requests=requests+?5, failed=failed+?6, untold=untold+?7, "         \
    "unpriced=unpriced+?8, input=input+?9, output=output+?10, cache_read=cache_read+?11, "         \
    "cache_write=cache_write+?12, cost=cost+?13"

static const char *const statements[STATEMENT_COUNT] = {
    [ADD_REQUEST] = "INSERT INTO requests VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [ADD_SUM] = "INSERT INTO sums VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13) " ADDED,
    [ADD_SESSION_SUM] =
        "INSERT INTO session_sums VALUES(?1,?2,?5,?6,?7,?8,?9,?10,?11,?12,?13) " ADDED,
};

char *usagefile_path(void)
{
    const char *named = getenv("TCR_USAGE_FILE");
    if (named && !*named)
        return NULL;
    return named ? files_expand(named, NULL)
                 : files_xdg("XDG_STATE_HOME", ".local/state", "usage.db");
}

int usagefile_explain(const struct usagefile *file, int code, struct buffer *error)
{
    buffer_append_format(error, "%s: %s", file->path, file->sqlite->errstr(code));
    return (code & 0xff) == SQLITE_NOMEM ? -ENOMEM : -EIO;
}

int usagefile_execute(struct usagefile *file, const char *sql, struct buffer *error)
{
    int code = file->sqlite->exec(file->database, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : usagefile_explain(file, code, error);
}

int usagefile_number(struct usagefile *file, const char *sql, int64_t *ret_number,
                     struct buffer *error)
{
    const struct sqlite *sqlite = file->sqlite;
    sqlite3_stmt *statement = NULL;
    int code = sqlite->prepare_v2(file->database, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite->step(statement);
    if (code == SQLITE_ROW)
        *ret_number = sqlite->column_int64(statement, 0);
    (void)sqlite->finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : usagefile_explain(file, code, error);
}

/* Two may create it at once: the second finds it there. */
static int make_tables(struct usagefile *file, struct buffer *error)
{
    int64_t version = 0;
    int r = usagefile_execute(file, "BEGIN IMMEDIATE", error);
    if (r < 0)
        return r;
    r = usagefile_number(file, "PRAGMA user_version", &version, error);
    if (r == 0 && version == 0)
        r = usagefile_execute(file, schema, error);
    if (r == 0)
        return usagefile_execute(file, "COMMIT", error);
    struct buffer ignored = {0};
    (void)usagefile_execute(file, "ROLLBACK", &ignored);
    buffer_finish(&ignored);
    return r;
}

static int check_version(struct usagefile *file, bool writes, struct buffer *error)
{
    int64_t version = 0;
    int r = usagefile_number(file, "PRAGMA user_version", &version, error);
    if (r == 0 && version == 0 && writes)
        return make_tables(file, error);
    if (r < 0 || version == VERSION)
        return r;
    if (version == 0) {
        buffer_append_format(error, "%s: it does not hold the usage of a gateway", file->path);
        return -EIO;
    }
    buffer_append_format(error, "%s is of a newer version of tcr-run", file->path);
    return -ENOTSUP;
}

static int prepare_all(struct usagefile *file, struct buffer *error)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        int code =
            file->sqlite->prepare_v2(file->database, statements[i], -1, &file->statements[i], NULL);
        if (code != SQLITE_OK)
            return usagefile_explain(file, code, error);
    }
    return 0;
}

/* Created by us alone, before SQLite writes anything. The files that SQLite puts beside it get the
 * same mode. */
static int make_file(const char *path, struct buffer *error)
{
    CLEANUP_FREE char *folder = path_folder(path);
    int r = folder ? files_make_folders(folder) : -ENOMEM;
    CLEANUP_CLOSE int fd =
        r == 0 ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    if (r == 0 && fd < 0)
        r = -errno;
    if (fd >= 0)
        files_keep_private(fd);
    if (r < 0)
        buffer_append_format(error, "%s: %s", path, strerror(-r));
    return r < 0 ? -EIO : 0;
}

static int open_database(struct usagefile *file, bool writes, int wait_ms, struct buffer *error)
{
    const struct sqlite *sqlite = file->sqlite;
    int flags = writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    int code = sqlite->open_v2(file->path, &file->database, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK)
        return usagefile_explain(file, code, error);
    file->id = fileid_at(file->path);
    (void)sqlite->busy_timeout(file->database, wait_ms);
    (void)sqlite->extended_result_codes(file->database, 1);
    int r = writes ? usagefile_execute(file, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
                                       error)
                   : 0;
    if (r == 0)
        r = check_version(file, writes, error);
    return r == 0 && writes ? prepare_all(file, error) : r;
}

/* Opening a pipe would wait without end. */
static int check_sort(const char *path, struct buffer *error)
{
    struct stat status;
    int r = stat(path, &status) < 0 ? -errno : S_ISREG(status.st_mode) ? 0 : -EIO;
    if (r < 0)
        buffer_append_format(error, "%s: %s", path,
                             r == -EIO ? "it is not an ordinary file" : strerror(-r));
    return r;
}

int usagefile_open(const struct sqlite *sqlite, const char *path, bool writes, int wait_ms,
                   struct buffer *error, struct usagefile **ret_file)
{
    int r = writes ? make_file(path, error) : 0;
    if (r == 0)
        r = check_sort(path, error);
    if (r < 0)
        return r == -ENOENT ? -ENOENT : -EIO;
    struct usagefile *file = calloc(1, sizeof *file);
    if (!file)
        return -ENOMEM;
    file->sqlite = sqlite;
    file->path = strdup(path);
    r = file->path ? open_database(file, writes, wait_ms, error) : -ENOMEM;
    if (r < 0)
        usagefile_close(file);
    else
        *ret_file = file;
    return r;
}

void usagefile_close(struct usagefile *file)
{
    if (!file)
        return;
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        (void)file->sqlite->finalize(file->statements[i]);
    (void)file->sqlite->close_v2(file->database);
    free(file->path);
    free(file);
}

bool usagefile_is_there(const struct usagefile *file)
{
    return fileid_is_same(file->id, fileid_at(file->path));
}

int usagefile_set_keep(struct usagefile *file, int64_t seconds, struct buffer *error)
{
    char sql[128];
    snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO settings VALUES('keep', %lld)",
             (long long)seconds);
    return usagefile_execute(file, sql, error);
}

int usagefile_tidy(struct usagefile *file, int64_t now, struct buffer *error)
{
    int64_t keep = USAGE_KEEP_DEFAULT;
    char sql[256];
    int r = usagefile_number(file, "SELECT value FROM settings WHERE name='keep'", &keep, error);
    long long before = (long long)(now - keep);
    snprintf(sql, sizeof sql,
             "BEGIN IMMEDIATE; DELETE FROM requests WHERE time < %lld000;"
             "DELETE FROM sums WHERE quarter < %lld - %d;"
             "DELETE FROM session_sums WHERE quarter < %lld - %d; COMMIT",
             before, before, USAGE_QUARTER, before, USAGE_QUARTER);
    if (r == 0)
        r = usagefile_execute(file, sql, error);
    if (r < 0)
        (void)file->sqlite->exec(file->database, "ROLLBACK", NULL, NULL, NULL);
    return r;
}
