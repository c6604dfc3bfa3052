#include "commands/gateway/start.h"
#include "base/cleanup.h"
#include "base/path.h"
#include "base/secret.h"
#include "commands/command.h"
#include "commands/gateway/gateway.h"
#include "core/gateway/contract.h"
#include "system/descriptor.h"
#include "system/files.h"
#include "system/keys/passphrase.h"
#include "system/log.h"
#include "system/net/activation.h"
#include "system/process/gateway_program.h"
#include "system/process/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOCK_TRIES    50
#define LOCK_PAUSE_US 20000

static void add_descriptor(struct start *start, const char *name, int fd)
{
    char *number = start->numbers[start->number_count++];
    snprintf(number, START_NUMBER, "%d", fd);
    start_add_option(start, name, number);
}

/* ---- sockets ---- */

/* What systemd listens on replaces the usual addresses, as --listen does. */
static int take_activated(struct start *start, struct listen_address *at, int *fds)
{
    struct buffer error = {0};
    int count = activation_take(at, fds, START_ADDRESSES - (int)start->address_count, &error);
    if (count < 0)
        log_say("gateway: %s", buffer_text(&error));
    buffer_finish(&error);
    start->asked |= count > 0;
    return count;
}

/* Port 0 means any free port: the socket knows which one. */
static void name_any_port(struct listen_address *at, int fd)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)&at->address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&at->address;
    bool is_any = (at->address.ss_family == AF_INET && four->sin_port == 0) ||
                  (at->address.ss_family == AF_INET6 && six->sin6_port == 0);
    struct buffer error = {0};
    if (is_any)
        (void)listen_describe(fd, at, &error);
    buffer_finish(&error);
}

static bool open_all(struct start *start)
{
    struct listen_address activated[START_ADDRESSES];
    int fds[START_ADDRESSES], count = take_activated(start, activated, fds);
    if (count < 0 || (!start->asked && !start_add_usual_addresses(start)))
        return false;
    for (size_t i = 0; i < start->address_count; i++) {
        int fd = listen_open(&start->at[i]);
        if (start_may_lack(start, i, fd))
            continue;
        if (fd < 0) {
            start_say_taken(&start->at[i], fd);
            return false;
        }
        start->at[start->count] = start->at[i];
        name_any_port(&start->at[start->count], fd);
        start->fds[start->count++] = fd;
    }
    for (int i = 0; i < count; i++) {
        start->at[start->count] = activated[i];
        start->fds[start->count++] = fds[i];
    }
    return true;
}

static void append_addresses(const struct start *start, struct buffer *text)
{
    for (size_t i = 0; i < start->count; i++) {
        start_append_address(start, &start->at[i], text);
        buffer_append_text(text, "\n");
    }
}

/* For `status` and `doctor`, which may run in another folder. */
static void append_certificate(const struct start *start, struct buffer *text)
{
    CLEANUP_FREE char *folder = NULL;
    const char *path = start->tls_cert;
    if (!path || start->behind_proxy || strchr(path, '\n'))
        return;
    if (*path != '/')
        folder = getcwd(NULL, 0);
    buffer_append_format(text, PIDFILE_CERTIFICATE "%s%s%s\n", folder ? folder : "",
                         folder ? "/" : "", path);
}

/* ---- the program ---- */

static bool take_lock(struct start *start)
{
    CLEANUP_FREE char *path = gateway_pid_path(start->profile);
    struct pidfile file;
    if (!path)
        return false;
    for (int i = 0; i < LOCK_TRIES; i++, (void)usleep(LOCK_PAUSE_US)) {
        start->lock = pidfile_take(path);
        if (start->lock >= 0)
            return true;
        int r = start->lock == -EWOULDBLOCK ? gateway_find_running(start->profile, &file) : 0;
        if (start->lock != -EWOULDBLOCK || (r < 0 && r != -ESRCH))
            break;
        if (r < 0)
            continue; /* it has just ended, or another process looked whether one runs */
        log_say("a gateway runs already (pid %ld); tcr-run gateway stop ends it", (long)file.pid);
        pidfile_finish(&file);
        return false;
    }
    log_say("%s: %s", path, strerror(-start->lock));
    return false;
}

/* Handed over in a pipe that holds all of it, so that it is in no argument. */
static bool hand_stand_in(struct start *start)
{
    int ends[2];
    char *token = gateway_stand_in();
    if (!token || descriptor_pipe(ends, 0) < 0) {
        secret_free(token);
        return false;
    }
    int r = files_write_all(ends[1], token, strlen(token));
    (void)close(ends[1]);
    secret_free(token);
    start->stand_in = ends[0];
    return r == 0;
}

/* The passphrase is asked for here, where there is a terminal. The gateway's program reads the keys
 * itself. */
static bool open_seal(struct start *start)
{
    if (!start_find_port(start))
        return false;
    start->seal = passphrase_hand_over();
    if (start->seal >= 0)
        add_descriptor(start, "--seal-fd", start->seal);
    return true;
}

static bool prepare(struct start *start)
{
    start->program = gateway_program_find();
    if (!start->program) {
        log_say("tcr-gateway is not installed beside this tcr-run; building it takes "
                "libmicrohttpd-dev, libcurl4-openssl-dev and libsqlite3-dev");
        return false;
    }
    start->words[0] = start->program;
    if (!take_lock(start) || !open_seal(start) || !open_all(start) || !hand_stand_in(start))
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

/* Does not return. The pid file already names this process. */
static void become(struct start *start)
{
    struct buffer text = {0};
    append_addresses(start, &text);
    append_certificate(start, &text);
    int r = pidfile_write(start->lock, buffer_text(&text));
    buffer_finish(&text);
    for (size_t i = 0; i < start->count; i++)
        let_through(start->fds[i]);
    let_through(start->stand_in);
    let_through(start->lock);
    if (start->tell >= 0)
        let_through(start->tell);
    if (start->seal >= 0)
        let_through(start->seal);
    start->words[start->word_count] = NULL;
    if (r == 0) {
        (void)execv(start->program, start->words);
        r = -errno;
    }
    log_say("%s: %s", start->program, strerror(-r));
    _exit(EXIT_OWN_FAILURE);
}

/* In the background the gateway has a session of its own and no terminal. What it prints until it
 * listens still comes out here. */
static void detach(struct start *start, int read_end)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    (void)close(read_end);
    (void)setsid();
    if (nothing >= 0) {
        (void)dup2(nothing, STDIN_FILENO);
        (void)dup2(nothing, STDOUT_FILENO);
    }
    start_add_option(start, "--detached", NULL);
    become(start);
}

static int start_in_background(struct start *start)
{
    int ends[2], status;
    char line[sizeof GATEWAY_LISTENING + 1] = "";
    if (descriptor_pipe(ends, 0) < 0) {
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
        return WEXITSTATUS(status); /* the gateway has reported why */
    else
        log_say("gateway: it ended while it started");
    return EXIT_OWN_FAILURE;
}

int gateway_start(int argc, char **argv)
{
    struct start start = START_INIT;
    bool fine = start_parse(&start, argc, argv);
    bool is_for_install = start.shows_only || start.for_launchd;
    if (fine && is_for_install)
        log_say("gateway: --%s is of tcr-run gateway install",
                start.shows_only ? "dry-run" : "launchd");
    if (!fine || is_for_install || !prepare(&start)) {
        free(start.program);
        return EXIT_OWN_FAILURE;
    }
    if (!start.detaches)
        become(&start);
    int status = start_in_background(&start);
    free(start.program);
    return status;
}
