#include "commands/setup/setup.h"

#include "base/cleanup.h"
#include "base/path.h"
#include "system/files.h"
#include "system/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST     ((size_t)4 << 20)
#define COPY_ENDING ".before-tcr-run"

static void say(const char *path, int r)
{
    log_say("%s: %s", path, strerror(-r));
}

static bool read_it(struct setup_file *file)
{
    struct stat status;
    if (stat(file->path, &status) < 0) {
        if (errno == ENOENT)
            return true;
        say(file->path, -errno);
        return false;
    }
    file->exists = true;
    file->mode = status.st_mode & 0777;
    int r = S_ISREG(status.st_mode) ? files_read_plain(file->path, LARGEST, &file->text) : -EINVAL;
    if (r < 0)
        log_say("%s: %s", file->path,
                !S_ISREG(status.st_mode) ? "is not a file that can be changed"
                : r == -EFBIG            ? "is larger than a settings file is"
                                         : strerror(-r));
    return r == 0;
}

bool setup_file_open(struct setup_file *ret_file, const char *path)
{
    char target[PATH_MAX];
    *ret_file = (struct setup_file){.mode = 0644};
    ret_file->path = strdup(realpath(path, target) ? target : path);
    if (!ret_file->path || asprintf(&ret_file->copy, "%s" COPY_ENDING, ret_file->path) < 0) {
        ret_file->copy = NULL;
        log_say("out of memory");
        return false;
    }
    ret_file->has_copy = access(ret_file->copy, F_OK) == 0;
    return read_it(ret_file);
}

void setup_file_close(struct setup_file *file)
{
    free(file->path);
    free(file->copy);
    buffer_finish_wiping(&file->text);
}

static bool replace(const char *path, const struct buffer *text, mode_t mode)
{
    CLEANUP_FREE char *folder = path_folder(path);
    int r = folder ? files_make_folders(folder) : -ENOMEM;
    CLEANUP_CLOSE int fd = r == 0 ? open(folder, O_DIRECTORY | O_CLOEXEC) : -1;
    if (r == 0)
        r = fd < 0 ? -errno : files_replace(fd, path_name(path), buffer_text(text), text->length);
    if (r == 0 && chmod(path, mode) < 0)
        r = -errno;
    if (r < 0)
        say(path, r);
    return r == 0;
}

bool setup_file_write(const struct setup_file *file, const struct buffer *text, bool is_private)
{
    mode_t mode = is_private ? file->mode & 0700 : file->mode;
    if (file->exists && !file->has_copy && !replace(file->copy, &file->text, file->mode))
        return false;
    return replace(file->path, text, mode);
}

static bool is_copy(const struct setup_file *file, const struct buffer *text)
{
    struct buffer copy = {0};
    bool same = file->has_copy && files_read_plain(file->copy, LARGEST, &copy) == 0 &&
                copy.length == text->length &&
                memcmp(buffer_text(&copy), buffer_text(text), text->length) == 0;
    buffer_finish(&copy);
    return same;
}

bool setup_file_restore(const struct setup_file *file, const struct buffer *text, bool is_empty)
{
    struct stat before;
    bool same = is_copy(file, text);
    if (is_empty && !file->has_copy) {
        if (unlink(file->path) == 0)
            return true;
        say(file->path, -errno);
        return false;
    }
    mode_t mode = same && stat(file->copy, &before) == 0 ? before.st_mode & 0777 : file->mode;
    if (!replace(file->path, text, mode))
        return false;
    if (same && unlink(file->copy) < 0)
        say(file->copy, -errno);
    else if (!same && file->has_copy)
        log_say("%s was changed since; as it was before is still in %s", file->path, file->copy);
    return true;
}
