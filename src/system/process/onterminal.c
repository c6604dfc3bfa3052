#include "system/process/onterminal.h"

#include "base/secret.h"
#include "system/clock.h"
#include "system/files.h"
#include "system/process/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define ROWS       50
#define COLUMNS    500
#define LOOK_MS    100
#define PARTING_MS 500
#define DRAIN_MS   20 /* for what it wrote just before its end */

struct terminal_session {
    const struct onterminal_request *request;
    int master;
    pid_t pid;
    sigset_t mask; /* the mask to restore */
    bool person;   /* a person is at standard input */
    struct termios before;
    bool has_ended;
    int status;
};

/* The size is set here: on macOS the master takes none before the other side was opened. */
static _Noreturn void be_program(const struct terminal_session *session, const char *slave)
{
    const struct onterminal_request *request = session->request;
    const struct winsize size = {.ws_row = ROWS, .ws_col = COLUMNS};
    (void)setsid();
    int fd = open(slave, O_RDWR);
    (void)ioctl(fd, TIOCSCTTY, 0);
    (void)ioctl(fd, TIOCSWINSZ, &size);
    for (int i = 0; i <= STDERR_FILENO; i++)
        if (dup2(fd, i) < 0)
            _exit(126);
    if (fd > STDERR_FILENO)
        (void)close(fd);
    (void)sigprocmask(SIG_SETMASK, &session->mask, NULL);
    (void)execve(request->argv[0], request->argv, request->environment);
    _exit(errno == ENOENT ? 127 : 126);
}

static int start(struct terminal_session *session)
{
    char slave[128];
    session->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (session->master < 0 || grantpt(session->master) < 0 || unlockpt(session->master) < 0)
        return -errno;
    int r = ptsname_r(session->master, slave, sizeof slave);
    if (r != 0)
        return -r;
    session->pid = fork();
    if (session->pid == 0)
        be_program(session, slave);
    return session->pid < 0 ? -errno : 0;
}

static void take_terminal(struct terminal_session *session)
{
    session->person = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &session->before) == 0;
    struct termios raw = session->before;
    if (!session->person)
        return;
    cfmakeraw(&raw);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

/* The terminal may still be answering the program's queries: the shell must not run the answers. */
static void give_terminal_back(const struct terminal_session *session)
{
    if (session->person)
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &session->before);
}

/* False at end of file. */
static bool pass_output(const struct terminal_session *session)
{
    char bytes[4096];
    ssize_t n = read(session->master, bytes, sizeof bytes);
    if (n > 0)
        session->request->output(session->request->context, bytes, (size_t)n);
    secret_wipe(bytes, sizeof bytes);
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static bool pass_input(const struct terminal_session *session)
{
    char bytes[1024];
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
    if (n > 0)
        (void)files_write_all(session->master, bytes, (size_t)n);
    secret_wipe(bytes, sizeof bytes);
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* The program may leave a browser behind, which has the terminal open. */
static bool look_for_end(struct terminal_session *session)
{
    if (!session->has_ended && waitpid(session->pid, &session->status, WNOHANG) == session->pid)
        session->has_ended = true;
    return session->has_ended;
}

static bool must_end(void)
{
    sigset_t pending;
    if (sigpending(&pending) < 0)
        return false;
    for (int signal = 1; signal <= SIGTERM; signal++)
        if (signals_asks_to_end(signal) && sigismember(&pending, signal) == 1)
            return true;
    return false;
}

static int carry(struct terminal_session *session)
{
    int64_t deadline = clock_now_ms() + session->request->limit_ms;
    bool listens = session->person;
    for (;;) {
        struct pollfd ready[] = {{.fd = session->master, .events = POLLIN},
                                 {.fd = listens ? STDIN_FILENO : -1, .events = POLLIN}};
        bool over = look_for_end(session);
        int n = poll(ready, 2, over ? DRAIN_MS : LOOK_MS);
        if (must_end())
            return -EINTR;
        if (clock_now_ms() >= deadline)
            return -ETIMEDOUT;
        if (ready[1].revents && n > 0)
            listens = pass_input(session);
        if (n > 0 && ready[0].revents ? !pass_output(session) : over)
            return 0;
    }
}

static void end_program(struct terminal_session *session)
{
    (void)kill(session->pid, SIGTERM);
    for (int64_t end = clock_now_ms() + PARTING_MS; !look_for_end(session) && clock_now_ms() < end;)
        (void)poll(NULL, 0, 10);
    if (session->has_ended)
        return;
    (void)kill(session->pid, SIGKILL);
    while (waitpid(session->pid, &session->status, 0) < 0 && errno == EINTR)
        ;
}

/* Its terminal is closed; it gets a moment to end by itself. */
static void await_end(struct terminal_session *session)
{
    for (int i = 0; i < 100 && !look_for_end(session); i++)
        (void)poll(NULL, 0, 20);
    if (!session->has_ended)
        end_program(session);
}

int onterminal_run(const struct onterminal_request *request, int *ret_status)
{
    struct terminal_session session = {.request = request, .master = -1};
    sigset_t watched;
    sigemptyset(&watched);
    for (int signal = 1; signal <= SIGTERM; signal++)
        if (signals_asks_to_end(signal))
            sigaddset(&watched, signal);
    (void)sigprocmask(SIG_BLOCK, &watched, &session.mask);
    int r = start(&session);
    if (r == 0) {
        take_terminal(&session);
        r = carry(&session);
        if (r == 0)
            await_end(&session);
        else
            end_program(&session);
        give_terminal_back(&session);
    }
    if (session.master >= 0)
        (void)close(session.master);
    (void)sigprocmask(SIG_SETMASK, &session.mask, NULL);
    if (r == 0)
        *ret_status = session.status;
    return r;
}
