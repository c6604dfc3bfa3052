#include "system/process/lifeline.h"

#include "system/descriptor.h"
#include "system/process/protection.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Reads "+ PID" and "- PID" until we are gone, then kills what is left. A shell, because a fork of
 * ours would have our keys; in the background of another one, so that it is not our child. */
#define GUARD                                                                                      \
    "{ while read -r sign pid; do case $sign in +) left=\"$left $pid \" ;; "                       \
    "-) left=${left%% $pid *}${left#* $pid } ;; esac; done; "                                      \
    "[ -z \"$left\" ] || kill -9 $left; } <&9 9<&- &"
#define GUARDED 9
#define TRIES   100

/* Both of one pipe; the end that is read stays open so that no write of ours can fail. */
static int ends[2] = {-1, -1};

static posix_spawn_file_actions_t *closing;

/* What we inherited is the command's alone; all else is close-on-exec. */
static void close_there(int fd)
{
    int flags = fcntl(fd, F_GETFD);
    if (flags >= 0 && !(flags & FD_CLOEXEC) && fd != GUARDED)
        (void)posix_spawn_file_actions_addclose(closing, fd);
}

static int arrange(posix_spawn_file_actions_t *actions)
{
    int r = posix_spawn_file_actions_adddup2(actions, ends[0], GUARDED);
    closing = actions;
    protection_each_descriptor(close_there);
    if (r == 0)
        r = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    if (r == 0)
        r = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
    return r == 0 ? posix_spawn_file_actions_adddup2(actions, 1, 2) : r;
}

/* Ctrl-C and the like are not for it. */
static int start_with(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes)
{
    char shell[] = "/bin/sh", option[] = "-c", script[] = GUARD;
    char *const argv[] = {shell, option, script, NULL}, *const environment[] = {NULL};
    sigset_t all;
    pid_t pid;
    (void)sigfillset(&all);
    int r = arrange(actions);
    if (r == 0)
        r = posix_spawnattr_setsigmask(attributes, &all);
    if (r == 0)
        r = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK);
    if (r == 0)
        r = posix_spawn(&pid, shell, actions, attributes, argv, environment);
    while (r == 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return r;
}

static void start_guard(void)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return;
    if (posix_spawnattr_init(&attributes) == 0) {
        (void)start_with(&actions, &attributes);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
}

static void tell(char sign, pid_t child)
{
    char line[32];
    int length = snprintf(line, sizeof line, "%c %ld\n", sign, (long)child);
    for (int i = 0; i < TRIES && write(ends[1], line, (size_t)length) < 0; i++)
        ;
}

/* Not GUARDED itself: of a dup2 onto itself macOS leaves close-on-exec as it was. */
static bool open_pipe(void)
{
    int both[2];
    if (descriptor_pipe(both, 0) < 0)
        return false;
    ends[0] = fcntl(both[0], F_DUPFD_CLOEXEC, GUARDED + 1);
    (void)close(both[0]);
    if (ends[0] < 0)
        (void)close(both[1]);
    else
        ends[1] = both[1];
    return ends[0] >= 0;
}

void lifeline_prepare(void)
{
    if (ends[1] >= 0 || !open_pipe())
        return;
    (void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
    start_guard();
}

/* The child says it, so that there is no moment in which it is not known. It has the pipe until its
 * exec. */
void lifeline_tie(void)
{
    if (ends[1] >= 0)
        tell('+', getpid());
}

void lifeline_release(pid_t child)
{
    if (ends[1] >= 0)
        tell('-', child);
}
