#include "base/cleanup.h"
#include "base/duration.h"
#include "base/path.h"
#include "base/secret.h"
#include "commands/command.h"
#include "commands/gateway/gateway.h"
#include "gateway/contract.h"
#include "system/files.h"
#include "system/log.h"
#include "system/net/listen.h"
#include "system/process/gateway_program.h"
#include "system/process/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LISTENERS_MOST 8
#define WORDS_MOST     64
#define NUMBER         16

struct start {
    bool detaches;
    const char *profile, *keys;
    struct listen_address at[LISTENERS_MOST];
    size_t address_count;
    bool asked; /* for these addresses */
    int fds[LISTENERS_MOST];
    size_t count; /* of sockets that listen */
    int lock, tell, stand_in;
    char *program;
    /* Its arguments. */
    char *words[WORDS_MOST + 1];
    size_t word_count;
    char numbers[LISTENERS_MOST + 4][NUMBER];
    size_t number_count;
};

static void add(struct start *start, const char *word)
{
    if (start->word_count < WORDS_MOST)
        start->words[start->word_count++] = (char *)(uintptr_t)word;
}

static void add_option(struct start *start, const char *name, const char *value)
{
    add(start, name);
    if (value)
        add(start, value);
}

static void add_descriptor(struct start *start, const char *name, int fd)
{
    char *number = start->numbers[start->number_count++];
    snprintf(number, NUMBER, "%d", fd);
    add_option(start, name, number);
}

/* ---- the command line ---- */

static const struct option options[] = {
    {"detach", no_argument, NULL, 'd'},         {"listen", required_argument, NULL, 'l'},
    {"profile", required_argument, NULL, 'p'},  {"keys", required_argument, NULL, 'f'},
    {"hold", required_argument, NULL, 'h'},     {"key", required_argument, NULL, 'k'},
    {"no-master", no_argument, NULL, 'n'},      {"max-per-key", required_argument, NULL, 'm'},
    {"cooldown", required_argument, NULL, 'c'}, {"retry-on", required_argument, NULL, 'r'},
    {"retries", required_argument, NULL, 't'},  {NULL, 0, NULL, 0},
};

static bool check_hold(const char *text)
{
    int64_t seconds;
    if (duration_parse(text, &seconds) == 0)
        return true;
    log_say("--hold: expected a length of time such as 90s or 5m, found \"%s\"", text);
    return false;
}

static bool add_address(struct start *start, const char *text)
{
    struct buffer error = {0};
    if (start->address_count == LISTENERS_MOST) {
        log_say("gateway: more than %d times --listen", LISTENERS_MOST);
        return false;
    }
    int r = listen_parse(text, &start->at[start->address_count], &error);
    if (r < 0)
        log_say("--listen: %s", buffer_text(&error));
    buffer_finish(&error);
    start->address_count++;
    return r == 0;
}

/* What is the program's own affair is passed on, and judged there. */
static bool take(struct start *start, int option, const char *value)
{
    switch (option) {
    case 'd':
        start->detaches = true;
        return true;
    case 'l':
        return add_address(start, value);
    case 'h':
        add_option(start, "--hold", value);
        return check_hold(value);
    case 'p':
        start->profile = value;
        add_option(start, "--profile", value);
        return true;
    case 'f':
        start->keys = value;
        add_option(start, "--keys", value);
        return true;
    case 'n':
        add_option(start, "--no-master", NULL);
        return true;
    case 'k':
        add_option(start, "--key", value);
        return true;
    case 'm':
        add_option(start, "--max-per-key", value);
        return true;
    case 'c':
        add_option(start, "--cooldown", value);
        return true;
    case 'r':
        add_option(start, "--retry-on", value);
        return true;
    case 't':
        add_option(start, "--retries", value);
        return true;
    default:
        return false;
    }
}

static bool parse(struct start *start, int argc, char **argv)
{
    opterr = 0;
    optind = 0;
    for (int option; (option = getopt_long(argc, argv, ":df:p:", options, NULL)) != -1;) {
        if (option == ':')
            log_say("gateway: %s needs a value", argv[optind - 1]);
        else if (option == '?')
            log_say("gateway: unknown option %s", argv[optind - 1]);
        if (option == ':' || option == '?' || !take(start, option, optarg)) {
            if (option == ':' || option == '?')
                (void)gateway_say_usage("start");
            return false;
        }
    }
    start->asked = start->address_count > 0;
    if (optind == argc)
        return start->asked || (add_address(start, "127.0.0.1:" GATEWAY_PORT_DEFAULT) &&
                                add_address(start, "[::1]:" GATEWAY_PORT_DEFAULT));
    log_say("gateway: unexpected word \"%s\"", argv[optind]);
    (void)gateway_say_usage("start");
    return false;
}

/* ---- sockets ---- */

static void say_taken(const struct listen_address *address, int r)
{
    struct buffer text = {0};
    buffer_append_format(&text, "%s: %s", address->text, strerror(-r));
    if (r == -EADDRINUSE) {
        buffer_clear(&text);
        buffer_append_format(&text, "%s is taken", address->text);
        listen_append_holder(address, &text);
        buffer_append_text(&text, "; --listen PORT takes another one");
    }
    log_say("%s", buffer_text(&text));
    buffer_finish(&text);
}

