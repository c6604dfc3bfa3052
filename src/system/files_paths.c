#include "system/files.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Debian gives this home to users without one, and root could create it. */
static bool is_no_home(const char *home)
{
    static const char none[] = "/nonexistent";
    size_t length = sizeof none - 1;
    struct stat status;
    return strncmp(home, none, length) == 0 && (!home[length] || home[length] == '/') &&
           stat(home, &status) < 0;
}

const char *files_home(void)
{
    const char *home = getenv("HOME");
    if (!home || home[0] != '/') {
        const struct passwd *entry = getpwuid(getuid());
        home = entry && entry->pw_dir && entry->pw_dir[0] == '/' ? entry->pw_dir : NULL;
    }
    return home && !is_no_home(home) ? home : NULL;
}

static char *join(const char *folder, const char *rest)
{
    char *path;
    return asprintf(&path, "%s/%s", folder, rest) < 0 ? NULL : path;
}

char *files_expand(const char *path, const char *base)
{
    if (path[0] == '~' && (path[1] == '/' || !path[1])) {
        const char *home = files_home();
        return home ? join(home, path[1] ? path + 2 : "") : NULL;
    }
    return path[0] == '/' || !base ? strdup(path) : join(base, path);
}

/* Where macOS's programs keep what is theirs, if somebody has made a folder for ours: it is in no
 * variable, so nobody gets one unasked. Its path; NULL if it is not to be used. */
static char *home_folder(const char *home)
{
#ifdef TCR_HOME_FOLDER
    struct stat status;
    char *folder = join(home, TCR_HOME_FOLDER "/tcr");
    if (folder && stat(folder, &status) == 0 && S_ISDIR(status.st_mode))
        return folder;
    free(folder);
#else
    (void)home;
#endif
    return NULL;
}

static char *xdg_path(const char *variable, const char *fallback, const char *below,
                      const char *name)
{
    struct buffer path = {0};
    const char *folder = getenv(variable), *home = files_home();
    if (folder && folder[0] == '/') {
        buffer_append_text(&path, folder);
    } else if (home) {
        buffer_append_text(&path, home);
        buffer_append_char(&path, '/');
        buffer_append_text(&path, fallback);
    } else {
        return NULL;
    }
    buffer_append_text(&path, below);
    buffer_append_text(&path, name);
    return buffer_take(&path);
}

char *files_xdg(const char *variable, const char *fallback, const char *name)
{
    const char *folder = getenv(variable), *home = files_home();
    CLEANUP_FREE char *own = home && (!folder || folder[0] != '/') ? home_folder(home) : NULL;
    if (own)
        return join(own, name);
    return xdg_path(variable, fallback, "/tcr/", name);
}

char *files_xdg_shared(const char *variable, const char *fallback, const char *name)
{
    return xdg_path(variable, fallback, "/", name);
}

static bool is_program(const char *file)
{
    struct stat status;
    return stat(file, &status) == 0 && S_ISREG(status.st_mode) && access(file, X_OK) == 0;
}

char *files_find_program(const char *name)
{
    const char *path = getenv("PATH");
    if (strchr(name, '/'))
        return is_program(name) ? strdup(name) : NULL;
    for (const char *p = path ? path : "/bin:/usr/bin"; *p;) {
        char *file;
        int length = (int)strcspn(p, ":");
        if (asprintf(&file, "%.*s/%s", length ? length : 1, length ? p : ".", name) < 0)
            return NULL;
        if (is_program(file))
            return file;
        free(file);
        p += length + (p[length] == ':');
    }
    return NULL;
}

int files_real_path(const char *path, char *ret_path, size_t size)
{
    char *real = realpath(path, NULL);
    if (!real)
        return -errno;
    size_t length = strlen(real);
    if (length < size)
        memcpy(ret_path, real, length + 1);
    free(real);
    return length < size ? 0 : -ENAMETOOLONG;
}
