#include "system/stream/input.h"

#include "system/descriptor.h"
#include "system/files.h"
#include "system/stream/lend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 65536

static void cannot_keep(struct input *input, int error)
{
    input->overflowed = true;
    input->keep_error = error;
}

void input_init(struct input *input, bool replay)
{
    struct stat status;
    *input = (struct input){.copy = -1, .pipe_write = -1, .pipe_read = -1};
    if (!replay)
        return;
    if (fstat(STDIN_FILENO, &status) < 0) {
        cannot_keep(input, errno);
        return;
    }
    if (S_ISREG(status.st_mode)) {
        input->kind = INPUT_FILE;
        input->start = lseek(STDIN_FILENO, 0, SEEK_CUR);
        if (input->start < 0)
            cannot_keep(input, errno);
    }
    if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode))
        input->kind = INPUT_COPIED;
    input->lends = S_ISFIFO(status.st_mode);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static void keep(struct input *input, const char *bytes, size_t length)
{
    if (input->overflowed)
        return;
    if (input->copy < 0)
        input->copy = files_temporary();
    int r = input->copy < 0 ? input->copy : 0;
    bool fits = input->copied + (off_t)length <= INPUT_KEPT_MOST;
    if (r == 0 && fits)
        r = files_write_all(input->copy, bytes, length);
    if (r < 0 || !fits) {
        cannot_keep(input, -r);
        close_fd(&input->copy);
        return;
    }
    input->copied += (off_t)length;
    input->replayed = input->copied;
}

/* Takes bytes that were lent. If an interrupted call left them there, they would be lent again.
 * Does not use poll, for which there may be no memory. Returns 0 or -1 only if another process
 * reads this pipe at the same time. */
static ssize_t read_lent(char *chunk, size_t size)
{
    for (;;) {
        int waiting = 0;
        if (ioctl(STDIN_FILENO, FIONREAD, &waiting) < 0 || waiting == 0)
            return -1;
        ssize_t n = read(STDIN_FILENO, chunk, size);
        if (n >= 0 || (errno != EINTR && errno != EAGAIN))
            return n;
    }
}

/* Takes from our pipe what the command has taken from its own. */
static void collect(struct input *input)
{
    char chunk[CHUNK];
    int left = 0;
    if (input->lent == 0 || ioctl(input->pipe_write, FIONREAD, &left) < 0)
        return;
    size_t taken = (size_t)left < input->lent ? input->lent - (size_t)left : 0;
    while (taken > 0) {
        ssize_t n = read_lent(chunk, taken < sizeof chunk ? taken : sizeof chunk);
        if (n <= 0) {
            cannot_keep(input, EBUSY);
            input->lent = (size_t)left;
            return;
        }
        keep(input, chunk, (size_t)n);
        taken -= (size_t)n;
        input->lent -= (size_t)n;
    }
}

/* Lends what our pipe holds, one page at most. False where the kernel cannot do that. */
static bool lend(struct input *input)
{
    ssize_t n = lend_copy(STDIN_FILENO, input->pipe_write, CHUNK);
    if (n > 0)
        input->lent = (size_t)n;
    else if (n == 0)
        input->ended = true;
    else if (errno != EAGAIN && errno != EINTR && errno != EPIPE)
        return false;
    input->occupied = n != 0;
    return true;
}

void input_end(struct input *input)
{
    if (input->pipe_write >= 0)
        collect(input);
    input->lent = 0;
    input->occupied = false;
    close_fd(&input->pipe_write);
    close_fd(&input->pipe_read);
    buffer_clear(&input->pending);
}

void input_finish(struct input *input)
{
    input_end(input);
    close_fd(&input->copy);
    buffer_finish(&input->pending);
}

static int open_pipe(struct input *input)
{
    int ends[2];
    if (descriptor_pipe(ends, 0) < 0)
        return -errno;
    (void)fcntl(ends[1], F_SETFL,
                O_NONBLOCK); /* our end alone: the command's end blocks as usual */
    /* If the pipe holds one page, room means that all was taken: only then can more be lent. */
    if (input->lends && !lend_prepare(ends[1]))
        input->lends = false;
    input->pipe_read = ends[0];
    input->pipe_write = ends[1];
    return 0;
}