static bool open_all(struct start *start)
{
    for (size_t i = 0; i < start->address_count; i++) {
        int fd = listen_open(&start->at[i]);
        /* Of the addresses nobody asked for, a machine may have the first one only. */
        if (i > 0 && !start->asked && (fd == -EADDRNOTAVAIL || fd == -EAFNOSUPPORT))
            continue;
        if (fd < 0) {
            say_taken(&start->at[i], fd);
            return false;
        }
        start->at[start->count] = start->at[i];
        start->fds[start->count++] = fd;
    }
    return true;
}

static void append_addresses(const struct start *start, struct buffer *text)
{
    for (size_t i = 0; i < start->count; i++)
        buffer_append_format(text, "%s%s\n",
                             start->at[i].address.ss_family == AF_UNIX ? "unix:" : "http://",
                             start->at[i].text);
}

/* ---- the program ---- */

static bool take_lock(struct start *start)
{
    CLEANUP_FREE char *path = gateway_pid_path(start->profile);
    struct pidfile file;
    if (!path)
        return false;
    start->lock = pidfile_take(path);
    if (start->lock >= 0)
        return true;
    if (start->lock == -EWOULDBLOCK && pidfile_read(path, &file) == 0) {
        log_say("a gateway runs already (pid %ld); tcr-run gateway stop ends it", (long)file.pid);
        pidfile_finish(&file);
    } else {
        log_say("%s: %s", path, strerror(-start->lock));
    }
    return false;
}

/* Through a pipe that holds all of it, so that it stands in no argument. */
static bool hand_stand_in(struct start *start)
{
    int ends[2];
    char *token = gateway_stand_in();
    if (!token || pipe2(ends, O_CLOEXEC) < 0) {
        secret_free(token);
        return false;
    }
    int r = files_write_all(ends[1], token, strlen(token));
    (void)close(ends[1]);
    secret_free(token);
    start->stand_in = ends[0];
    return r == 0;
}

static bool prepare(struct start *start)
{
    start->program = gateway_program_find();
    if (!start->program) {
        log_say("tcr-gateway is not installed beside this tcr-run; building it takes "
                "libmicrohttpd-dev and libcurl4-openssl-dev");
        return false;
    }
    start->words[0] = start->program;
    if (!take_lock(start) || !open_all(start) || !hand_stand_in(start))
        return false;
    for (size_t i = 0; i < start->count; i++)
        add_descriptor(start, "--listen-fd", start->fds[i]);
    add_descriptor(start, "--stand-in-fd", start->stand_in);
    add_descriptor(start, "--lock-fd", start->lock);
    return true;
}

static void let_through(int fd)
{
    (void)fcntl(fd, F_SETFD, 0);
}

/* Does not return. The process that the file names is this one. */
static void become(struct start *start)
{
    struct buffer text = {0};
    append_addresses(start, &text);
    int r = pidfile_write(start->lock, buffer_text(&text));
    buffer_finish(&text);
    for (size_t i = 0; i < start->count; i++)
        let_through(start->fds[i]);
    let_through(start->stand_in);
    let_through(start->lock);
    if (start->tell >= 0)
        let_through(start->tell);
    start->words[start->word_count] = NULL;
    if (r == 0) {
        (void)execv(start->program, start->words);
        r = -errno;
    }
    log_say("%s: %s", start->program, strerror(-r));
    _exit(EXIT_OWN_FAILURE);
}

/* In the background it has a session of its own and no terminal; what it says until it listens
 * still comes out here. */
static void detach(struct start *start, int read_end)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    (void)close(read_end);
    (void)setsid();
    if (nothing >= 0) {
        (void)dup2(nothing, STDIN_FILENO);
        (void)dup2(nothing, STDOUT_FILENO);
    }
    add_option(start, "--detached", NULL);
    become(start);
}

static int start_in_background(struct start *start)
{
    int ends[2], status;
    char line[sizeof GATEWAY_LISTENING + 1] = "";
    if (pipe2(ends, O_CLOEXEC) < 0) {
        log_say("gateway: %s", strerror(errno));
        return EXIT_OWN_FAILURE;
    }
    start->tell = ends[1];
    add_descriptor(start, "--tell-fd", start->tell);
    pid_t pid = fork();
    if (pid == 0)
        detach(start, ends[0]);
    (void)close(ends[1]);
    ssize_t n;
    while ((n = read(ends[0], line, sizeof line - 1)) < 0 && errno == EINTR)
        ;
    (void)close(ends[0]);
    if (pid > 0 && n > 0 && strncmp(line, GATEWAY_LISTENING, strlen(GATEWAY_LISTENING)) == 0)
        return 0;
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        log_say("gateway: it could not be started");
    else if (WIFEXITED(status) && WEXITSTATUS(status) > 0)
        return WEXITSTATUS(status); /* it said why */
    else
        log_say("gateway: it ended while it started");
    return EXIT_OWN_FAILURE;
}

int gateway_start(int argc, char **argv)
{
    struct start start = {.lock = -1, .tell = -1, .stand_in = -1, .word_count = 1};
    if (!parse(&start, argc, argv) || !prepare(&start)) {
        free(start.program);
        return EXIT_OWN_FAILURE;
    }
    if (!start.detaches)
        become(&start);
    int status = start_in_background(&start);
    free(start.program);
    return status;
}
