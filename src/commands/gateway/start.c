#include "base/cleanup.h"
#include "base/duration.h"
#include "base/getopts.h"
#include "base/path.h"
#include "base/secret.h"
#include "commands/command.h"
#include "commands/gateway/gateway.h"
#include "core/gateway/contract.h"
#include "core/pool/keyfile.h"
#include "system/files.h"
#include "system/keys/keychange.h"
#include "system/keys/keysource.h"
#include "system/keys/passphrase.h"
#include "system/log.h"
#include "system/net/listen.h"
#include "system/process/gateway_program.h"
#include "system/process/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define LISTENERS_MOST 8
#define WORDS_MOST     64
#define NUMBER         16

struct start {
    bool detaches;
    const char *profile, *keys;
    struct listen_address at[LISTENERS_MOST];
    size_t address_count;
    bool asked; /* for these addresses */
    int port;   /* where nobody asked for one: the profile's, or the usual one */
    int fds[LISTENERS_MOST];
    size_t count; /* of sockets that listen */
    int lock, tell, stand_in, seal;
    char *program;
    /* Its arguments. */
    char *words[WORDS_MOST + 1];
    size_t word_count;
    char numbers[LISTENERS_MOST + 5][NUMBER];
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

static int set_detached(struct start *start, const char *value, struct buffer *error)
{
    (void)value, (void)error;
    start->detaches = true;
    return 0;
}

static int add_address(struct start *start, const char *text, struct buffer *error)
{
    if (start->address_count == LISTENERS_MOST) {
        buffer_append_format(error, "given more than %d times", LISTENERS_MOST);
        return -EINVAL;
    }
    return listen_parse(text, &start->at[start->address_count++], error);
}

static int check_hold(struct start *start, const char *value, struct buffer *error)
{
    int64_t seconds;
    (void)start;
    if (duration_parse(value, &seconds) == 0)
        return 0;
    buffer_append_format(error, "expected a length of time such as 90s or 5m, found \"%s\"", value);
    return -EINVAL;
}

static int set_profile(struct start *start, const char *value, struct buffer *error)
{
    (void)error;
    start->profile = value;
    return 0;
}

static int set_keys(struct start *start, const char *value, struct buffer *error)
{
    (void)error;
    start->keys = value;
    return 0;
}

/* What is the program's own affair is passed on, and judged there. */
static const struct start_option {
    struct getopts_form form;
    const char *passed; /* NULL: not */
    int (*take)(struct start *start, const char *value, struct buffer *error);
} options[] = {
    {{"detach", 'd', NULL}, NULL, set_detached},
    {{"listen", 0, "ADDR"}, NULL, add_address},
    {{"hold", 0, "TIME"}, "--hold", check_hold},
    {{"profile", 'p', "NAME"}, "--profile", set_profile},
    {{"keys", 'f', "FILE"}, "--keys", set_keys},
    {{"key", 'k', "NAME"}, "--key", NULL},
    {{"kind", 0, "KINDS"}, "--kind", NULL},
    {{"no-master", 0, NULL}, "--no-master", NULL},
    {{"model-fallback", 0, "RULES"}, "--model-fallback", NULL},
    {{"no-model-fallback", 0, NULL}, "--no-model-fallback", NULL},
    {{"max-per-key", 0, "N"}, "--max-per-key", NULL},
    {{"cooldown", 0, "SPEC"}, "--cooldown", NULL},
    {{"retry-on", 0, "CLASSES"}, "--retry-on", NULL},
    {{"retries", 0, "N"}, "--retries", NULL},
};

static struct getopts_form form_of(void *context, size_t index)
{
    (void)context;
    return options[index].form;
}

static int take(void *context, size_t index, const char *value, struct buffer *error)
{
    const struct start_option *option = &options[index];
    if (option->passed)
        add_option(context, option->passed, value);
    return option->take ? option->take(context, value, error) : 0;
}

/* 0, or a negative errno with a sentence in `error`. */
static int read_words(struct start *start, int argc, char **argv, struct buffer *error)
{
    const struct getopts getopts = {.count = sizeof options / sizeof options[0],
                                    .form = form_of,
                                    .option = take,
                                    .context = start,
                                    .help = "tcr-run gateway --help lists them"};
    int rest = getopts_parse(&getopts, argc, argv, error);
    if (rest < 0)
        return rest;
    if (rest < argc) {
        buffer_append_format(error, "unexpected word \"%s\"", argv[rest]);
        return -EINVAL;
    }
    start->asked = start->address_count > 0;
    return 0;
}

static bool parse(struct start *start, int argc, char **argv)
{
    struct buffer error = {0};
    int r = read_words(start, argc, argv, &error);
    if (r < 0)
        log_say("gateway: %s", buffer_text(&error));
    buffer_finish(&error);
    return r == 0;
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
        buffer_append_text(&text, "; --listen PORT takes another one, and so does \"port\" of a "
                                  "profile in the key file");
    }
    log_say("%s", buffer_text(&text));
    buffer_finish(&text);
}

/* Loopback in both of its forms: some programs look for one of them alone. */
static bool add_usual_addresses(struct start *start)
{
    struct buffer error = {0};
    char text[64];
    int r = 0;
    for (size_t i = 0; i < 2 && r == 0; i++) {
        snprintf(text, sizeof text, "%s:%d", i == 0 ? "127.0.0.1" : "[::1]", start->port);
        r = add_address(start, text, &error);
    }
    buffer_finish(&error);
    return r == 0;
}

static bool open_all(struct start *start)
{
    if (!start->asked && !add_usual_addresses(start))
        return false;
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

/* A person is asked here, where there is a terminal. The keys are read by the program itself; only
 * the port is looked for here, so that it is bound before anything else is begun. */
static bool open_seal(struct start *start)
{
    struct buffer error = {0};
    CLEANUP_FREE char *path = keysource_path(start->keys, environ);
    char *bytes = NULL;
    size_t length;
    int r = path ? keychange_read(path, NULL, &error, &bytes, &length) : 0;
    start->port =
        r == 0 && path && start->profile ? keyfile_gateway_port(bytes, length, start->profile) : 0;
    if (start->port == 0)
        start->port = atoi(GATEWAY_PORT_DEFAULT);
    secret_free(bytes);
    int seal = passphrase_hand_over();
    if (r < 0 && error.length > 0)
        log_say("%s: %s", path, buffer_text(&error));
    buffer_finish(&error);
    if (r < 0 && r != -ENOENT)
        return false;
    if (seal >= 0)
        add_descriptor(start, "--seal-fd", start->seal = seal);
    return true;
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
    struct start start = {.lock = -1, .tell = -1, .stand_in = -1, .seal = -1, .word_count = 1};
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
