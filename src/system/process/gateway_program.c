#include "system/process/gateway_program.h"

#include "config.h"
#include "system/files.h"
#include "system/process/detach.h"
#include "system/process/ownpath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME     "tcr-gateway"
#define LAUNCHER "tcr-run"

/* The folder of our own program, without a slash at its end. */
static int own_folder(char *path, size_t size)
{
    int r = ownpath_find(path, size);
    if (r < 0)
        return r;
    char *slash = strrchr(path, '/');
    if (!slash)
        return -ENOENT;
    *slash = '\0';
    return 0;
}

static char *executable(const char *folder, const char *below, const char *name)
{
    char *path;
    if (asprintf(&path, "%s%s/%s", folder, below, name) < 0)
        return NULL;
    if (access(path, X_OK) == 0)
        return path;
    free(path);
    return NULL;
}

/* Looks in our own folder, as in a build, then where it is installed, relative to that folder. NULL
 * if it is in neither. */
static char *beside_us(const char *name, const char *installed)
{
    char folder[4096];
    if (own_folder(folder, sizeof folder) != 0)
        return NULL;
    char *path = executable(folder, "", name);
    return path ? path : executable(folder, installed, name);
}

char *gateway_program_find(void)
{
    char *path = beside_us(NAME, "/../libexec/tcr-run");
    if (!path)
        path = executable(TCR_LIBEXEC, "", NAME);
    if (!path)
        errno = ENOENT;
    return path;
}

char *launcher_program_find(void)
{
    char *path = beside_us(LAUNCHER, "/../../bin");
    return path ? path : files_find_program(LAUNCHER);
}

/* A dup2 onto itself takes close-on-exec off, but not on macOS. */
static int pass_on(posix_spawn_file_actions_t *actions, int fd)
{
#ifdef TCR_ADDINHERIT
    return posix_spawn_file_actions_addinherit_np(actions, fd);
#else
    return posix_spawn_file_actions_adddup2(actions, fd, fd);
#endif
}

/* In the order of open, then dup2: a descriptor that is passed on must not be overwritten by a
 * stream. */
static int arrange(posix_spawn_file_actions_t *actions, const void *context)
{
    const struct gateway_start *start = context;
    int r = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    if (r == 0)
        r = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(actions, start->errors, 2);
    for (size_t i = 0; r == 0 && i < start->passed_count; i++)
        r = pass_on(actions, start->passed[i]);
    return r;
}

int gateway_program_start(const struct gateway_start *start, pid_t *ret_pid)
{
    const struct detach_plan plan = {.path = start->argv[0],
                                     .argv = start->argv,
                                     .environment = start->environment,
                                     .arrange = arrange,
                                     .context = start};
    return detach_start(&plan, ret_pid);
}
