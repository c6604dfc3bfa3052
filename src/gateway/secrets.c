#include "gateway/secrets.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "core/client/environment.h"
#include "gateway/exchange.h"
#include "gateway/gateway.h"
#include "system/clock.h"
#include "system/files.h"
#include "system/keys/keysource.h"
#include "system/keys/login.h"
#include "system/log.h"
#include "system/process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define AGAIN_MS (60 * (int64_t)1000) /* after a command or a login that gave nothing */
#define LOOK_MS  ((int64_t)2000)      /* between two looks at a login that is in use */

/* A token command under way. */
struct fetch {
    struct gateway *gateway;
    struct roster *roster; /* counted */
    struct candidate *candidate;
    pid_t pid;
    struct watch output;
    struct timer limit;
    char *bytes; /* guarded */
    size_t length;
    struct fetch *next;
};

static struct key_secret *secret_of(const struct roster *roster, const struct candidate *candidate)
{
    return &roster->secrets[candidate - roster->rotation.candidates];
}

/* ---- commands ---- */

static void wake_choosers(struct gateway *gateway)
{
    for (struct exchange *exchange = gateway->all; exchange; exchange = exchange->next)
        if (exchange->state == CHOOSING)
            exchange_mark(exchange);
}

static void say_lacking(const struct fetch *fetch, const char *why)
{
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

/* `why` NULL: the output is whole and the command has ended well. */
static void end_fetch(struct fetch *fetch, const char *why)
{
    struct gateway *gateway = fetch->gateway;
    struct key *key = fetch->candidate->key;
    struct key_secret *secret = secret_of(fetch->roster, fetch->candidate);
    struct buffer error = {0};
    if (!why) {
        /* The first line, as password managers keep notes below it. */
        const char *end = memchr(fetch->bytes, '\n', fetch->length);
        size_t length = end ? (size_t)(end - fetch->bytes) : fetch->length;
        if (keyring_set_token(&fetch->roster->keyring, key, fetch->bytes, length, &error) < 0)
            why = error.length > 0 ? buffer_text(&error) : "out of memory";
    }
    secret->comes = false;
    secret->failed_at = why ? clock_now_ms() : 0;
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
    while (waitpid(fetch->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static void took_too_long(void *context)
{
    struct fetch *fetch = context;
    kill_fetch(fetch);
    end_fetch(fetch, "its token_command did not end in time");
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
    /* At its end: what is left is the command's own end, of which a signal tells. */
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
        if (fetch->output.fd >= 0 || waitpid(fetch->pid, &status, WNOHANG) != fetch->pid)
            continue;
        bool fine = WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
                    fetch->length < KEYSOURCE_TOKEN_LARGEST;
        end_fetch(fetch, fine ? NULL : "its token_command failed");
    }
}

static int start_command(struct fetch *fetch, int output)
{
    struct environment_plan plan = {0};
    struct environment built;
    bool exec_failed;
    CLEANUP_CLOSE int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int r = environment_build(environ, &plan, &built);
    if (r < 0)
        return r;
    struct spawn_request request = {.argv = (char *const *)fetch->candidate->key->command,
                                    .environment = built.entries,
                                    .streams = {nothing, output, nothing}};
    r = spawn_start(&request, &fetch->pid, &exec_failed);
    environment_finish(&built);
    return r;
}

static int begin_fetch(struct gateway *gateway, struct roster *roster, struct candidate *candidate)
{
    int ends[2];
    struct fetch *fetch = calloc(1, sizeof *fetch);
    if (!fetch || pipe2(ends, O_CLOEXEC) < 0) {
        free(fetch);
        return -ENOMEM;
    }
    *fetch = (struct fetch){.gateway = gateway,
                            .roster = roster,
                            .candidate = candidate,
                            .output = {ends[0], EPOLLIN, read_output, fetch},
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

/* ---- logins ---- */

/* Claude Code renews it in place; an old token is of use until it ends. */
static void read_login(struct roster *roster, struct candidate *candidate)
{
    struct key *key = candidate->key;
    struct key_secret *secret = secret_of(roster, candidate);
    int64_t now = clock_now_ms();
    struct stat status;
    if (secret->looked_at && now - secret->looked_at < LOOK_MS)
        return;
    secret->looked_at = now;
    CLEANUP_FREE char *folder = files_expand(key->config_dir, NULL);
    CLEANUP_FREE char *path = folder ? files_expand(".credentials.json", folder) : NULL;
    bool seen = path && stat(path, &status) == 0;
    bool same = seen && key->token && status.st_mtim.tv_sec == secret->modified.tv_sec &&
                status.st_mtim.tv_nsec == secret->modified.tv_nsec;
    if (same && (secret->ends == 0 || secret->ends > time(NULL)))
        return;
    struct buffer error = {0};
    const char *token = NULL;
    if (login_read(&roster->keyring, key->config_dir, &error, &token, &secret->ends) < 0)
        token = NULL;
    buffer_finish(&error);
    key->token = token;
    secret->failed_at = token ? 0 : now;
    if (seen)
        secret->modified = status.st_mtim;
}

/* ---- both ---- */

bool secrets_may_have(const struct roster *roster, const struct candidate *candidate)
{
    const struct key *key = candidate->key;
    const struct key_secret *secret = secret_of(roster, candidate);
    if (key->token)
        return true;
    if (key->source != KEY_COMMAND && key->source != KEY_CONFIG_DIR)
        return false;
    int64_t pause = key->source == KEY_COMMAND ? AGAIN_MS : LOOK_MS;
    return secret->failed_at == 0 || clock_now_ms() - secret->failed_at >= pause;
}

enum secret_state secrets_want(struct gateway *gateway, struct roster *roster,
                               struct candidate *candidate)
{
    struct key *key = candidate->key;
    struct key_secret *secret = secret_of(roster, candidate);
    if (key->source == KEY_CONFIG_DIR)
        read_login(roster, candidate);
    if (key->token)
        return SECRET_THERE;
    if (key->source != KEY_COMMAND || !secrets_may_have(roster, candidate))
        return SECRET_LACKS;
    if (secret->comes)
        return SECRET_COMES;
    secret->comes = begin_fetch(gateway, roster, candidate) == 0;
    secret->failed_at = secret->comes ? 0 : clock_now_ms();
    return secret->comes ? SECRET_COMES : SECRET_LACKS;
}

bool secrets_renew(struct gateway *gateway, struct roster *roster, struct candidate *candidate)
{
    struct key *key = candidate->key;
    struct key_secret *secret = secret_of(roster, candidate);
    int64_t now = clock_now_ms();
    if (key->source != KEY_COMMAND || (secret->renewed_at && now - secret->renewed_at < AGAIN_MS))
        return false;
    secret->renewed_at = now;
    key->token = NULL;
    return secrets_want(gateway, roster, candidate) == SECRET_COMES;
}

void secrets_stop(struct gateway *gateway)
{
    while (gateway->fetches) {
        kill_fetch(gateway->fetches);
        end_fetch(gateway->fetches, ""); /* nobody waits for it */
    }
}
