#include "system/stream/relay.h"

#include "base/cleanup.h"
#include "system/clock.h"
#include "system/descriptor.h"
#include "system/files.h"
#include "system/stream/growth.h"
#include "system/stream/spoolfile.h"
#include "system/stream/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK        65536
#define PENDING_MOST CHUNK
/* After so many reads it is the other stream's turn. */
#define READS_MOST 16
/* The relayed part of a spool is returned to the disk in pieces of this size. */
#define FREE_STEP (8 * 1024 * 1024)
/* A spool is looked at after growing pauses; then when the system says that it grew, or else after
 * pauses that nobody at a screen notices. */
#define LONGEST_PAUSE_MS   20
#define WATCH_AFTER_MS     500
#define UNWATCHED_PAUSE_MS 100

static int open_pipe(struct relay *relay)
{
    int ends[2];
    if (descriptor_pipe(ends, 0) < 0)
        return -errno;
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK); /* the command's end has its own file description */
    relay->source = ends[0];
    relay->child_end = ends[1];
    return 0;
}

static int open_terminal(struct relay *relay, int target)
{
    int r = terminal_open(target, &relay->source, &relay->child_end);
    if (r == 0)
        (void)fcntl(relay->source, F_SETFL, O_RDWR | O_NONBLOCK);
    relay->like = target;
    return r;
}

/* Removing an inotify watch takes the kernel some 20 ms: too much for a command that takes two. */
int64_t relay_next_look(struct relay *relay, int64_t now_ms)
{
    if (relay->kind != RELAY_SPOOL || relay->source < 0)
        return -1;
    if (relay->behind)
        return now_ms;
    if (relay->watched)
        return -1;
    int64_t age = now_ms - relay->opened_ms;
    if (age >= WATCH_AFTER_MS) {
        relay->watched = growth_watch(relay->source);
        /* Look once more: something may have come before the watch. */
        return now_ms + (relay->watched ? 0 : UNWATCHED_PAUSE_MS);
    }
    int64_t pause = age / 8 < 1 ? 1 : age / 8;
    return now_ms + (pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS);
}

int relay_poll_fd(const struct relay *relay)
{
    if (relay->kind != RELAY_SPOOL)
        return relay->source;
    return relay->watched ? growth_fd() : -1;
}

/* Opens the file twice: we read, the command writes. The command appends if our own file does, and
 * if ours is not a file, so that several processes that open it do not overwrite each other. */
static int open_spool(struct relay *relay, int target)
{
    struct stat status;
    int flags = fcntl(target, F_GETFL);
    bool is_file = fstat(target, &status) == 0 && S_ISREG(status.st_mode);
    int append = !is_file || flags < 0 ? O_APPEND : flags & O_APPEND;
    return files_spool(append, &relay->source, &relay->child_end);
}