static int open_nothing(struct input *input)
{
    input->pipe_read = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return input->pipe_read < 0 ? -errno : 0;
}

static int begin_file(const struct input *input, enum input_part part)
{
    bool again = part == INPUT_AGAIN;
    return again && lseek(STDIN_FILENO, input->start, SEEK_SET) < 0 ? -errno : 0;
}

static int begin_pipe(struct input *input, enum input_part part, const char *text)
{
    int r = open_pipe(input);
    if (r < 0)
        return r;
    if (part == INPUT_AGAIN)
        input->replayed = 0;
    else
        input->replayed = input->copied;
    if (part == INPUT_TEXT)
        buffer_append(&input->pending, text, strlen(text));
    /* The rest of a file is not read beyond the text: the client has read all of it. */
    if (part == INPUT_TEXT && input->kind == INPUT_FILE)
        input->ended = true;
    return input->pending.failed ? -ENOMEM : 0;
}

int input_begin(struct input *input, enum input_part part, const char *text, int *ret_stream)
{
    int r;
    *ret_stream = -1;
    if (input->kind == INPUT_INHERITED)
        return 0;
    if (part == INPUT_NONE)
        r = open_nothing(input);
    else if (input->kind == INPUT_FILE && part != INPUT_TEXT)
        return begin_file(input, part);
    else if (input->overflowed && part == INPUT_AGAIN)
        return -EFBIG;
    else
        r = begin_pipe(input, part, text);
    *ret_stream = input->pipe_read;
    return r;
}

void input_cut(struct input *input)
{
    if (input->kind == INPUT_COPIED)
        input_end(input);
}

void input_started(struct input *input)
{
    close_fd(&input->pipe_read);
}

static bool is_replaying(const struct input *input)
{
    return input->replayed < input->copied;
}

bool input_wants_read(const struct input *input)
{
    return input->pipe_write >= 0 && !input->ended && !is_replaying(input) &&
           input->pending.length == 0 && !input->occupied;
}

bool input_wants_write(const struct input *input)
{
    return input->pipe_write >= 0 &&
           (input->pending.length > 0 || is_replaying(input) || input->occupied);
}

/* Without memory for these bytes the command would miss them and never know. */
static void hand_on(struct input *input, const char *bytes, size_t length)
{
    buffer_append(&input->pending, bytes, length);
    input->broken |= input->pending.failed;
}

static void read_ours(struct input *input)
{
    char chunk[CHUNK];
    ssize_t n = read(STDIN_FILENO, chunk, sizeof chunk);
    if (n > 0) {
        keep(input, chunk, (size_t)n);
        hand_on(input, chunk, (size_t)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        input->ended = true;
    }
}

static void read_copy(struct input *input)
{
    char chunk[CHUNK];
    ssize_t n = pread(input->copy, chunk, sizeof chunk, input->replayed);
    if (n > 0) {
        hand_on(input, chunk, (size_t)n);
        input->replayed += n;
    } else if (n == 0 || errno != EINTR) {
        input->broken = true;
    }
}

static void write_pending(struct input *input)
{
    ssize_t n = write(input->pipe_write, input->pending.data, input->pending.length);
    if (n > 0) {
        buffer_drop_front(&input->pending, (size_t)n);
        input->occupied = input->lends;
    } else if (n < 0 && errno == EPIPE) {
        input_end(input); /* the command has stopped reading */
    }
}

void input_pump(struct input *input, bool readable, bool writable)
{
    if (input->pipe_write < 0)
        return;
    if (writable) {
        collect(input);
        input->occupied = input->lent > 0;
    }
    if (readable && input_wants_read(input) && !(input->lends && lend(input))) {
        input->lends = false;
        read_ours(input);
    }
    if (is_replaying(input) && input->pending.length == 0 && writable)
        read_copy(input);
    if (input->pending.length > 0)
        write_pending(input);
    if (input->pipe_write >= 0 && input->ended && !input->broken && input->pending.length == 0 &&
        !is_replaying(input))
        close_fd(&input->pipe_write); /* end of file comes by itself */
}
