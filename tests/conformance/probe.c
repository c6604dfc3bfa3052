/*
 * probe: the command under a wrapper. Each verb does one small thing and
 * reports what it was given, into a file where the streams are what is tested.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 65536, WRONG_USE = 64, WRITE_FAILED = 1 };

extern char **environ;

static int log_fd = -1;

static void nap(long milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    while (nanosleep(&time, &time) < 0 && errno == EINTR)
        ;
}

static int open_log(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

static void say_ready(const char *path)
{
    char line[128];
    int fd = open_log(path);
    int length = snprintf(line, sizeof line, "ready %d %d %d %d\n", (int)getpid(), (int)getppid(),
                          (int)getpgrp(), (int)getsid(0));

    if (fd < 0 || write(fd, line, (size_t)length) != length)
        _exit(WRONG_USE);
    close(fd);
}

static int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t count = write(fd, data, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        data += count;
        size -= (size_t)count;
    }
    return 0;
}

/* ---- exit and signals ---- */

static int verb_exit(int argc, char **argv)
{
    return argc > 0 ? atoi(argv[0]) : 0;
}

static int verb_kill(int argc, char **argv)
{
    (void)argc;
    int number = atoi(argv[0]);
    sigset_t set;

    signal(number, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    kill(getpid(), number);
    nap(200);
    return 99;
}

static int verb_pause(int argc, char **argv)
{
    if (argc > 0)
        say_ready(argv[0]);
    nap(60000);
    return 0;
}

static void log_signal(int number)
{
    char line[8];
    int saved = errno, length = 0;

    if (number >= 10)
        line[length++] = (char)('0' + number / 10);
    line[length++] = (char)('0' + number % 10);
    line[length++] = '\n';
    if (write(log_fd, line, (size_t)length) < 0)
        _exit(WRONG_USE);
    errno = saved;
}

static void catch_signal(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    sigfillset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static void catch_all(const char *path)
{
    sigset_t none;

    log_fd = open_log(path);
    for (int number = 1; number < NSIG; number++)
        catch_signal(number, log_signal);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Log every signal received. */
static int verb_siglog(int argc, char **argv)
{
    (void)argc;
    catch_all(argv[0]);
    say_ready(argv[0]);
    nap(60000);
    return 0;
}

static volatile sig_atomic_t interrupted;

static void note_interrupt(int number)
{
    log_signal(number);
    interrupted = 1;
}

/* Clean up for a while after Ctrl-C, then exit by an own decision. */
static int verb_cleanup(int argc, char **argv)
{
    (void)argc;
    log_fd = open_log(argv[0]);
    catch_signal(SIGINT, note_interrupt);
    say_ready(argv[0]);
    for (int i = 0; i < 2000 && !interrupted; i++)
        usleep(5000);
    nap(atol(argv[2]));
    if (write(log_fd, "clean\n", 6) != 6)
        return WRONG_USE;
    return atoi(argv[1]);
}

/* ---- what the command was given ---- */

static int copy_text(const char *from, FILE *to)
{
    char line[4096];
    FILE *file = fopen(from, "re");

    if (!file)
        return -1;
    while (fgets(line, sizeof line, file))
        fputs(line, to);
    fclose(file);
    return 0;
}

static void describe_descriptor(FILE *report, int fd)
{
    struct stat about;
    char link[64], target[4096];

    if (fstat(fd, &about) < 0) {
        fprintf(report, "fd %d closed\n", fd);
        return;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, target, sizeof target - 1);
    target[length < 0 ? 0 : length] = '\0';
    fprintf(report, "fd %d %o %o %d %s\n", fd, (unsigned)(about.st_mode & S_IFMT),
            (unsigned)fcntl(fd, F_GETFL), isatty(fd), target);
}

/* Everything the kernel says about this process, written aside so that the streams stay untouched.
 */
static int verb_state(int argc, char **argv)
{
    unsigned char open_fds[256];
    mode_t mask = umask(0);
    char cwd[4096];

    (void)argc;
    for (int fd = 0; fd < 256; fd++)
        open_fds[fd] = fcntl(fd, F_GETFD) >= 0;
    /* Where 0, 1 or 2 is closed, nothing opened here may take its place. */
    int low = open(argv[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    FILE *report = fdopen(fcntl(low, F_DUPFD_CLOEXEC, 300), "w");
    close(low);
    if (!report)
        return WRONG_USE;
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
    close(terminal);
    fprintf(report, "pid %d\nppid %d\npgrp %d\nsid %d\n", (int)getpid(), (int)getppid(),
            (int)getpgrp(), (int)getsid(0));
    fprintf(report, "devtty %d\numask %o\ndumpable %d\n", terminal >= 0, (unsigned)mask,
            prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
    fprintf(report, "nice %d\nscheduler %d\ntimerslack %d\n", nice(0), sched_getscheduler(0),
            prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
    fprintf(report, "cwd %s\n", getcwd(cwd, sizeof cwd));
    fprintf(report, "oom ");
    copy_text("/proc/self/oom_score_adj", report);
    for (int fd = 0; fd < 256; fd++)
        if (open_fds[fd] || fd < 3)
            describe_descriptor(report, fd);
    copy_text("/proc/self/status", report);
    copy_text("/proc/self/limits", report);
    return fclose(report) == 0 ? 0 : WRONG_USE;
}

static int dump_strings(const char *path, char **strings)
{
    FILE *file = fopen(path, "we");

    if (!file)
        return WRONG_USE;
    for (; *strings; strings++)
        fwrite(*strings, 1, strlen(*strings) + 1, file);
    return fclose(file) == 0 ? 0 : WRONG_USE;
}

static int verb_environment(int argc, char **argv)
{
    (void)argc;
    return dump_strings(argv[0], environ);
}

static int verb_arguments(int argc, char **argv)
{
    (void)argc;
    return dump_strings(argv[0], argv + 1);
}

/* ---- writing ---- */

static int verb_say(int argc, char **argv)
{
    if (argc > 1 && argv[1][0] && write_all(2, argv[1], strlen(argv[1])) < 0 && argc < 3)
        return WRITE_FAILED;
    if (argv[0][0] && write_all(1, argv[0], strlen(argv[0])) < 0 && argc < 3)
        return WRITE_FAILED;
    return argc > 2 ? atoi(argv[2]) : 0;
}

static void do_nothing(int number)
{
    (void)number;
}

static int verb_cat(int argc, char **argv)
{
    static char block[BLOCK];
    ssize_t count;
    int fd = open(argv[0], O_RDONLY | O_CLOEXEC);

    (void)argc;
    catch_signal(SIGUSR1, do_nothing);
    while ((count = read(fd, block, sizeof block)) > 0)
        if (write_all(1, block, (size_t)count) < 0)
            return WRITE_FAILED;
    return count < 0 ? WRONG_USE : 0;
}

/* One line without a newline until its end, then wait until the runner has looked at the wrapper.
 */
static int verb_line(int argc, char **argv)
{
    static char block[BLOCK];
    long left = atol(argv[0]);

    (void)argc;
    memset(block, 'x', sizeof block);
    while (left > 0) {
        size_t count = left < BLOCK ? (size_t)left : BLOCK;
        if (write_all(1, block, count) < 0)
            return WRITE_FAILED;
        left -= (long)count;
    }
    say_ready(argv[1]);
    for (int i = 0; i < 3000 && access(argv[2], F_OK) < 0; i++)
        usleep(1000);
    return write_all(1, "\n", 1) < 0 ? WRITE_FAILED : 0;
}

static int verb_yes(int argc, char **argv)
{
    int fd = argc > 0 ? atoi(argv[0]) : 1;

    for (;;)
        if (write_all(fd, "y\n", 2) < 0)
            return WRITE_FAILED;
}

/* Keep writing to stdout after its reader has gone, then finish on stderr. */
static int verb_deaf(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 200000; i++)
        if (write_all(1, "y\n", 2) < 0)
            break;
    return write_all(2, "still here", 10) < 0 ? WRITE_FAILED : 4;
}

/* Write without end and count the bytes where the runner can see them. */
static int verb_fill(int argc, char **argv)
{
    static char block[4096];
    int fd = open(argv[0], O_RDWR | O_CREAT | O_CLOEXEC, 0666);

    (void)argc;
    if (fd < 0 || ftruncate(fd, sizeof(uint64_t)) < 0)
        return WRONG_USE;
    volatile uint64_t *count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (count == MAP_FAILED)
        return WRONG_USE;
    memset(block, 'f', sizeof block);
    block[sizeof block - 1] = '\n';
    while (write_all(1, block, sizeof block) == 0)
        *count += sizeof block;
    return WRITE_FAILED;
}

/* stdout filled until it blocks, while another process writes to stderr. */
static int verb_both(int argc, char **argv)
{
    pid_t pid = fork();

    (void)argc;
    if (pid < 0)
        return WRONG_USE;
    if (pid == 0)
        return verb_fill(1, argv);
    nap(300);
    write_all(2, "alive\n", 6);
    nap(60000);
    return 0;
}

/* A program that knows nothing of O_NONBLOCK and gives up, and one that knows. */
static int write_counted(long size, int patient)
{
    static char block[4096];

    memset(block, 'n', sizeof block);
    while (size > 0) {
        ssize_t count = write(1, block, size < (long)sizeof block ? (size_t)size : sizeof block);
        if (count < 0 && errno == EAGAIN && patient) {
            struct pollfd wait = {.fd = 1, .events = POLLOUT};
            poll(&wait, 1, -1);
            continue;
        }
        if (count < 0)
            return 9;
        size -= count;
    }
    return 0;
}

static int verb_impatient(int argc, char **argv)
{
    (void)argc;
    return write_counted(atol(argv[0]), 0);
}

static int verb_patient(int argc, char **argv)
{
    (void)argc;
    return write_counted(atol(argv[0]), 1);
}

/* Exit at once; a descendant keeps the streams, silent for PERIOD or writing COUNT times every
 * PERIOD. */
static int verb_descend(int argc, char **argv)
{
    int count = atoi(argv[0]);
    long period = atol(argv[1]);
    pid_t pid = fork();

    if (pid < 0)
        return WRONG_USE;
    if (pid > 0) {
        if (argc > 2)
            say_ready(argv[2]);
        return 5;
    }
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    if (count == 0)
        nap(period);
    for (int i = 0; i < count; i++) {
        nap(period);
        if (write_all(1, "tick\n", 5) < 0)
            break;
    }
    _exit(0);
}

/* A background job that keeps no stream at all, and says that it lived to the end. */
static int verb_daemon(int argc, char **argv)
{
    pid_t pid = fork();

    (void)argc;
    if (pid < 0)
        return WRONG_USE;
    if (pid > 0)
        return 0;
    for (int fd = 0; fd < 64; fd++)
        close(fd);
    nap(atol(argv[1]));
    say_ready(argv[0]);
    _exit(0);
}

/* ---- reading ---- */

static int verb_copy(int argc, char **argv)
{
    static char block[BLOCK];
    ssize_t count;
    int fd = open(argv[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    (void)argc;
    while ((count = read(0, block, sizeof block)) > 0)
        if (write_all(fd, block, (size_t)count) < 0)
            return WRONG_USE;
    return count < 0 ? 2 : 0;
}

/* Read exactly so many bytes and leave the rest for whoever comes next. */
static int verb_take(int argc, char **argv)
{
    char block[256];
    size_t wanted = (size_t)atol(argv[0]), got = 0;

    (void)argc;
    while (got < wanted) {
        ssize_t count = read(0, block, wanted - got);
        if (count <= 0)
            return 2;
        if (write_all(1, block, (size_t)count) < 0)
            return WRITE_FAILED;
        got += (size_t)count;
    }
    return 0;
}

/* Answer each byte with a byte; with a newline behind it when asked for lines. */
static int verb_echo(int argc, char **argv)
{
    char answer[2] = {0, '\n'};
    size_t size = argc > 0 && strcmp(argv[0], "lines") == 0 ? 2 : 1;

    while (read(0, answer, 1) == 1)
        if (write_all(1, answer, size) < 0)
            return WRITE_FAILED;
    return 0;
}

/* Write, go back and write over the beginning, as programs do that fill in a header at their end.
 */
static int verb_header(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    if (write_all(1, "head body", 9) < 0 || lseek(1, 0, SEEK_SET) < 0 ||
        write_all(1, "HEAD", 4) < 0)
        return WRITE_FAILED;
    return 0;
}

/* Alternate between stdout and stderr. */
static int verb_alternate(int argc, char **argv)
{
    (void)argc;
    for (int i = 0; i < atoi(argv[0]); i++)
        if (write_all(1, "o\n", 2) < 0 || write_all(2, "e\n", 2) < 0)
            return WRITE_FAILED;
    return 0;
}

/* Say a line each time a byte is asked for through a file beside the streams. */
static int verb_lines(int argc, char **argv)
{
    (void)argc;
    for (int i = 0; i < atoi(argv[0]); i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s%d", argv[1], i);
        for (int wait = 0; wait < 5000 && access(path, F_OK) < 0; wait++)
            usleep(500);
        if (write_all(1, "line\n", 5) < 0)
            return WRITE_FAILED;
    }
    return 0;
}

/* Silent at first, then everything in one call, then silent again. */
static int verb_burst(int argc, char **argv)
{
    size_t size = strtoul(argv[0], NULL, 10);
    char *bytes = calloc(size, 1);
    (void)argc;
    usleep(800000);
    if (!bytes || write_all(1, bytes, size) < 0)
        return WRITE_FAILED;
    free(bytes);
    for (int wait = 0; wait < 5000 && access(argv[1], F_OK) < 0; wait++)
        usleep(1000);
    return 0;
}

/* ---- terminal ---- */

static int verb_typed(int argc, char **argv)
{
    char line[256];

    (void)argc;
    say_ready(argv[0]);
    ssize_t count = read(0, line, sizeof line);
    return count > 0 && line[0] == 'x' ? 4 : 8;
}

static void log_sizes(void)
{
    for (int fd = 0; fd < 3; fd++) {
        struct winsize size = {0};
        char text[64];
        ioctl(fd, TIOCGWINSZ, &size);
        int length =
            snprintf(text, sizeof text, "%dx%d%c", size.ws_row, size.ws_col, fd < 2 ? ' ' : '\n');
        if (write(log_fd, text, (size_t)length) < 0)
            _exit(WRONG_USE);
    }
}

static void log_resize(int number)
{
    (void)number;
    log_sizes();
}

/* The sizes a program reads at its start and in its SIGWINCH handler, where programs do read them.
 */
static int verb_winlog(int argc, char **argv)
{
    (void)argc;
    log_fd = open_log(argv[0]);
    catch_signal(SIGWINCH, log_resize);
    log_sizes();
    say_ready(argv[1]);
    nap(60000);
    return 0;
}

static int verb_raw(int argc, char **argv)
{
    struct termios mode;

    (void)argc;
    if (tcgetattr(0, &mode) < 0)
        return WRONG_USE;
    cfmakeraw(&mode);
    tcsetattr(0, TCSANOW, &mode);
    say_ready(argv[0]);
    nap(60000);
    return 0;
}

/* ---- process tree ---- */

/* Make COUNT orphans that exit at once, then count the zombies nobody reaped. */
static int verb_orphans(int argc, char **argv)
{
    int zombies = 0;

    (void)argc;
    for (int i = 0; i < atoi(argv[1]); i++) {
        pid_t pid = fork();
        if (pid == 0) {
            if (fork() == 0)
                _exit(9);
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
    nap(300);
    for (int pid = 1; pid < 1000; pid++) {
        char path[64], text[512] = "";
        snprintf(path, sizeof path, "/proc/%d/stat", pid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        if (read(fd, text, sizeof text - 1) > 0 && strstr(text, ") Z "))
            zombies++;
        close(fd);
    }
    FILE *report = fopen(argv[0], "we");
    fprintf(report, "%d\n", zombies);
    return fclose(report) == 0 ? 7 : WRONG_USE;
}

static pid_t fork_as(pid_t wanted)
{
    struct clone_args arguments = {
        .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&wanted, .set_tid_size = 1};

    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

static pid_t ready_pid(const char *path)
{
    int pid = 0;
    FILE *file = fopen(path, "re");

    if (file && fscanf(file, "ready %d", &pid) != 1)
        pid = 0;
    if (file)
        fclose(file);
    return pid;
}

/*
 * Run a wrapper, and give the pid of its dead child to a stranger: 3 if the
 * stranger is then hit by a signal sent to the wrapper, 0 if it is left alone.
 *   reuse READY LOG -- WRAPPER...
 */
static int verb_reuse(int argc, char **argv)
{
    pid_t child = 0, stranger = -1;
    struct stat about;

    (void)argc;
    pid_t wrapper = fork();
    if (wrapper == 0) {
        execvp(argv[3], argv + 3);
        _exit(127);
    }
    for (int i = 0; i < 2000 && !(child = ready_pid(argv[0])); i++)
        usleep(1000);
    for (int i = 0; i < 1000 && stranger < 0; i++) {
        if (waitpid(wrapper, NULL, WNOHANG) == wrapper)
            return 0;
        stranger = fork_as(child);
        if (stranger < 0)
            usleep(1000);
    }
    if (stranger < 0)
        return 0;
    if (stranger == 0) {
        catch_all(argv[1]);
        nap(5000);
        _exit(0);
    }
    nap(30);
    kill(wrapper, SIGUSR1);
    nap(10);
    kill(wrapper, SIGTERM);
    nap(200);
    int hit = stat(argv[1], &about) == 0 && about.st_size > 0;
    kill(stranger, SIGKILL);
    return hit ? 3 : 0;
}

struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    int arguments;
};

static const struct verb verbs[] = {
    {"exit", verb_exit, 0},
    {"kill", verb_kill, 1},
    {"pause", verb_pause, 0},
    {"siglog", verb_siglog, 1},
    {"cleanup", verb_cleanup, 3},
    {"state", verb_state, 1},
    {"environment", verb_environment, 1},
    {"arguments", verb_arguments, 1},
    {"say", verb_say, 1},
    {"cat", verb_cat, 1},
    {"line", verb_line, 3},
    {"yes", verb_yes, 0},
    {"deaf", verb_deaf, 0},
    {"fill", verb_fill, 1},
    {"both", verb_both, 1},
    {"impatient", verb_impatient, 1},
    {"patient", verb_patient, 1},
    {"descend", verb_descend, 2},
    {"daemon", verb_daemon, 2},
    {"copy", verb_copy, 1},
    {"take", verb_take, 1},
    {"echo", verb_echo, 0},
    {"typed", verb_typed, 1},
    {"winlog", verb_winlog, 2},
    {"header", verb_header, 0},
    {"alternate", verb_alternate, 1},
    {"lines", verb_lines, 2},
    {"burst", verb_burst, 2},
    {"raw", verb_raw, 1},
    {"orphans", verb_orphans, 2},
    {"reuse", verb_reuse, 4},
};

int main(int argc, char **argv)
{
    /* A wrapper that knows its client may put an option and its value before the client's own
     * words. */
    for (; argc > 2 && strncmp(argv[1], "--", 2) == 0; argc -= 2)
        argv += 2;
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(argv[1], verbs[i].name) == 0 && argc - 2 >= verbs[i].arguments)
            return verbs[i].run(argc - 2, argv + 2);
    fprintf(stderr, "probe: wrong use\n");
    return WRONG_USE;
}
