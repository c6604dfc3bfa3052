/* The gateway. Requests come in without a key of the pool. They are sent on with a key, or with the
 * next one if that is used up. tcr-run starts the gateway; contract.h says what it is given. */
#include "gateway/gateway.h"

#include "base/cleanup.h"
#include "core/gateway/contract.h"
#include "gateway/admission.h"
#include "gateway/agent.h"
#include "gateway/arguments.h"
#include "gateway/budget.h"
#include "gateway/errand.h"
#include "gateway/exchange.h"
#include "gateway/guests.h"
#include "gateway/listening.h"
#include "gateway/memory.h"
#include "gateway/metering.h"
#include "gateway/page.h"
#include "gateway/picker.h"
#include "gateway/secrets.h"
#include "gateway/tlsfiles.h"
#include "system/clock.h"
#include "system/files.h"
#include "system/log.h"
#include "system/process/ownpath.h"
#include "system/process/signals.h"
#include "system/process/startup.h"
#include "system/stream/ourterminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define EXIT_OWN_FAILURE 125
#define EXIT_NO_KEY      75

#define PARTING_MS 30000 /* time for open requests when the gateway is told to end */
#define LOOK_MS    1000  /* between two looks at the key file */
#define TIDY_MS    60000 /* between two looks for sessions that have fallen silent */
#define SETTLED_MS 2000  /* after which what starting needed is needed no more */
#define CROWD      64    /* connections of clients */
#define TURNS_MOST 8     /* of settling and serving before descriptors are looked at again */

/* What can end it. */
struct end_watch {
    struct gateway *gateway;
    struct watch signals, life;
    struct timer parting;
    struct admission *admissions; /* whose socket files are removed */
    size_t admission_count;
    bool asked, at_once, run_is_gone;
    bool has_terminal; /* or a run: then SIGHUP tells that it is gone */
};

/* OPEN_MAX of macOS, which takes no "unlimited". */
#define FILES_MOST 10240

/* The more connections the better: each request takes two. */
static void raise_limits(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
        return;
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0 || before >= FILES_MOST)
        return;
    limit.rlim_cur = FILES_MOST;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void parting_due(void *context)
{
    struct end_watch *ending = context;
    ending->at_once = true;
}

/* Called while it still holds the sockets, so that the files are nobody else's. */
static void remove_files(struct end_watch *ending)
{
    for (size_t i = 0; i < ending->admission_count; i++)
        admission_remove_file(&ending->admissions[i]);
}

static void begin_to_end(struct end_watch *ending)
{
    struct gateway *gateway = ending->gateway;
    ending->asked = true;
    news_end(&gateway->news);
    remove_files(ending);
    page_events_end(gateway);
    front_stop_listening(gateway->front);
}

/* As servers do on SIGHUP: the files that are read are looked at anew. */
static void look_anew(struct gateway *gateway)
{
    gateway->roster_looked -= LOOK_MS;
    gateway_renew_roster(gateway);
    tlsfiles_look(gateway, true);
}

static void take_signal(void *context, uint32_t events)
{
    struct end_watch *ending = context;
    struct signal_info info;
    (void)events;
    while (signals_read(ending->signals.fd, &info)) {
        if (info.number == SIGCHLD) {
            secrets_reap(ending->gateway);
            errands_reap(ending->gateway);
            agents_reap(ending->gateway);
        }
        if (info.number == SIGHUP && !ending->has_terminal) {
            look_anew(ending->gateway);
            continue;
        }
        if (!signals_asks_to_end(info.number))
            continue;
        ending->at_once |= ending->asked;
        begin_to_end(ending);
        timer_set(&ending->gateway->timers, &ending->parting, clock_now_ms() + PARTING_MS);
    }
}

/* The pipe has reached its end: the run is gone. */
static void life_is_over(void *context, uint32_t events)
{
    struct end_watch *ending = context;
    (void)events;
    loop_remove(&ending->gateway->loop, &ending->life);
    ending->run_is_gone = true;
    begin_to_end(ending);
}

static bool has_terminal(void)
{
    CLEANUP_CLOSE int fd = ourterminal_open();
    return fd >= 0;
}

static int watch_endings(struct end_watch *ending, struct gateway *gateway, int life_fd)
{
    int fd = signals_take_over();
    *ending = (struct end_watch){.gateway = gateway,
                                 .has_terminal = life_fd >= 0 || has_terminal(),
                                 .signals = {fd, POLLIN, take_signal, ending},
                                 .life = {life_fd, POLLIN, life_is_over, ending},
                                 .parting = {.due = parting_due, .context = ending}};
    int r = fd < 0 ? fd : loop_add(&gateway->loop, &ending->signals);
    if (r == 0 && life_fd >= 0)
        r = loop_add(&gateway->loop, &ending->life);
    return r;
}

