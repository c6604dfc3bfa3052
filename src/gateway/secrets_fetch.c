#include "gateway/secrets.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "core/client/environment.h"
#include "gateway/exchange.h"
#include "gateway/gateway.h"
#include "gateway/secrets_parts.h"
#include "system/clock.h"
#include "system/descriptor.h"
#include "system/files.h"
#include "system/keys/keysource.h"
#include "system/keys/passphrase.h"
#include "system/keys/refresh.h"
#include "system/log.h"
#include "system/process/gateway_program.h"
#include "system/process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A token command that is running, or the tcr-run that renews a login. */
struct fetch {
    struct gateway *gateway;
    struct roster *roster; /* holds a reference */
    struct candidate *candidate;
    bool is_login;
    pid_t pid;
    struct watch output;
    struct timer limit;
    char *bytes; /* guarded memory */
    size_t length;
    struct fetch *next;
};

struct key_secret *secrets_of(const struct roster *roster, const struct candidate *candidate)
{
    return &roster->secrets[candidate - roster->rotation.candidates];
}

static void wake_choosers(struct gateway *gateway)
{
    for (struct exchange *exchange = gateway->all; exchange; exchange = exchange->next)
        if (exchange->state == CHOOSING)
            exchange_mark(exchange);
}

/* Reports this once until the secret is there again: it is fetched every minute. */
static void say_lacking(const struct fetch *fetch, const char *why)
{
    struct key_secret *secret = secrets_of(fetch->roster, fetch->candidate);
    if (secret->said)
        return;
    secret->said = true;
    struct event event = {.kind = EVENT_WARNING, .key = fetch->candidate->key->name, .text = why};
    log_say("key \"%s\": %s", fetch->candidate->key->name, why);
    news_event(&fetch->gateway->news, &event);
}

static void unlink_fetch(struct fetch *fetch)
{
    struct fetch **at = &fetch->gateway->fetches;
    while (*at != fetch)
        at = &(*at)->next;
    *at = fetch->next;
}

/* Takes the first line: password managers keep notes below it. */
static const char *take_output(struct fetch *fetch, struct buffer *error)
{
    const char *end = memchr(fetch->bytes, '\n', fetch->length);
    size_t length = end ? (size_t)(end - fetch->bytes) : fetch->length;
    if (keyring_set_token(&fetch->roster->keyring, fetch->candidate->key, fetch->bytes, length,
                          error) < 0)
        return error->length > 0 ? buffer_text(error) : "out of memory";
    return NULL;
}

/* Also after a failure: then the key file says when to ask again. */
static const char *take_login(struct fetch *fetch, const char *why, struct buffer *error)
{
    int r =
        refresh_read(fetch->roster->origin, &fetch->roster->keyring, fetch->candidate->key, error);
    if (!why && r < 0)
        return error->length > 0 ? buffer_text(error) : strerror(-r);
    return why;
}

/* If `why` is NULL, the output is whole and the command has ended well. */
static void end_fetch(struct fetch *fetch, const char *why)
{
    struct gateway *gateway = fetch->gateway;
    struct key_secret *secret = secrets_of(fetch->roster, fetch->candidate);
    struct buffer error = {0};
    if (fetch->is_login)
        why = take_login(fetch, why, &error);
    else if (!why)
        why = take_output(fetch, &error);
    secret->comes = secret->refused = false;
    secret->looked_at = 0;
    secret->failed_at = why ? clock_now_ms() : 0;
    secret->said = why && secret->said;
    if (why && *why)
        say_lacking(fetch, why);
    buffer_finish(&error);
    if (fetch->output.fd >= 0) {
        loop_remove(&gateway->loop, &fetch->output);
        (void)close(fetch->output.fd);
    }
    timer_stop(&gateway->timers, &fetch->limit);
    unlink_fetch(fetch);
    secret_free(fetch->bytes);
    roster_release(fetch->roster);
    free(fetch);
    wake_choosers(gateway);
}

