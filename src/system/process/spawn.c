#include "system/process/spawn.h"

#include "base/cleanup.h"
#include "config.h"
#include "system/descriptor.h"
#include "system/files.h"
#include "system/process/lifeline.h"
#include "system/process/protection.h"
#include "system/process/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* kill -9 of the launcher ends the command too, as if the command itself had been killed. */
static void die_with_parent(pid_t parent)
{
    lifeline_tie();
    /* The parent may have died before the line above. Its number is 0 if it is outside our process
     * namespace, as after nsenter --no-fork. */
    pid_t now = getppid();
    if (now != parent && now != 0)
        (void)kill(getpid(), SIGKILL); /* musl's raise takes itself for the parent after vfork */
}

/* Socket activation names the process that may take the sockets. That is the command, not us. */
static void rewrite_listen_pid(char *const *environment, pid_t parent)
{
    static const char name[] = "LISTEN_PID=";
    static char entry[32];
    for (char **p = (char **)environment; *p; p++) {
        if (strncmp(*p, name, sizeof name - 1) != 0 || atol(*p + sizeof name - 1) != parent)
            continue;
        snprintf(entry, sizeof entry, "%s%ld", name, (long)getpid());
        *p = entry;
    }
}

static int place_stream(int source, int target)
{
    if (source == SPAWN_CLOSED) {
        (void)close(target);
        return 0;
    }
    if (source >= 0 && dup2(source, target) < 0)
        return -errno;
    return 0;
}

static int arrange(const struct spawn_request *request)
{
    for (int i = 0; i < 3; i++) {
        int r = place_stream(request->streams[i], i);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < request->passed_count; i++)
        if (fcntl(request->passed[i], F_SETFD, 0) < 0)
            return -errno;
    return 0;
}

static _Noreturn void become(const struct spawn_request *request, pid_t parent, int report)
{
    die_with_parent(parent);
    rewrite_listen_pid(request->environment, parent);
    int r = arrange(request);
    if (r == 0) {
        protection_end_in_child();
        signals_give_back();
        environ = (char **)request->environment;
        execvp(request->argv[0], request->argv);
        r = -errno;
    }
    ssize_t ignored = write(report, &r, sizeof r);
    (void)ignored;
    _exit(127);
}

static int read_report(int fd)
{
    int error = 0;
    ssize_t n;
    do
        n = read(fd, &error, sizeof error);
    while (n < 0 && errno == EINTR);
    return n == sizeof error ? error : 0;
}

/* vfork avoids copying our page tables, which would cost more than all the rest of a launch. The
 * child shares our memory until its exec, so it must change nothing but what spawn_start restores.
 * This is a macro, because the function that calls vfork must not return before the exec. */
#define SPLIT() TCR_FORK()

static int start(const struct spawn_request *request, pid_t *ret_pid, bool *ret_exec_failed)
{
    int report[2];
    pid_t parent = getpid();
    *ret_exec_failed = false;
    if (descriptor_pipe(report, 0) < 0)
        return -errno;
    CLEANUP_CLOSE int report_read = report[0];
    char **const own_environment = environ;
    lifeline_prepare();
    signals_before_fork();
    pid_t pid = SPLIT();
    if (pid == 0)
        become(request, parent, report[1]);
    int error = errno;
    environ = own_environment;
    signals_after_fork();
    (void)close(report[1]);
    if (pid < 0)
        return -error;
    int r = read_report(report_read);
    if (r == 0) {
        *ret_pid = pid;
        if (signals_caught_stop())
            (void)kill(pid, SIGTSTP);
        return 0;
    }
    while (spawn_wait(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *ret_exec_failed = true;
    return r;
}

/* POSIX has execvp give a file that is no program to the shell; musl's does not. */
static int start_script(const struct spawn_request *request, pid_t *ret_pid, bool *ret_exec_failed)
{
    size_t count = 0;
    while (request->argv[count])
        count++;
    CLEANUP_FREE char *file = files_find_program(request->argv[0]);
    char **words = file ? calloc(count + 2, sizeof *words) : NULL;
    if (!words)
        return -ENOEXEC;
    struct spawn_request script = *request;
    words[0] = (char *)"/bin/sh";
    words[1] = file;
    memcpy(words + 2, request->argv + 1, (count - 1) * sizeof *words);
    script.argv = words;
    int r = start(&script, ret_pid, ret_exec_failed);
    free(words);
    return r;
}

int spawn_start(const struct spawn_request *request, pid_t *ret_pid, bool *ret_exec_failed)
{
    int r = start(request, ret_pid, ret_exec_failed);
    return r == -ENOEXEC && *ret_exec_failed ? start_script(request, ret_pid, ret_exec_failed) : r;
}

pid_t spawn_wait(pid_t pid, int *ret_status, int flags)
{
    pid_t r = waitpid(pid, ret_status, flags);
    if (r == pid)
        lifeline_release(pid);
    return r;
}
