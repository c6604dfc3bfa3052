#include "commands/run/private_gateway_parts.h"

#include "base/cleanup.h"
#include "base/fold.h"
#include "commands/command.h"
#include "commands/run/alarm.h"
#include "core/gateway/contract.h"
#include "core/show/render.h"
#include "system/clock.h"
#include "system/files.h"
#include "system/keys/claude_files.h"
#include "system/log.h"
#include "system/process/gateway_program.h"
#include "system/process/signals.h"
#include "system/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_MS   10000 /* it reads the key file, which may be in a slow folder */
#define PARTING_MS 2000
#define LOOK_MS    100   /* whether somebody asks to end */
#define STEADY_MS  10000 /* a second gateway that dies sooner is not started again */

#define REAP_MS      1000
#define REAP_LOOK_US 500

static void take_lines(struct private_gateway *gateway, const char *bytes, size_t length)
{
    buffer_append(&gateway->line, bytes, length);
    const char *text = buffer_text(&gateway->line), *end;
    size_t done = 0;
    while ((end = memchr(text + done, '\n', gateway->line.length - done))) {
        gatewaynews_read(gateway->news, text + done, (size_t)(end - text) - done);
        done = (size_t)(end - text) + 1;
    }
    buffer_drop_front(&gateway->line, done);
}