static int shorter(int a, int b)
{
    return a < 0 ? b : b < 0 || a < b ? a : b;
}

/* Repeats until no part has left work for another: requests are sent on and answers passed back
 * without another round of the loop. */
static void settle(struct gateway *gateway)
{
    for (int i = 0; i < TURNS_MOST; i++) {
        exchange_settle(gateway);
        front_run(gateway->front);
        upstream_run(&gateway->upstream);
        if (!gateway->ready)
            exchange_settle_completed(gateway);
        if (!gateway->ready)
            return;
    }
    exchange_settle_completed(gateway);
}

/* After a crowd, free memory goes back to the system; the allocator would keep it. */
static void give_memory_back(struct gateway *gateway)
{
    size_t visitors = front_visitors(gateway->front);
    if (visitors > gateway->crowd)
        gateway->crowd = visitors;
    if (gateway->crowd < CROWD || visitors > gateway->crowd / 2)
        return;
    gateway->crowd = visitors;
    memory_give_back();
}

static int run(struct gateway *gateway, const struct end_watch *ending)
{
    int r = 0;
    while (r == 0 && !ending->at_once && !(ending->asked && gateway->exchange_count == 0)) {
        int wait = gateway->ready || gateway->upstream.timer_came
                       ? 0
                       : shorter(timers_wait(&gateway->timers, clock_now_ms()),
                                 front_wait(gateway->front));
        r = loop_round(&gateway->loop, wait);
        timers_run(&gateway->timers, clock_now_ms());
        upstream_run(&gateway->upstream);
        settle(gateway);
        give_memory_back(gateway);
        if (gateway->upstream.failed)
            r = -EIO;
    }
    if (r < 0)
        log_say("gateway: %s; it ends, and has to be started again", strerror(-r));
    return r;
}

/* libmicrohttpd must not be stopped while it has connections that it may not touch. */
static void end_all(struct gateway *gateway)
{
    front_stop_listening(gateway->front);
    exchange_abandon_all(gateway);
    settle(gateway);
    front_destroy(gateway->front);
    gateway->front = NULL;
    exchange_settle(gateway);
    exchange_settle_completed(gateway);
}

/* Whoever started it has read what there was to read, and may be gone. */
static void fall_silent(void)
{
    CLEANUP_CLOSE int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nothing >= 0)
        (void)dup2(nothing, STDERR_FILENO);
}

/* A run that was killed cannot clean up after itself. */
static void remove_folder(const char *folder)
{
    CLEANUP_FREE char *path = files_expand(GATEWAY_SOCKET_NAME, folder);
    if (path)
        (void)unlink(path);
    (void)rmdir(folder);
}

static void look_ahead(void *context)
{
    secrets_look_ahead(context);
}

static int serve(struct gateway *gateway, const struct arguments *arguments)
{
    struct end_watch ending;
    int r = watch_endings(&ending, gateway, arguments->life_fd);
    struct admission admissions[ARGUMENTS_LISTENERS];
    if (r < 0)
        log_say("gateway: %s", strerror(-r));
    else
        r = listening_begin(gateway, arguments, admissions);
    if (r < 0)
        return r;
    news_listening(&gateway->news);
    gateway->renew = (struct timer){.due = look_ahead, .context = gateway};
    look_ahead(gateway);
    if (arguments->is_detached)
        fall_silent();
    if (!arguments->is_private) {
        ending.admissions = admissions;
        ending.admission_count = arguments->listener_count;
    }
    r = run(gateway, &ending);
    remove_files(&ending);
    end_all(gateway);
    if (ending.run_is_gone && arguments->folder)
        remove_folder(arguments->folder);
    return r;
}

static void let_holder_go(void *context, struct holder *holder)
{
    book_give_back(context, holder->roster, &holder->slot);
    picker_wake(context);
}

void gateway_renew_roster(struct gateway *gateway)
{
    struct roster *roster;
    int64_t now = clock_now_ms();
    if (now - gateway->roster_looked < LOOK_MS)
        return;
    gateway->roster_looked = now;
    if (!roster_is_stale(gateway->roster))
        return;
    roster_look(gateway->roster); /* first: what is written while it is read is seen next time */
    if (roster_load(gateway->options, &roster) < 0) {
        struct event event = {.kind = EVENT_WARNING,
                              .text = "the keys have changed and cannot be read; the gateway goes "
                                      "on with those it has"};
        log_say("gateway: %s", event.text);
        news_event(&gateway->news, &event);
        return;
    }
    roster_inherit(roster, gateway->roster);
    roster_release(gateway->roster);
    gateway->roster = roster;
    book_follow(gateway, roster);
    budget_follow(gateway, roster, false);
}

