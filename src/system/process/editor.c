#include "system/process/editor.h"

#include "base/cleanup.h"
#include "system/files.h"
#include "system/process/signals.h"
#include "system/process/spawn.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define LOOK_MS 200

const char *editor_wanted(void)
{
    const char *visual = getenv("VISUAL"), *editor = getenv("EDITOR");
    if (visual && *visual)
        return visual;
    return editor && *editor ? editor : NULL;
}

const char *editor_name(void)
{
    static const char *const usual[] = {"editor", "vi", "nano"};
    if (editor_wanted())
        return editor_wanted();
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        CLEANUP_FREE char *program = files_find_program(usual[i]);
        if (program)
            return usual[i];
    }
    return NULL;
}

/* Ctrl-C is up to the editor. Other signals that ask to end are passed on, and kept for later. */
static void hand_on(int fd, pid_t pid, int *ended_by)
{
    struct signal_info info;
    while (signals_read(fd, &info)) {
        int signal = info.number;
        bool typed = info.by_kernel && (signal == SIGINT || signal == SIGQUIT);
        if (!signals_asks_to_end(signal) || typed)
            continue;
        *ended_by = signal;
        (void)kill(pid, signal);
    }
}

static int await_end(int fd, pid_t pid, int *ret_status)
{
    int ended_by = 0;
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        pid_t r = spawn_wait(pid, ret_status, WNOHANG);
        if (r == pid)
            break;
        if (r < 0 && errno != EINTR)
            return -errno;
        (void)signals_stop_if_asked(); /* the terminal has stopped the editor too */
        if (poll(&ready, 1, LOOK_MS) > 0)
            hand_on(fd, pid, &ended_by);
    }
    if (ended_by == 0)
        return 0;
    (void)raise(ended_by); /* blocked: it stays pending for the caller */
    return -EINTR;
}

int editor_run(const char *path, int *ret_status)
{
    static int signals = -1;
    const char *name = editor_name();
    char *script = NULL, shell[] = "/bin/sh", run[] = "-c";
    bool exec_failed;
    pid_t pid;
    if (!name)
        return -ENOENT;
    if (signals < 0)
        signals = signals_take_over();
    if (signals < 0)
        return signals;
    if (asprintf(&script, "%s \"$1\"", name) < 0)
        return -ENOMEM;
    char *argv[] = {shell, run, script, shell, (char *)path, NULL};
    struct spawn_request request = {.argv = argv, .environment = environ, .streams = {-1, -1, -1}};
    int r = spawn_start(&request, &pid, &exec_failed);
    free(script);
    return r < 0 ? r : await_end(signals, pid, ret_status);
}
