#include "gateway/page_log.h"

#include "base/cleanup.h"
#include "core/gateway/pageroute.h"
#include "core/show/pagelog.h"
#include "gateway/exchange.h"
#include "gateway/gateway.h"
#include "gateway/metering.h"
#include "gateway/page.h"
#include "system/store/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINES     200
#define OLD       ".1"
#define FILE_MOST ((size_t)4 << 20) /* they are renamed at 1 MiB */

struct logfile {
    uint64_t id; /* 0: there is none */
    struct buffer bytes;
};

/* What is longer is not read from its beginning, which is old. */
static void read_file(const char *path, struct logfile *file)
{
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return;
    size_t size = (size_t)status.st_size < FILE_MOST ? (size_t)status.st_size : FILE_MOST;
    char *bytes = malloc(size + 1);
    ssize_t length = bytes ? pread(fd, bytes, size, 0) : -1;
    if (length >= 0) {
        file->id = status.st_ino;
        buffer_append(&file->bytes, bytes, (size_t)length);
    }
    free(bytes);
}

/* False if it is neither's: the file has gone, and with it all that was older. */
static bool begin_before(const char *text, struct logfile *newer, struct logfile *older)
{
    struct pagelog_id id;
    struct logfile *file = NULL;
    if (!pagelog_parse_id(text, &id))
        return false;
    if (id.file == newer->id)
        file = newer;
    else if (id.file == older->id)
        file = older;
    if (!file)
        return false;
    if (file == older)
        buffer_clear(&newer->bytes);
    if (id.offset < file->bytes.length)
        file->bytes.length = id.offset;
    return true;
}

static void answer(struct exchange *exchange, const char *path, size_t limit, const char *before)
{
    struct logfile newer = {0}, older = {0};
    struct pagelog log = {.limit = limit, .zones = &metering_zone};
    struct buffer old = {0}, text = {0};
    buffer_append_format(&old, "%s" OLD, path);
    read_file(path, &newer);
    read_file(buffer_text(&old), &older);
    bool there = !*before || begin_before(before, &newer, &older);
    if (there && !pagelog_take(&log, newer.id, newer.bytes.data, newer.bytes.length) &&
        older.id != newer.id)
        (void)pagelog_take(&log, older.id, older.bytes.data, older.bytes.length);
    buffer_append_format(&text, "{\"lines\":[%s],\"more\":%s}", buffer_text(&log.lines),
                         log.more ? "true" : "false");
    if (text.failed || log.lines.failed || newer.bytes.failed || older.bytes.failed)
        page_refuse(exchange, 503, "the gateway is out of memory");
    else
        page_answer(exchange, 200, text.data, text.length);
    buffer_finish(&newer.bytes);
    buffer_finish(&older.bytes);
    buffer_finish(&log.lines);
    buffer_finish(&old);
    buffer_finish(&text);
}

void page_log_ask(struct exchange *exchange)
{
    char limit[32] = "", before[PAGELOG_ID] = "";
    const char *path = ledger_events_path(exchange->gateway->ledger);
    size_t most = LINES;
    if (pageroute_parameter(exchange->target, "limit", limit, sizeof limit)) {
        most = strtoul(limit, NULL, 10);
        if (!*limit || limit[strspn(limit, "0123456789")] || most == 0 || most > PAGELOG_MOST) {
            page_refuse(exchange, 400, "limit: expected a number from 1 to 1000");
            return;
        }
    }
    (void)pageroute_parameter(exchange->target, "before", before, sizeof before);
    if (path)
        answer(exchange, path, most, before);
    else
        page_refuse(exchange, 404,
                    "the log is on the server of TCR_STATE, and this page does not read it there; "
                    "tcr-run log shows it");
}
