#include "gateway/arguments.h"

#include "base/duration.h"
#include "base/secret.h"
#include "system/keys/passphrase.h"
#include "system/log.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAND_IN_LARGEST 4000

/* Claude Code gives a request without a head up after 180 s. */
#define SILENCE_SECONDS 150

enum argument {
    OPTION_PRIVATE = 256,
    OPTION_DETACHED,
    OPTION_LISTEN_FD,
    OPTION_LOCK_FD,
    OPTION_SEAL_FD,
    OPTION_TELL_FD,
    OPTION_LIFE_FD,
    OPTION_STAND_IN_FD,
    OPTION_FOLDER,
    OPTION_FIRST,
    OPTION_HOLD,
    OPTION_SILENCE,
    OPTION_KEYS,
    OPTION_PROFILE,
    OPTION_KEY,
    OPTION_KIND,
    OPTION_NO_MASTER,
    OPTION_MAX_PER_KEY,
    OPTION_COOLDOWN,
    OPTION_RETRY_ON,
    OPTION_RETRIES,
};

static const struct option long_options[] = {
    {"private", no_argument, NULL, OPTION_PRIVATE},
    {"detached", no_argument, NULL, OPTION_DETACHED},
    {"lock-fd", required_argument, NULL, OPTION_LOCK_FD},
    {"seal-fd", required_argument, NULL, OPTION_SEAL_FD},
    {"listen-fd", required_argument, NULL, OPTION_LISTEN_FD},
    {"tell-fd", required_argument, NULL, OPTION_TELL_FD},
    {"life-fd", required_argument, NULL, OPTION_LIFE_FD},
    {"stand-in-fd", required_argument, NULL, OPTION_STAND_IN_FD},
    {"folder", required_argument, NULL, OPTION_FOLDER},
    {"first", required_argument, NULL, OPTION_FIRST},
    {"hold", required_argument, NULL, OPTION_HOLD},
    {"silence", required_argument, NULL, OPTION_SILENCE},
    {"keys", required_argument, NULL, OPTION_KEYS},
    {"profile", required_argument, NULL, OPTION_PROFILE},
    {"key", required_argument, NULL, OPTION_KEY},
    {"kind", required_argument, NULL, OPTION_KIND},
    {"no-master", no_argument, NULL, OPTION_NO_MASTER},
    {"max-per-key", required_argument, NULL, OPTION_MAX_PER_KEY},
    {"cooldown", required_argument, NULL, OPTION_COOLDOWN},
    {"retry-on", required_argument, NULL, OPTION_RETRY_ON},
    {"retries", required_argument, NULL, OPTION_RETRIES},
    {NULL, 0, NULL, 0},
};

/* A descriptor that was handed over: from now on it is ours alone. */
static bool read_descriptor(const char *text, int *ret_fd)
{
    char *end;
    errno = 0;
    long fd = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end || fd < 3 || fd > 1 << 20 ||
        fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0) {
        log_say("gateway: expected an open descriptor, found \"%s\"", text);
        return false;
    }
    *ret_fd = (int)fd;
    return true;
}

static bool add_listener(const char *text, struct arguments *arguments)
{
    if (arguments->listener_count == ARGUMENTS_LISTENERS) {
        log_say("gateway: more than %d sockets to listen on", ARGUMENTS_LISTENERS);
        return false;
    }
    return read_descriptor(text, &arguments->listeners[arguments->listener_count++]);
}

/* To the end of the pipe, or of its first line. */
static bool read_stand_in(const char *text, struct arguments *arguments)
{
    int fd;
    size_t length = 0;
    if (!read_descriptor(text, &fd))
        return false;
    arguments->stand_in = secret_alloc(STAND_IN_LARGEST + 1);
    for (ssize_t n = 1;
         arguments->stand_in && n > 0 && length<STAND_IN_LARGEST; length += n> 0 ? (size_t)n : 0) {
        n = read(fd, arguments->stand_in + length, STAND_IN_LARGEST - length);
        if (n < 0 && errno == EINTR)
            n = 1, length--;
    }
    (void)close(fd);
    if (arguments->stand_in) {
        arguments->stand_in[length] = '\0';
        arguments->stand_in[strcspn(arguments->stand_in, "\r\n")] = '\0';
    }
    if (arguments->stand_in && *arguments->stand_in)
        return true;
    log_say("gateway: --stand-in-fd gives no stand-in");
    return false;
}

