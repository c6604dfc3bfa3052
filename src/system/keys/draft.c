#include "system/keys/draft.h"

#include "base/cleanup.h"
#include "system/files.h"
#include "system/filesystem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int write_new(const char *path, const char *bytes, size_t length)
{
    CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    files_keep_private(fd);
    return files_write_all(fd, bytes, length);
}

/* The file has the key file's usual name, because editors choose their mode by it. */
static int create_in(const char *parent, const char *bytes, size_t length, struct draft *ret_draft)
{
    struct draft draft = {0};
    if (asprintf(&draft.folder, "%s/tcr-edit-XXXXXX", parent) < 0)
        return -ENOMEM;
    int r = mkdtemp(draft.folder) ? 0 : -errno;
    if (r < 0) {
        free(draft.folder);
        return r;
    }
    if (asprintf(&draft.path, "%s/keys.json", draft.folder) < 0) {
        draft.path = NULL;
        r = -ENOMEM;
    }
    if (r == 0)
        r = write_new(draft.path, bytes, length);
    if (r < 0)
        draft_remove(&draft);
    else
        *ret_draft = draft;
    return r;
}

int draft_create(const char *bytes, size_t length, bool in_memory, struct buffer *error,
                 struct draft *ret_draft)
{
    const char *places[] = {getenv("XDG_RUNTIME_DIR"), "/dev/shm", getenv("TMPDIR"), "/tmp"};
    int r = -ENOENT;
    *ret_draft = (struct draft){0};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (!places[i] || places[i][0] != '/' || (in_memory && !filesystem_is_memory(places[i])))
            continue;
        r = create_in(places[i], bytes, length, ret_draft);
        if (r == 0 || r == -ENOMEM)
            return r;
    }
    if (in_memory)
        buffer_append_text(error, "there is no folder in memory for a copy of a sealed file; "
                                  "expected one in XDG_RUNTIME_DIR or /dev/shm");
    else
        buffer_append_format(error, "no copy to edit could be created in TMPDIR or /tmp: %s",
                             strerror(-r));
    return -EINVAL;
}

int draft_read(const struct draft *draft, size_t most, struct buffer *error, char **ret_bytes,
               size_t *ret_length)
{
    return files_read(draft->path, FILE_ANY, most, error, ret_bytes, ret_length);
}

/* Backups and swap files hold tokens too. */
static void empty(const char *folder)
{
    DIR *listing = opendir(folder);
    const struct dirent *entry;
    while (listing && (entry = readdir(listing)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(listing), entry->d_name, 0);
    if (listing)
        (void)closedir(listing);
}

void draft_remove(struct draft *draft)
{
    if (draft->folder) {
        empty(draft->folder);
        (void)rmdir(draft->folder);
    }
    draft_forget(draft);
}

void draft_forget(struct draft *draft)
{
    free(draft->path);
    free(draft->folder);
    *draft = (struct draft){0};
}
