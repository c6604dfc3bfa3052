#include "gateway/arguments.h"

#include "base/duration.h"
#include "base/getopts.h"
#include "base/secret.h"
#include "system/keys/passphrase.h"
#include "system/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define STAND_IN_LARGEST 4000

/* Claude Code gives up a request that gets no head within 180 s. */
#define SILENCE_SECONDS 150
/* Of a stream that sends nothing any more, not even a ping. */
#define STALL_SECONDS 300

/* How long a change of an account may take. */
#define ERRAND_SECONDS 120

typedef int take_option(struct arguments *arguments, const char *value, struct buffer *error);

/* A descriptor that was handed over. From now on no child inherits it. */
static int read_descriptor(const char *text, int *ret_fd, struct buffer *error)
{
    char *end;
    errno = 0;
    long fd = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end || fd < 3 || fd > 1 << 20 ||
        fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0) {
        buffer_append_format(error, "expected an open descriptor, found \"%s\"", text);
        return -EINVAL;
    }
    *ret_fd = (int)fd;
    return 0;
}

static int add_listener(struct arguments *arguments, const char *value, struct buffer *error)
{
    if (arguments->listener_count == ARGUMENTS_LISTENERS) {
        buffer_append_format(error, "more than %d sockets to listen on", ARGUMENTS_LISTENERS);
        return -EINVAL;
    }
    return read_descriptor(value, &arguments->listeners[arguments->listener_count++], error);
}

static int set_lock(struct arguments *arguments, const char *value, struct buffer *error)
{
    return read_descriptor(value, &arguments->lock_fd, error);
}

static int set_tell(struct arguments *arguments, const char *value, struct buffer *error)
{
    return read_descriptor(value, &arguments->tell_fd, error);
}

static int set_life(struct arguments *arguments, const char *value, struct buffer *error)
{
    return read_descriptor(value, &arguments->life_fd, error);
}

/* Reads to the end of the pipe, or of its first line. */
static int read_stand_in(struct arguments *arguments, const char *value, struct buffer *error)
{
    int fd;
    size_t length = 0;
    if (read_descriptor(value, &fd, error) < 0)
        return -EINVAL;
    arguments->stand_in = secret_alloc(STAND_IN_LARGEST + 1);
    while (arguments->stand_in && length < STAND_IN_LARGEST) {
        ssize_t n = read(fd, arguments->stand_in + length, STAND_IN_LARGEST - length);
        if (n == 0 || (n < 0 && errno != EINTR))
            break;
        length += n > 0 ? (size_t)n : 0;
    }
    (void)close(fd);
    if (!arguments->stand_in)
        return -ENOMEM;
    arguments->stand_in[length] = '\0';
    arguments->stand_in[strcspn(arguments->stand_in, "\r\n")] = '\0';
    if (*arguments->stand_in)
        return 0;
    buffer_append_text(error, "it gives no stand-in");
    return -EINVAL;
}

static int take_seal(struct arguments *arguments, const char *value, struct buffer *error)
{
    int fd;
    (void)arguments;
    if (read_descriptor(value, &fd, error) < 0)
        return -EINVAL;
    int r = passphrase_take_over(fd);
    if (r < 0)
        buffer_append_text(error, strerror(-r));
    return r;
}

static int set_kind(struct arguments *arguments, const char *value, struct buffer *error)
{
    return asked_parse(value, &arguments->options.kinds, error);
}

static int read_time(const char *text, int64_t *ret_seconds, struct buffer *error)
{
    if (duration_parse(text, ret_seconds) == 0)
        return 0;
    buffer_append_format(error, "expected a length of time such as 90s or 5m, found \"%s\"", text);
    return -EINVAL;
}

static int set_hold(struct arguments *arguments, const char *value, struct buffer *error)
{
    return read_time(value, &arguments->hold_seconds, error);
}

static int set_keep(struct arguments *arguments, const char *value, struct buffer *error)
{
    return read_time(value, &arguments->keep_seconds, error);
}