/* Reads once. False at the end of the pipe: the gateway has ended. */
static bool read_news(struct private_gateway *gateway)
{
    char bytes[4096];
    ssize_t n = read(gateway->tell, bytes, sizeof bytes);
    if (n > 0)
        take_lines(gateway, bytes, (size_t)n);
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Waits until `done` returns true, the gateway has ended or the time is over. */
static bool await(struct private_gateway *gateway, int milliseconds,
                  bool (*done)(const struct private_gateway *))
{
    int64_t end = clock_now_ms() + milliseconds, left;
    bool is_full = false; /* of a signal that does not ask to end: it stays readable */
    while (!done(gateway) && (left = end - clock_now_ms()) > 0) {
        struct pollfd slots[2] = {{.fd = gateway->tell, .events = POLLIN},
                                  {.fd = gateway->session->signal_fd, .events = POLLIN}};
        (void)poll(slots, is_full ? 1 : 2, (int)(is_full && left > LOOK_MS ? LOOK_MS : left));
        if (slots[0].revents && !read_news(gateway))
            return done(gateway);
        is_full |= slots[1].revents != 0;
        if (is_full && signals_end_pending())
            return false;
    }
    return done(gateway);
}

static bool is_listening(const struct private_gateway *gateway)
{
    return gateway->news->listening;
}

static bool never(const struct private_gateway *gateway)
{
    (void)gateway;
    return false;
}

/* What the gateway wrote to its stderr before it listened. */
static void say_errors(const struct private_gateway *gateway)
{
    char text[4096];
    ssize_t n = pread(gateway->errors, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    fold_undo(text);
    log_say_lines("gateway: ", text);
}

/* The gateway's pipe closes a moment before the process can be waited for. Without this wait it
 * would remain a zombie as long as the run, which may be days. */
static void reap(struct private_gateway *gateway)
{
    int64_t end = clock_now_ms() + REAP_MS;
    while (gateway->pid > 0 && waitpid(gateway->pid, NULL, WNOHANG) == 0 && clock_now_ms() < end)
        (void)usleep(REAP_LOOK_US);
    gateway->pid = 0;
    private_gateway_close_fd(&gateway->tell);
    private_gateway_close_fd(&gateway->life);
}

int private_gateway_watched(const struct private_gateway *gateway)
{
    return gateway->way == GATEWAY_NONE ? -1 : gateway->tell;
}

/* Nobody should wait for an answer at a socket that nobody serves. */
static void give_up(struct private_gateway *gateway)
{
    private_gateway_close_fd(&gateway->listener);
    gateway->given_up = true;
    log_warn("the gateway ended unexpectedly, and requests fail; start the command again");
}

/* While the command goes on: a request may wait for hours. */
static void raise_alarm(struct private_gateway *gateway)
{
    const struct gatewaynews *news = gateway->news;
    const struct gatewaynews_failure *last =
        news->failure_count > 0 ? &news->failures[news->failure_count - 1] : NULL;
    struct buffer line = {0};
    struct event event = {.key = last ? last->key : NULL};
    if (!news->exhausted || gateway->session->alarmed)
        return;
    if (last) {
        event.class = last->finding.class;
        event.until = last->finding.until;
        buffer_append_format(&line, "\"%s\" ", last->key);
        render_failure(&line, &last->finding);
        buffer_append_text(&line, "; ");
    }
    buffer_append_text(&line, "no other key is left");
    alarm_exhausted(gateway->session, &event, buffer_text(&line));
    buffer_finish(&line);
}

void private_gateway_listen(struct private_gateway *gateway)
{
    bool lives = read_news(gateway);
    raise_alarm(gateway);
    if (lives)
        return;
    reap(gateway);
    int64_t now = clock_now_ms();
    bool steady = !gateway->restarted || now - gateway->restarted >= STEADY_MS;
    bool again = steady && private_gateway_start(gateway) == 0;
    if (again && !gateway->restarted)
        log_warn("the gateway of this run ended unexpectedly; it was started again");
    else if (!again)
        give_up(gateway);
    gateway->restarted = now;
}

/* Returns 0, or a negative errno after printing what the gateway said. */
static int bring_up(struct private_gateway *gateway)
{
    gateway->program = gateway_program_find();
    if (!gateway->program)
        return -errno;
    gateway->news = calloc(1, sizeof *gateway->news);
    if (!gateway->news)
        return -ENOMEM;
    gateway->errors = files_temporary();
    int r = gateway->errors < 0 ? gateway->errors : private_gateway_make_listener(gateway);
    if (r == 0)
        r = private_gateway_make_texts(gateway);
    if (r == 0)
        r = private_gateway_start(gateway);
    if (r < 0)
        return r;
    if (await(gateway, START_MS, is_listening))
        return 0;
    say_errors(gateway);
    return -ETIME;
}

static bool is_alternative(const struct candidate *candidate, const struct slot *slot)
{
    const struct kind *kind = &candidate->key->kind, *own = &slot->candidate->key->kind;
    bool fits = kind->id == own->id || (kind_is_anthropic(kind) && kind_is_anthropic(own));
    return candidate != slot->candidate && fits &&
           (candidate->standing == STANDING_READY || candidate->standing == STANDING_COOLING ||
            candidate->standing == STANDING_BUSY);
}

static bool has_alternative(struct session *session)
{
    const struct rotation *rotation = &session->pool.rotation;
    const struct slot *slot = session_lead(session);
    for (size_t i = 0; i < rotation->count; i++)
        if (is_alternative(&rotation->candidates[i], slot))
            return true;
    return rotation->has_master && !slot->is_master && !session->options->key;
}

static enum gateway_way decide(struct session *session, struct buffer *why)
{
    struct claude_settings_files *files = &session->settings;
    bool is_claude = session->call.id == CLIENT_CLAUDE;
    bool wanted = session->pool.policy.gateway != GATEWAY_OFF &&
                  (session->pool.policy.gateway == GATEWAY_ON || session->call.interactive ||
                   session->translates);
    struct gatewayuse_request request = {
        .wish = session->pool.policy.gateway,
        .call = &session->call,
        .environment = session->environment,
        .keep = &session->options->keep,
        .sources = files->sources,
        .source_count = is_claude && wanted ? files->count : 0,
        .another_key = has_alternative(session),
        .translates = session->translates,
        .has_kind = private_gateway_serves(&session_lead(session)->candidate->key->kind),
    };
    enum gateway_way way = gatewayuse_decide(&request, why);
    claude_settings_finish(files);
    return way;
}

static void begin(struct session *session, struct private_gateway *gateway, struct buffer *why)
{
    *gateway = (struct private_gateway){
        .session = session, .listener = -1, .life = -1, .tell = -1, .errors = -1};
    gateway->way = decide(session, why);
}

void private_gateway_pretend(struct session *session, struct private_gateway *gateway,
                             struct buffer *why)
{
    begin(session, gateway, why);
    gateway->program = gateway->way == GATEWAY_NONE ? NULL : gateway_program_find();
    if (gateway->way != GATEWAY_NONE && !gateway->program) {
        buffer_clear(why);
        buffer_append_text(why, "this tcr-run was built without it");
        gateway->way = GATEWAY_NONE;
    }
    gateway->socket = strdup("(a new folder)/" GATEWAY_SOCKET_NAME);
    (void)private_gateway_make_texts(gateway);
}

static void say_what_fails(int r)
{
    if (r == -ENOENT)
        log_say("this tcr-run was built without its gateway; leave out --gateway, or install "
                "libmicrohttpd-dev, libcurl4-openssl-dev and libsqlite3-dev and build it again");
    else if (r != -ETIME)
        log_say("the gateway cannot be started: %s", strerror(-r));
}

/* Before the gateway starts: it counts its sessions itself, and with max_per_key our leases would
 * be in its way. */
static bool give_up_leases(struct state *state, int64_t now, void *context)
{
    const struct session *session = context;
    (void)now;
    state_drop_leases(state, &session->owner);
    return true;
}

static bool take_leases_again(struct state *state, int64_t now, void *context)
{
    const struct session *session = context;
    for (size_t i = 0; i < session->slot_count; i++)
        if (session->slots[i].candidate)
            (void)state_lease(state, &session->owner, session->slots[i].candidate->id, now);
    return true;
}

/* Once on a machine, when a gateway was not asked for: what it is, what it costs, how to do
 * without. */
static void introduce(const struct session *session)
{
    CLEANUP_FREE char *path = files_xdg("XDG_STATE_HOME", ".local/state", "gateway-introduced");
    if (session->pool.policy.gateway == GATEWAY_ON || !path)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    (void)close(fd);
    log_say("when a key is used up, this session goes on with another, by a gateway");
    log_say("it turns Remote Control off; --no-gateway avoids it. This is said once");
}

/* Without a gateway the client cannot speak to its key's provider. */
static int refuse_direct(struct session *session, const char *why)
{
    log_say("\"%s\" serves Claude Code only through a gateway, and there is none: %s",
            session_lead(session)->candidate->key->name, why);
    return EXIT_OWN_FAILURE;
}

int private_gateway_open(struct session *session, struct private_gateway *gateway)
{
    struct buffer why = {0};
    bool needed = session_needs_translation(session, session_lead(session)->candidate->key);
    bool asked = needed || session->pool.policy.gateway == GATEWAY_ON;
    int status = 0;
    begin(session, gateway, &why);
    if (needed && gateway->way == GATEWAY_NONE)
        status = refuse_direct(session, buffer_text(&why));
    else if (needed)
        log_say("\"%s\" is of kind openai; a gateway translates the requests",
                session_lead(session)->candidate->key->name);
    else if (asked && gateway->way == GATEWAY_NONE)
        log_warn("no gateway: %s", buffer_text(&why));
    else
        log_explain("%s gateway: %s", gateway->way == GATEWAY_NONE ? "no" : "a", buffer_text(&why));
    buffer_finish(&why);
    if (gateway->way == GATEWAY_NONE)
        return status;
    (void)store_update(session->pool.store, give_up_leases, session);
    int r = bring_up(gateway);
    if (r == 0 && !needed)
        introduce(session);
    else
        (void)store_update(session->pool.store, take_leases_again, session);
    if (r == 0)
        return 0;
    if (asked || r != -ENOENT)
        say_what_fails(r);
    private_gateway_close(gateway, false, NULL);
    if (asked)
        return EXIT_OWN_FAILURE;
    if (r != -ENOENT)
        log_warn("the run goes on without a gateway");
    return 0;
}

static void say_news(const struct private_gateway *gateway, bool worked)
{
    struct buffer text = {0};
    gatewaynews_tell(gateway->news, time(NULL), &zone_system, &text);
    if (text.length > 0)
        log_say("%s", buffer_text(&text));
    else if (gatewaynews_requests(gateway->news) == 0 && worked && !gateway->restarted)
        log_warn("no request came through the gateway; this client needs --no-gateway");
    else
        log_explain("requests that went through the gateway: %lu",
                    gatewaynews_requests(gateway->news));
    buffer_finish(&text);
}

void private_gateway_close(struct private_gateway *gateway, bool worked,
                           struct gatewaynews **ret_news)
{
    private_gateway_close_fd(&gateway->life);
    private_gateway_close_fd(&gateway->listener);
    if (gateway->pid > 0) {
        (void)await(gateway, PARTING_MS, never);
        raise_alarm(gateway);
        say_news(gateway, worked);
    }
    reap(gateway);
    private_gateway_close_fd(&gateway->errors);
    if (gateway->folder) {
        (void)unlink(gateway->socket);
        (void)rmdir(gateway->folder);
    }
    if (ret_news)
        *ret_news = gateway->news;
    else
        free(gateway->news);
    free(gateway->program);
    free(gateway->folder);
    free(gateway->socket);
    free(gateway->address);
    free(gateway->openai_address);
    free(gateway->no_proxy);
    buffer_finish(&gateway->line);
    gateway->news = NULL;
    gateway->program = gateway->folder = gateway->socket = NULL;
    gateway->address = gateway->openai_address = gateway->no_proxy = NULL;
    gateway->way = GATEWAY_NONE;
}
