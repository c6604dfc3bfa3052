#include "commands/gateway/start.h"

#include "base/cleanup.h"
#include "base/duration.h"
#include "base/getopts.h"
#include "base/secret.h"
#include "commands/gateway/gateway.h"
#include "core/pool/keyfile.h"
#include "system/keys/keychange.h"
#include "system/keys/keysource.h"
#include "system/log.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

static void add(struct start *start, const char *word)
{
    if (start->word_count < START_WORDS)
        start->words[start->word_count++] = (char *)(uintptr_t)word;
}

void start_add_option(struct start *start, const char *name, const char *value)
{
    add(start, name);
    if (value)
        add(start, value);
}

static int add_address(struct start *start, const char *text, struct buffer *error)
{
    if (start->address_count == START_ADDRESSES) {
        buffer_append_format(error, "given more than %d times", START_ADDRESSES);
        return -EINVAL;
    }
    return listen_parse(text, &start->at[start->address_count++], error);
}

static int check_time(struct start *start, const char *value, struct buffer *error)
{
    int64_t seconds;
    (void)start;
    if (duration_parse(value, &seconds) == 0)
        return 0;
    buffer_append_format(error, "expected a length of time such as 90s or 5m, found \"%s\"", value);
    return -EINVAL;
}

#define FLAG(member)  offsetof(struct start, member), STORE_FLAG, NULL
#define TEXT(member)  offsetof(struct start, member), STORE_TEXT, NULL
#define CHECK(check_) 0, STORE_NOTHING, check_
#define NONE          0, STORE_NOTHING, NULL

/* Options that only the gateway's program understands are passed on, and checked there. */
static const struct start_option {
    struct getopts_form form;
    const char *passed; /* NULL: not passed on */
    size_t member;      /* in struct start */
    enum { STORE_NOTHING, STORE_FLAG, STORE_TEXT } store;
    int (*check)(struct start *start, const char *value, struct buffer *error);
} options[] = {
    {{"detach", 'd', NULL}, NULL, FLAG(detaches)},
    {{"dry-run", 'n', NULL}, NULL, FLAG(shows_only)},
    {{"launchd", 0, NULL}, NULL, FLAG(for_launchd)},
    {{"listen", 0, "ADDR"}, NULL, CHECK(add_address)},
    {{"hold", 0, "TIME"}, "--hold", CHECK(check_time)},
    {{"keep", 0, "TIME"}, "--keep", CHECK(check_time)},
    {{"tls-cert", 0, "FILE"}, "--tls-cert", TEXT(tls_cert)},
    {{"tls-key", 0, "FILE"}, "--tls-key", TEXT(tls_key)},
    {{"behind-proxy", 0, NULL}, "--behind-proxy", FLAG(behind_proxy)},
    {{"profile", 'p', "NAME"}, "--profile", TEXT(profile)},
    {{"keys", 'f', "FILE"}, "--keys", TEXT(keys)},
    {{"key", 'k', "NAME"}, "--key", NONE},
    {{"kind", 0, "KINDS"}, "--kind", NONE},
    {{"no-master", 0, NULL}, "--no-master", NONE},
    {{"model-fallback", 0, "RULES"}, "--model-fallback", NONE},
    {{"no-model-fallback", 0, NULL}, "--no-model-fallback", NONE},
    {{"max-per-key", 0, "N"}, "--max-per-key", NONE},
    {{"cooldown", 0, "SPEC"}, "--cooldown", NONE},
    {{"retry-on", 0, "CLASSES"}, "--retry-on", NONE},
    {{"retries", 0, "N"}, "--retries", NONE},
};

static struct getopts_form form_of(void *context, size_t index)
{
    (void)context;
    return options[index].form;
}

static int take(void *context, size_t index, const char *value, struct buffer *error)
{
    const struct start_option *option = &options[index];
    void *member = (char *)context + option->member;
    if (option->passed)
        start_add_option(context, option->passed, value);
    if (option->store == STORE_FLAG)
        *(bool *)member = true;
    else if (option->store == STORE_TEXT)
        *(const char **)member = value;
    return option->check ? option->check(context, value, error) : 0;
}

bool start_takes_file(const char *name)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (options[i].passed && strcmp(options[i].passed, name) == 0)
            return options[i].form.argument && strcmp(options[i].form.argument, "FILE") == 0;
    return false;
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

/* An address that other machines can reach needs more. */
static bool check_reach(const struct start *start)
{
    bool is_safe = start->behind_proxy || (start->tls_cert && start->tls_key);
    if (!start->tls_cert != !start->tls_key) {
        log_say("gateway: --tls-cert and --tls-key go together");
        return false;
    }
    for (size_t i = 0; i < start->address_count && !is_safe; i++) {
        if (!listen_is_reached(&start->at[i]))
            continue;
        log_say("gateway: %s can be reached from other machines; that takes users: tcr-run gateway "
                "users add NAME; and TLS: --tls-cert FILE --tls-key FILE, or --behind-proxy if a "
                "proxy in front of it speaks TLS",
                start->at[i].text);
        return false;
    }
    return true;
}

bool start_parse(struct start *start, int argc, char **argv)
{
    struct buffer error = {0};
    int r = read_words(start, argc, argv, &error);
    if (r < 0)
        log_say("gateway: %s", buffer_text(&error));
    buffer_finish(&error);
    return r == 0 && check_reach(start);
}

bool start_find_port(struct start *start)
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
    if (r < 0 && r != -ENOENT)
        log_say("%s: %s", path, error.length > 0 ? buffer_text(&error) : strerror(-r));
    buffer_finish(&error);
    return r == 0 || r == -ENOENT;
}

bool start_may_lack(const struct start *start, size_t i, int r)
{
    return i > 0 && !start->asked && (r == -EADDRNOTAVAIL || r == -EAFNOSUPPORT);
}

void start_append_address(const struct start *start, const struct listen_address *address,
                          struct buffer *text)
{
    bool speaks_tls = listen_is_reached(address) && !start->behind_proxy;
    buffer_append_format(text, "%s%s",
                         address->address.ss_family == AF_UNIX ? "unix:"
                         : speaks_tls                          ? "https://"
                                                               : "http://",
                         address->text);
}

void start_say_taken(const struct listen_address *address, int r)
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

bool start_add_usual_addresses(struct start *start)
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