static int set_silence(struct arguments *arguments, const char *value, struct buffer *error)
{
    return read_time(value, &arguments->silence_seconds, error);
}

static int set_stall(struct arguments *arguments, const char *value, struct buffer *error)
{
    return read_time(value, &arguments->stall_seconds, error);
}

static int set_errand(struct arguments *arguments, const char *value, struct buffer *error)
{
    return read_time(value, &arguments->errand_seconds, error);
}

#define TEXT(member) .text = offsetof(struct arguments, member)
#define FLAG(member) .flag = offsetof(struct arguments, member), .is_flag = true

/* Each row has a function, a text that is borrowed, or a flag. */
static const struct {
    const char *name;
    take_option *take;
    size_t text, flag;
    bool is_flag;
} rows[] = {
    {"private", FLAG(is_private)},
    {"detached", FLAG(is_detached)},
    {"lock-fd", .take = set_lock},
    {"seal-fd", .take = take_seal},
    {"listen-fd", .take = add_listener},
    {"tell-fd", .take = set_tell},
    {"life-fd", .take = set_life},
    {"stand-in-fd", .take = read_stand_in},
    {"folder", TEXT(folder)},
    {"first", TEXT(first)},
    {"hold", .take = set_hold},
    {"keep", .take = set_keep},
    {"tls-cert", TEXT(tls_cert)},
    {"tls-key", TEXT(tls_key)},
    {"behind-proxy", FLAG(behind_proxy)},
    {"silence", .take = set_silence},
    {"stall", .take = set_stall},
    {"errand", .take = set_errand},
    {"keys", TEXT(options.keys_file)},
    {"profile", TEXT(options.profile)},
    {"key", TEXT(options.key)},
    {"kind", .take = set_kind},
    {"no-master", FLAG(options.no_master)},
    {"model-fallback", TEXT(options.model_fallback)},
    {"no-model-fallback", FLAG(options.no_model_fallback)},
    {"max-per-key", TEXT(options.max_per_key)},
    {"cooldown", TEXT(options.cooldown)},
    {"retry-on", TEXT(options.retry_on)},
    {"retries", TEXT(options.retries)},
};

static struct getopts_form form_of(void *context, size_t index)
{
    (void)context;
    return (struct getopts_form){rows[index].name, 0, rows[index].is_flag ? NULL : "VALUE"};
}

static int take(void *context, size_t index, const char *value, struct buffer *error)
{
    char *arguments = context;
    if (rows[index].take)
        return rows[index].take(context, value, error);
    if (rows[index].is_flag)
        *(bool *)(arguments + rows[index].flag) = true;
    else
        *(const char **)(arguments + rows[index].text) = value;
    return 0;
}

bool arguments_read(int argc, char **argv, struct arguments *ret_arguments)
{
    struct buffer error = {0};
    const struct getopts getopts = {.count = COUNT(rows),
                                    .form = form_of,
                                    .option = take,
                                    .context = ret_arguments,
                                    .help = "tcr-run and tcr-gateway are of different versions"};
    *ret_arguments = (struct arguments){.tell_fd = -1,
                                        .life_fd = -1,
                                        .lock_fd = -1,
                                        .keep_seconds = -1,
                                        .silence_seconds = SILENCE_SECONDS,
                                        .stall_seconds = STALL_SECONDS,
                                        .errand_seconds = ERRAND_SECONDS};
    int words = getopts_parse(&getopts, argc, argv, &error);
    if (words < 0)
        log_say("gateway: %s", buffer_text(&error));
    else if (words < argc || ret_arguments->listener_count == 0)
        log_say("tcr-gateway is started by tcr-run: tcr-run gateway, or tcr-run --gateway");
    buffer_finish(&error);
    return words == argc && ret_arguments->listener_count > 0;
}

void arguments_finish(struct arguments *arguments)
{
    secret_free(arguments->stand_in);
    arguments->stand_in = NULL;
}
