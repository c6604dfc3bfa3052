#include "system/keys/settingsfile.h"

#include "base/cleanup.h"
#include "system/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME_FORM    "tcr-settings-XXXXXX.json"
#define NAME_PATTERN "tcr-settings-??????.json"

/* Between its creation and its lock, a file looks as if it had been left behind. */
#define YOUNG_SECONDS 10

/* The lock ends with its process, however and in whatever container the process ended. */
static bool is_left_behind(int folder, const char *name)
{
    struct stat status;
    CLEANUP_CLOSE int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    return fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
           status.st_uid == geteuid() && status.st_mtime < time(NULL) - YOUNG_SECONDS &&
           flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static void sweep(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder));)
        if (fnmatch(NAME_PATTERN, entry->d_name, 0) == 0 &&
            is_left_behind(dirfd(folder), entry->d_name))
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
    (void)closedir(folder);
}

static int create_in(const char *folder, const char *text, struct settingsfile *ret_file)
{
    struct settingsfile file;
    if (asprintf(&file.path, "%s/" NAME_FORM, folder) < 0)
        return -ENOMEM;
    /* The client wants a name that it can look up: neither a pipe nor an unlinked file will do. */
    file.fd = mkostemps(file.path, (int)strlen(".json"), O_CLOEXEC);
    if (file.fd < 0) {
        int error = errno;
        free(file.path);
        return -error;
    }
    (void)flock(file.fd, LOCK_EX | LOCK_NB);
    files_keep_private(file.fd);
    int r = files_write_all(file.fd, text, strlen(text));
    if (r < 0)
        settingsfile_remove(&file);
    else
        *ret_file = file;
    sweep(folder);
    return r;
}

int settingsfile_create(const char *text, struct settingsfile *ret_file)
{
    const char *folder = getenv("TMPDIR");
    int r = folder && folder[0] == '/' ? create_in(folder, text, ret_file) : -ENOENT;
    return r < 0 && r != -ENOMEM ? create_in("/tmp", text, ret_file) : r;
}

void settingsfile_remove(struct settingsfile *file)
{
    if (!file->path)
        return;
    (void)unlink(file->path);
    (void)close(file->fd);
    free(file->path);
    *file = (struct settingsfile){0};
}