static bool read_kinds(const char *text, struct options *options)
{
    struct buffer error = {0};
    int r = asked_parse(text, &options->kinds, &error);
    if (r < 0)
        log_say("--kind: %s", buffer_text(&error));
    buffer_finish(&error);
    return r == 0;
}

static bool take_seal(const char *text)
{
    int fd, r;
    if (!read_descriptor(text, &fd))
        return false;
    if ((r = passphrase_take_over(fd)) == 0)
        return true;
    log_say("gateway: --seal-fd: %s", strerror(-r));
    return false;
}

static bool read_time(const char *name, const char *text, int64_t *ret_seconds)
{
    if (duration_parse(text, ret_seconds) == 0)
        return true;
    log_say("%s: expected a length of time such as 90s or 5m, found \"%s\"", name, text);
    return false;
}

static bool take(int option, char *value, struct arguments *arguments)
{
    struct options *options = &arguments->options;
    switch (option) {
    case OPTION_PRIVATE:
        arguments->is_private = true;
        return true;
    case OPTION_DETACHED:
        arguments->is_detached = true;
        return true;
    case OPTION_LOCK_FD:
        return read_descriptor(value, &arguments->lock_fd);
    case OPTION_LISTEN_FD:
        return add_listener(value, arguments);
    case OPTION_SEAL_FD:
        return take_seal(value);
    case OPTION_TELL_FD:
        return read_descriptor(value, &arguments->tell_fd);
    case OPTION_LIFE_FD:
        return read_descriptor(value, &arguments->life_fd);
    case OPTION_STAND_IN_FD:
        return read_stand_in(value, arguments);
    case OPTION_FIRST:
        arguments->first = value;
        return true;
    case OPTION_FOLDER:
        arguments->folder = value;
        return true;
    case OPTION_HOLD:
        return read_time("--hold", value, &arguments->hold_seconds);
    case OPTION_SILENCE:
        return read_time("--silence", value, &arguments->silence_seconds);
    case OPTION_KEYS:
        options->keys_file = value;
        return true;
    case OPTION_PROFILE:
        options->profile = value;
        return true;
    case OPTION_KEY:
        options->key = value;
        return true;
    case OPTION_KIND:
        return read_kinds(value, options);
    case OPTION_NO_MASTER:
        options->no_master = true;
        return true;
    case OPTION_MAX_PER_KEY:
        options->max_per_key = value;
        return true;
    case OPTION_COOLDOWN:
        options->cooldown = value;
        return true;
    case OPTION_RETRY_ON:
        options->retry_on = value;
        return true;
    case OPTION_RETRIES:
        options->retries = value;
        return true;
    default:
        log_say("gateway: an option that it does not know; tcr-run and tcr-gateway are of "
                "different versions");
        return false;
    }
}

bool arguments_read(int argc, char **argv, struct arguments *ret_arguments)
{
    *ret_arguments = (struct arguments){
        .tell_fd = -1, .life_fd = -1, .lock_fd = -1, .silence_seconds = SILENCE_SECONDS};
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;)
        if (!take(option, optarg, ret_arguments))
            return false;
    if (optind < argc || ret_arguments->listener_count == 0) {
        log_say("tcr-gateway is started by tcr-run: tcr-run gateway, or tcr-run --gateway");
        return false;
    }
    return true;
}

void arguments_finish(struct arguments *arguments)
{
    secret_free(arguments->stand_in);
    arguments->stand_in = NULL;
}
