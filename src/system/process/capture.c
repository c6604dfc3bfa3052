#include "system/process/capture.h"

#include "base/cleanup.h"
#include "core/client/environment.h"
#include "system/clock.h"
#include "system/descriptor.h"
#include "system/host.h"
#include "system/process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a program may take to end once it is told to. */
#define PARTING_MS 500

/* Why we stop waiting for the program; 0 if we do not. */
static int look_up(const struct capture_request *request, int64_t *deadline)
{
    if (host_stopped(request->host)) /* the terminal has stopped the program too */
        *deadline = clock_now_ms() + request->limit_ms;
    if (host_interrupted(request->host))
        return -EINTR;
    return clock_now_ms() >= *deadline ? -ETIMEDOUT : 0;
}

/* Reads until end of file, the time limit, or until somebody wants to end. */
static int read_output(const struct capture_request *request, int fd, int64_t *deadline,
                       char *bytes, size_t size, size_t *ret_length)
{
    size_t length = 0;
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int r = look_up(request, deadline);
        if (r < 0)
            return r;
        if (poll(&ready, 1, 200) <= 0)
            continue;
        ssize_t n = read(fd, bytes + length, size - length);
        if (n == 0 || length == size)
            break;
        if (n < 0 && errno != EINTR)
            return -errno;
        length += n > 0 ? (size_t)n : 0;
    }
    *ret_length = length;
    return length == size ? -EFBIG : 0;
}

/* Reaps it, or gives it a little more time. */
static bool has_ended(pid_t pid, int pause_ms, int *ret_status)
{
    pid_t r = spawn_wait(pid, ret_status, WNOHANG);
    if (r == 0)
        (void)poll(NULL, 0, pause_ms);
    return r == pid || (r < 0 && errno != EINTR);
}

/* The program may have closed its output and gone on. */
static int await_end(const struct capture_request *request, pid_t pid, int64_t *deadline,
                     int *ret_status)
{
    int r = 0;
    for (int pause = 1; r == 0 && !has_ended(pid, pause, ret_status); pause += pause < 100)
        r = look_up(request, deadline);
    return r;
}

/* It may have to restore a terminal on which it asked for a password. */
static void end_program(const struct capture_request *request, pid_t pid)
{
    int signal = host_interrupted(request->host), status;
    (void)kill(pid, signal ? signal : SIGTERM);
    for (int waited = 0; waited < PARTING_MS; waited += PARTING_MS / 50)
        if (has_ended(pid, PARTING_MS / 50, &status))
            return;
    (void)kill(pid, SIGKILL);
    while (spawn_wait(pid, &status, 0) < 0 && errno == EINTR)
        ;
}

static int start(const struct capture_request *request, int output, pid_t *ret_pid)
{
    bool exec_failed;
    struct environment_plan plan = {0};
    struct environment built;
    CLEANUP_CLOSE int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int r = environment_build(request->environment, &plan, &built);
    if (r < 0)
        return r;
    struct spawn_request spawn = {.argv = request->argv,
                                  .environment = built.entries,
                                  .streams = {nothing, output, request->errors}};
    r = spawn_start(&spawn, ret_pid, &exec_failed);
    environment_finish(&built);
    return r;
}

int capture_run(const struct capture_request *request, char *ret_bytes, size_t size,
                size_t *ret_length, int *ret_status)
{
    int ends[2];
    pid_t pid = -1;
    if (descriptor_pipe(ends, 0) < 0)
        return -errno;
    CLEANUP_CLOSE int output = ends[0];
    int r = start(request, ends[1], &pid);
    (void)close(ends[1]);
    if (r < 0)
        return r;
    int64_t deadline = clock_now_ms() + request->limit_ms;
    r = read_output(request, output, &deadline, ret_bytes, size, ret_length);
    if (r == 0)
        r = await_end(request, pid, &deadline, ret_status);
    if (r < 0)
        end_program(request, pid);
    return r;
}
