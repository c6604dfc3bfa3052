/*
 * launch: start a command from a known state.
 *
 * A runner may itself have been started with signals ignored, masked or
 * descriptors missing (nohup, cron, a background job), and Python changes more
 * of them. Everything is therefore set to its default here first, then to what
 * the test asks for, and the command replaces this process, so that the pid
 * the runner started is the wrapper's own.
 *
 *   launch [options] -- COMMAND [ARG...]
 *     -i LIST     ignore these signals            -b LIST  block these signals
 *     -c LIST     close these descriptors         -e FILE  environment: entries ending in NUL,
 * verbatim -k MS:CODE  leave a child behind that exits after MS with CODE -l          set
 * LISTEN_PID to the own pid   -p N     append N bytes of arguments -s N        stack limit in bytes
 * -C       core dumps allowed -u N        become nobody, with at most N processes
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

enum { NOBODY = 65534, PAD_PIECE = 100000 };

static void die(const char *what)
{
    fprintf(stderr, "launch: %s: %s\n", what, strerror(errno));
    _exit(125);
}

static void each_number(char *list, void (*use)(int))
{
    for (char *word = strtok(list, ","); word; word = strtok(NULL, ","))
        use(atoi(word));
}

static void ignore_signal(int number)
{
    signal(number, SIG_IGN);
}

static void block_signal(int number)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static void close_descriptor(int number)
{
    close(number);
}

static void reset_signals(void)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void leave_child(const char *spec)
{
    int milliseconds, code;

    if (sscanf(spec, "%d:%d", &milliseconds, &code) != 2)
        die(spec);
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid > 0)
        return;
    /* A child that kept the streams would be a descendant holding them: another test. */
    for (int fd = 0; fd < 64; fd++)
        close(fd);
    usleep((useconds_t)milliseconds * 1000);
    _exit(code);
}

static char *read_file(const char *path, size_t *ret_size)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &about) < 0)
        die(path);
    char *text = calloc(1, (size_t)about.st_size + 1);
    if (!text || read(fd, text, (size_t)about.st_size) != about.st_size)
        die(path);
    close(fd);
    *ret_size = (size_t)about.st_size;
    return text;
}

static char **load_environment(const char *path)
{
    size_t size, count = 0;
    char *text = read_file(path, &size);

    for (size_t i = 0; i < size; i++)
        count += text[i] == '\0';
    char **entries = calloc(count + 1, sizeof *entries);
    if (!entries)
        die("environment");
    char *entry = text;
    for (size_t i = 0; i < count; i++) {
        entries[i] = entry;
        entry += strlen(entry) + 1;
    }
    return entries;
}

static void set_limit(int what, rlim_t value)
{
    struct rlimit limit;

    getrlimit(what, &limit);
    limit.rlim_cur = value;
    if (limit.rlim_max < value)
        limit.rlim_max = value;
    if (setrlimit(what, &limit) < 0)
        die("setrlimit");
}

static void become_nobody(int processes)
{
    set_limit(RLIMIT_NPROC, (rlim_t)processes);
    if (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
        die("setuid");
}

static char **padded(char **argv, int argc, long bytes)
{
    long pieces = bytes / PAD_PIECE + 1;
    char **longer = calloc((size_t)argc + (size_t)pieces + 1, sizeof *longer);

    if (!longer)
        die("arguments");
    memcpy(longer, argv, (size_t)argc * sizeof *longer);
    while (bytes > 1) {
        long length = (bytes < PAD_PIECE ? bytes : PAD_PIECE) - 1;
        char *piece = malloc((size_t)length + 1);
        if (!piece)
            die("arguments");
        memset(piece, 'p', (size_t)length);
        piece[length] = '\0';
        longer[argc++] = piece;
        bytes -= length + 1;
    }
    return longer;
}

int main(int argc, char **argv)
{
    char *ignored = NULL, *blocked = NULL, *closed = NULL, *child = NULL;
    int option, listening = 0, processes = 0;
    long padding = 0;

    reset_signals();
    while ((option = getopt(argc, argv, "+i:b:c:e:k:lp:s:Cu:")) != -1) {
        switch (option) {
        case 'i':
            ignored = optarg;
            break;
        case 'b':
            blocked = optarg;
            break;
        case 'c':
            closed = optarg;
            break;
        case 'e':
            environ = load_environment(optarg);
            break;
        case 'k':
            child = optarg;
            break;
        case 'l':
            listening = 1;
            break;
        case 'p':
            padding = atol(optarg);
            break;
        case 's':
            set_limit(RLIMIT_STACK, (rlim_t)atol(optarg));
            break;
        case 'C':
            set_limit(RLIMIT_CORE, RLIM_INFINITY);
            break;
        case 'u':
            processes = atoi(optarg);
            break;
        default:
            return 125;
        }
    }
    argv += optind;
    argc -= optind;
    if (argc < 1)
        return 125;
    if (child)
        leave_child(child);
    if (listening) {
        char text[16];
        snprintf(text, sizeof text, "%d", (int)getpid());
        setenv("LISTEN_PID", text, 1);
    }
    if (padding)
        argv = padded(argv, argc, padding);
    if (processes)
        become_nobody(processes);
    if (ignored)
        each_number(ignored, ignore_signal);
    if (blocked)
        each_number(blocked, block_signal);
    if (closed)
        each_number(closed, close_descriptor);
    execvp(argv[0], argv);
    return errno == ENOENT ? 127 : 126;
}