size_t gateway_requests(const struct gateway *gateway)
{
    size_t count = 0;
    for (const struct exchange *exchange = gateway->all; exchange; exchange = exchange->next)
        count += exchange->state != ENDED && exchange->route.id != ROUTE_PROBE &&
                 exchange->route.id != ROUTE_USAGE && exchange->route.id != ROUTE_CONTROL &&
                 exchange->route.id != ROUTE_PAGE;
    return count;
}

static void tidy_up(void *context)
{
    struct gateway *gateway = context;
    int64_t now = clock_now_ms();
    holders_tidy(&gateway->holders, now);
    bool quiet = gateway->exchange_count == 0 && gateway->exchanges != gateway->exchanges_tidied;
    if (quiet || !gateway->has_tidied)
        memory_give_back();
    gateway->has_tidied = true;
    if (quiet)
        gateway->exchanges_tidied = gateway->exchanges;
    timer_set(&gateway->timers, &gateway->tidy, now + TIDY_MS);
}

static int open_gateway(struct gateway *gateway, const struct arguments *arguments)
{
    int r = roster_load(&arguments->options, &gateway->roster);
    if (r == -ENOMEM)
        log_say("gateway: %s", strerror(ENOMEM));
    if (r < 0)
        return r == -ENOENT ? EXIT_NO_KEY : EXIT_OWN_FAILURE;
    gateway->news.tell_fd = arguments->tell_fd;
    gateway->options = &arguments->options;
    gateway->first = arguments->first;
    gateway->pinned = arguments->options.key;
    holders_init(&gateway->holders, let_holder_go, gateway);
    gateway->tidy = (struct timer){.due = tidy_up, .context = gateway};
    timer_set(&gateway->timers, &gateway->tidy, clock_now_ms() + SETTLED_MS);
    gateway->silence_ms = arguments->silence_seconds * 1000;
    gateway->errand_ms = arguments->errand_seconds * 1000;
    gateway->stall_ms = arguments->stall_seconds * 1000;
    gateway->hold_ms = arguments->hold_seconds * 1000;
    gateway->news.log = book_log;
    gateway->news.context = gateway;
    r = loop_init(&gateway->loop);
    if (r == 0)
        r = book_open(gateway);
    if (r == 0)
        r = upstream_init(&gateway->upstream, &gateway->loop, &gateway->timers);
    if (r == 0)
        gateway->front = front_create(gateway);
    if (r == 0)
        r = metering_open(gateway, arguments->keep_seconds);
    if (r == 0)
        budget_follow(gateway, gateway->roster, true);
    if (r == 0)
        r = guests_follow(gateway, true);
    if (r == 0 && !arguments->is_private)
        r = page_open(gateway);
    if (r < 0 || !gateway->front) {
        log_say("gateway: %s", r < 0 ? strerror(-r) : "libmicrohttpd does not start");
        return EXIT_OWN_FAILURE;
    }
    return 0;
}

static void close_gateway(struct gateway *gateway)
{
    secrets_stop(gateway);
    errands_stop(gateway);
    front_destroy(gateway->front);
    agents_stop(gateway);
    upstream_finish(&gateway->upstream);
    holders_finish(&gateway->holders);
    guests_close(gateway);
    tlsfiles_close(gateway);
    metering_close(gateway);
    page_close(gateway);
    news_end(&gateway->news);
    news_finish(&gateway->news);
    dropped_finish(&gateway->dropped);
    book_close(gateway);
    loop_finish(&gateway->loop);
    roster_release(gateway->roster);
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    struct gateway gateway = {.loop.epoll = -1};
    const char *fault = startup_prepare();
    ownpath_note(argc > 0 ? argv[0] : NULL);
    if (fault) {
        log_say("%s", fault);
        return EXIT_OWN_FAILURE;
    }
    (void)log_prepare(NULL);
    if (sodium_init() < 0 || !arguments_read(argc, argv, &arguments))
        return EXIT_OWN_FAILURE;
    raise_limits();
    int status = open_gateway(&gateway, &arguments);
    if (status == 0)
        status = serve(&gateway, &arguments) < 0 ? EXIT_OWN_FAILURE : 0;
    close_gateway(&gateway);
    arguments_finish(&arguments);
    return status;
}
