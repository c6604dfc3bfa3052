#include "system/process/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

int detach_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    int r = posix_spawnattr_setsigmask(attributes, &none);
    if (r == 0)
        r = posix_spawnattr_setsigdefault(attributes, &all);
    if (r == 0)
        r = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                                     POSIX_SPAWN_SETSIGDEF);
    return r;
}

static int set_streams(posix_spawn_file_actions_t *actions)
{
    int r = 0;
    for (int fd = 0; r == 0 && fd <= 2; fd++)
        r = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", fd ? O_WRONLY : O_RDONLY, 0);
    return r;
}

/* The shell starts the command in the background and exits, so that nobody has to wait for the
 * command. */
static int start(const char *command, char *const *environment, pid_t *ret_pid)
{
    const char *const argv[] = {"sh", "-c", "eval \"$1\" &", "sh", command, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int r = posix_spawn_file_actions_init(&actions);
    if (r != 0)
        return r;
    r = posix_spawnattr_init(&attributes);
    if (r == 0) {
        r = set_streams(&actions);
        if (r == 0)
            r = detach_attributes(&attributes);
        if (r == 0)
            r = posix_spawn(ret_pid, "/bin/sh", &actions, &attributes, (char *const *)argv,
                            environment);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return r;
}

int detach_run(const char *command, char *const *environment)
{
    pid_t pid;
    int r = start(command, environment, &pid);
    if (r != 0)
        return -r;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return 0;
}
