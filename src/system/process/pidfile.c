#include "system/process/pidfile.h"

#include "base/cleanup.h"
#include "system/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LARGEST 65536

int pidfile_take(const char *path)
{
    CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
        return -errno;
    files_keep_private(fd);
    /* What stands there is the pid of one that ended, and may be anybody's by now. */
    int r = pidfile_write(fd, "");
    return r < 0 ? r : cleanup_take_fd(&fd);
}

int pidfile_write(int fd, const char *text)
{
    struct buffer whole = {0};
    buffer_append_format(&whole, "%ld\n%s", (long)getpid(), text);
    int r = whole.failed ? -ENOMEM : 0;
    if (r == 0 && (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0))
        r = -errno;
    if (r == 0)
        r = files_write_all(fd, whole.data, whole.length);
    buffer_finish(&whole);
    return r;
}

/* It is the last line, if it is there. */
static void take_certificate(struct pidfile *file)
{
    const char *line = strstr(buffer_text(&file->text), "\n" PIDFILE_CERTIFICATE);
    if (!line)
        return;
    const char *name = line + 1 + strlen(PIDFILE_CERTIFICATE);
    buffer_append(&file->certificate, name, strcspn(name, "\n"));
    struct buffer rest = {0};
    buffer_append(&rest, file->text.data, (size_t)(line + 1 - file->text.data));
    buffer_finish(&file->text);
    file->text = rest;
}

int pidfile_read(const char *path, struct pidfile *ret_file)
{
    struct pidfile file = {0};
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    if (flock(fd, LOCK_SH | LOCK_NB) == 0)
        return -ESRCH;
    int r = errno == EWOULDBLOCK ? files_read_plain(path, LARGEST, &file.text) : -errno;
    char *end = NULL;
    long pid = r == 0 ? strtol(buffer_text(&file.text), &end, 10) : 0;
    if (r == 0 && (pid <= 0 || *end != '\n'))
        r = -EAGAIN; /* the process is about to write it */
    if (r < 0) {
        buffer_finish(&file.text);
        return r;
    }
    file.pid = (pid_t)pid;
    buffer_drop_front(&file.text, (size_t)(end + 1 - file.text.data));
    take_certificate(&file);
    *ret_file = file;
    return 0;
}

void pidfile_finish(struct pidfile *file)
{
    buffer_finish(&file->text);
    buffer_finish(&file->certificate);
}