static void kill_fetch(struct fetch *fetch)
{
    (void)kill(fetch->pid, SIGKILL);
    while (spawn_wait(fetch->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static void took_too_long(void *context)
{
    struct fetch *fetch = context;
    kill_fetch(fetch);
    end_fetch(fetch, fetch->is_login ? "its login was not renewed in time"
                                     : "its token_command did not end in time");
}

static void read_output(void *context, uint32_t events)
{
    struct fetch *fetch = context;
    (void)events;
    ssize_t n = read(fetch->output.fd, fetch->bytes + fetch->length,
                     KEYSOURCE_TOKEN_LARGEST - fetch->length);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    fetch->length += n > 0 ? (size_t)n : 0;
    if (n > 0 && fetch->length < KEYSOURCE_TOKEN_LARGEST)
        return;
    /* The pipe has ended. Only the end of the command is missing, which a signal reports. */
    loop_remove(&fetch->gateway->loop, &fetch->output);
    (void)close(fetch->output.fd);
    fetch->output.fd = -1;
    secrets_reap(fetch->gateway);
}

void secrets_reap(struct gateway *gateway)
{
    for (struct fetch *fetch = gateway->fetches, *next; fetch; fetch = next) {
        int status;
        next = fetch->next;
        if (fetch->output.fd >= 0 || spawn_wait(fetch->pid, &status, WNOHANG) != fetch->pid)
            continue;
        bool fine = WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
                    fetch->length < KEYSOURCE_TOKEN_LARGEST;
        end_fetch(fetch, fine              ? NULL
                         : fetch->is_login ? "its login could not be renewed; tcr-run keys refresh "
                                             "tells why"
                                           : "its token_command failed");
    }
}

static int start_program(struct fetch *fetch, char *const *argv, int input, int output)
{
    struct environment_plan plan = {0};
    struct environment built;
    bool exec_failed;
    CLEANUP_CLOSE int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int r = environment_build(environ, &plan, &built);
    if (r < 0)
        return r;
    struct spawn_request request = {.argv = argv,
                                    /* our own program needs the environment that we were given */
                                    .environment = fetch->is_login ? environ : built.entries,
                                    .streams = {input >= 0 ? input : nothing, output, nothing}};
    r = spawn_start(&request, &fetch->pid, &exec_failed);
    environment_finish(&built);
    return r;
}

/* It reads what opens a sealed key file from its standard input. */
static int start_renewal(struct fetch *fetch, int output)
{
    const struct key *key = fetch->candidate->key;
    char known[32];
    CLEANUP_FREE char *program = launcher_program_find();
    CLEANUP_CLOSE int seal = passphrase_hand_over();
    snprintf(known, sizeof known, "--known-end=%lld",
             (long long)secrets_end(fetch->roster, fetch->candidate));
    bool refused = secrets_of(fetch->roster, fetch->candidate)->refused;
    char quiet[] = "--quiet", sealed[] = "--seal-fd=0";
    char *argv[] = {program,
                    (char[]){"keys"},
                    (char[]){"refresh"},
                    quiet,
                    refused ? known : (char[]){"--if-due"},
                    (char[]){"--keys"},
                    fetch->roster->origin,
                    seal >= 0 ? sealed : quiet,
                    (char[]){"--"},
                    (char *)key->name,
                    NULL};
    return program ? start_program(fetch, argv, seal, output) : -ENOENT;
}

static int start_command(struct fetch *fetch, int output)
{
    return fetch->is_login
               ? start_renewal(fetch, output)
               : start_program(fetch, (char *const *)fetch->candidate->key->command, -1, output);
}

int secrets_fetch(struct gateway *gateway, struct roster *roster, struct candidate *candidate)
{
    int ends[2];
    struct fetch *fetch = calloc(1, sizeof *fetch);
    if (!fetch || descriptor_pipe(ends, 0) < 0) {
        free(fetch);
        return -ENOMEM;
    }
    *fetch = (struct fetch){.gateway = gateway,
                            .roster = roster,
                            .candidate = candidate,
                            .is_login = secrets_renews(candidate->key),
                            .output = {ends[0], POLLIN, read_output, fetch},
                            .limit = {.due = took_too_long, .context = fetch},
                            .bytes = secret_alloc(KEYSOURCE_TOKEN_LARGEST)};
    int r = fetch->bytes ? start_command(fetch, ends[1]) : -ENOMEM;
    (void)close(ends[1]);
    if (r == 0)
        r = loop_add(&gateway->loop, &fetch->output);
    if (r < 0) {
        say_lacking(fetch, strerror(-r));
        if (fetch->pid > 0)
            kill_fetch(fetch);
        (void)close(ends[0]);
        secret_free(fetch->bytes);
        free(fetch);
        return r;
    }
    (void)roster_keep(roster);
    fetch->next = gateway->fetches;
    gateway->fetches = fetch;
    timer_set(&gateway->timers, &fetch->limit,
              clock_now_ms() + KEYSOURCE_COMMAND_SECONDS * (int64_t)1000);
    return 0;
}

void secrets_stop(struct gateway *gateway)
{
    while (gateway->fetches) {
        kill_fetch(gateway->fetches);
        end_fetch(gateway->fetches, ""); /* nobody waits for it */
    }
}
