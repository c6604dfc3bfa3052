#include "system/process/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

static int set_attributes(posix_spawnattr_t *attributes)
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

int detach_start(const struct detach_plan *plan, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int r = posix_spawn_file_actions_init(&actions);
    if (r != 0)
        return -r;
    r = posix_spawnattr_init(&attributes);
    if (r == 0) {
        r = plan->arrange(&actions, plan->context);
        if (r == 0)
            r = set_attributes(&attributes);
        if (r == 0)
            r = posix_spawn(ret_pid, plan->path, &actions, &attributes, plan->argv,
                            plan->environment);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return -r;
}

static int give_nothing(posix_spawn_file_actions_t *actions, const void *context)
{
    int r = 0;
    (void)context;
    for (int fd = 0; r == 0 && fd <= 2; fd++)
        r = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", fd ? O_WRONLY : O_RDONLY, 0);
    return r;
}

/* The shell starts the command in the background and exits, so that nobody has to wait for the
 * command. */
int detach_run(const char *command, char *const *environment)
{
    const char *const argv[] = {"sh", "-c", "eval \"$1\" &", "sh", command, NULL};
    const struct detach_plan plan = {.path = "/bin/sh",
                                     .argv = (char *const *)argv,
                                     .environment = environment,
                                     .arrange = give_nothing};
    pid_t pid;
    int r = detach_start(&plan, &pid);
    while (r == 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return r;
}