int relay_open(struct relay *relay, enum relay_kind kind, int target,
               const struct relay_filter *filter)
{
    *relay = (struct relay){
        .kind = kind,
        .source = -1,
        .child_end = -1,
        .writable = -1,
        .sink.fd = -1,
        .filter = *filter,
        .opened_ms = clock_now_ms(),
    };
    int r = kind == RELAY_PIPE       ? open_pipe(relay)
            : kind == RELAY_TERMINAL ? open_terminal(relay, target)
                                     : open_spool(relay, target);
    if (r < 0)
        return r;
    sink_open(&relay->sink, target);
    return 0;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

void relay_started(struct relay *relay)
{
    if (relay->kind == RELAY_SPOOL)
        relay->writable = cleanup_take_fd(&relay->child_end);
    close_fd(&relay->child_end);
}

void relay_close(struct relay *relay)
{
    close_fd(&relay->source);
    close_fd(&relay->child_end);
    close_fd(&relay->writable);
    sink_close(&relay->sink);
    buffer_finish(&relay->pending);
}

static size_t write_now(struct relay *relay, const char *bytes, size_t length)
{
    size_t done = 0;
    while (done < length && relay->error == 0) {
        ssize_t n = sink_write(&relay->sink, bytes + done, length - done);
        if (n == -EAGAIN)
            break;
        if (n < 0)
            relay->error = (int)n;
        else
            done += (size_t)n;
    }
    return done;
}

void relay_emit(struct relay *relay, const char *bytes, size_t length)
{
    size_t done = relay->pending.length == 0 ? write_now(relay, bytes, length) : 0;
    if (relay->error == 0 && done < length) {
        buffer_append(&relay->pending, bytes + done, length - done);
        if (relay->pending.failed)
            relay->error = -ENOMEM;
    }
}

void relay_push(struct relay *relay)
{
    if (relay->pending.length == 0)
        return;
    size_t done = write_now(relay, relay->pending.data, relay->pending.length);
    buffer_drop_front(&relay->pending, done);
    if (relay->error)
        buffer_clear(&relay->pending);
}

void relay_note_gone(struct relay *relay)
{
    if (relay->error == 0)
        relay->error = -EPIPE;
}

/* If the terminal is gone, it is gone for the command too. */
bool relay_is_broken(const struct relay *relay)
{
    bool bearable = relay->may_lose && relay->error != -EPIPE && relay->kind != RELAY_TERMINAL;
    return relay->error != 0 && !bearable;
}

bool relay_wants_input(const struct relay *relay)
{
    return relay->source >= 0 && relay->pending.length < PENDING_MOST;
}

static void free_relayed(struct relay *relay)
{
    if (relay->writable < 0 || relay->position - relay->freed < FREE_STEP)
        return;
    spoolfile_free(relay->writable, relay->freed, relay->position - relay->freed);
    relay->freed = relay->position;
}

/* A command that opens it by name (`> /dev/stderr`) truncates a file where it would not a pipe:
 * what is written then is at the file's beginning. */
static bool was_emptied(struct relay *relay)
{
    struct stat status;
    if (relay->position == 0 || fstat(relay->source, &status) < 0 ||
        status.st_size >= relay->position)
        return false;
    relay->position = relay->freed = 0;
    return true;
}

static ssize_t read_spool(struct relay *relay, char *chunk)
{
    ssize_t n = pread(relay->source, chunk, CHUNK, relay->position);
    return n == 0 && was_emptied(relay) ? pread(relay->source, chunk, CHUNK, 0) : n;
}

static ssize_t read_source(struct relay *relay, char *chunk)
{
    ssize_t n;
    if (relay->kind == RELAY_SPOOL)
        n = read_spool(relay, chunk);
    else
        n = read(relay->source, chunk, CHUNK);
    if (n > 0 || (n == 0 && relay->kind == RELAY_SPOOL))
        return n;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    /* A terminal returns EIO once its last user has closed it. */
    if (n < 0 && relay->kind != RELAY_TERMINAL)
        relay->error = -errno;
    return -EPIPE;
}

ssize_t relay_pump(struct relay *relay, int64_t now_ms)
{
    static char chunk[CHUNK];
    ssize_t total = 0;
    if (relay->source < 0)
        return -EPIPE;
    int reads = 0;
    for (; reads < READS_MOST && relay_wants_input(relay); reads++) {
        ssize_t n = read_source(relay, chunk);
        if (n == 0)
            break;
        if (n > 0)
            relay->owed = n < relay->owed ? relay->owed - n : 0;
        if (n > 0 && relay->kind == RELAY_SPOOL) {
            relay->position += n;
            free_relayed(relay);
        }
        if (n > 0)
            relay->filter.feed(relay->filter.context, chunk, (size_t)n, now_ms);
        if (n < 0 || relay_is_broken(relay)) {
            relay_end(relay);
            return total > 0 ? total : -EPIPE;
        }
        total += n;
    }
    relay->behind = reads == READS_MOST;
    return total;
}

void relay_note_end(struct relay *relay)
{
    struct stat status;
    int waiting = 0;
    if (relay->source < 0)
        return;
    if (relay->kind != RELAY_SPOOL)
        relay->owed = ioctl(relay->source, FIONREAD, &waiting) == 0 ? waiting : 0;
    else if (fstat(relay->source, &status) == 0 && status.st_size > relay->position)
        relay->owed = status.st_size - relay->position;
}

bool relay_may_grow(struct relay *relay)
{
    if (relay->source < 0)
        return false;
    if (relay->kind != RELAY_SPOOL)
        return true;
    close_fd(&relay->writable);
    return !spoolfile_has_no_writer(relay->source);
}

void relay_end(struct relay *relay)
{
    if (relay->source < 0)
        return;
    close_fd(&relay->source);
    if (relay->filter.end)
        relay->filter.end(relay->filter.context);
}

static off_t largest_offset(int fd)
{
    off_t most = 0;
    for (off_t step = (off_t)1 << 62; step > 0; step /= 2)
        if (lseek(fd, most + step, SEEK_SET) >= 0)
            most += step;
    return most;
}

/* A write past the largest offset of the file system fails, and a file that is empty up to there
 * takes no space. */
void relay_shut(struct relay *relay)
{
    if (relay->writable < 0)
        return;
    off_t most = largest_offset(relay->writable);
    bool shut = ftruncate(relay->writable, 0) == 0 && ftruncate(relay->writable, most) == 0 &&
                lseek(relay->writable, most, SEEK_SET) >= 0;
    (void)shut; /* otherwise the command goes on unnoticed */
    close_fd(&relay->writable);
}
