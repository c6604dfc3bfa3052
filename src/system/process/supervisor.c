#include "system/process/supervisor_parts.h"

#include "system/clock.h"
#include "system/process/lifeline.h"
#include "system/process/signals.h"
#include "system/stream/growth.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A descendant may keep the pipe open after the command's end. We do not wait for a silent one, and
 * listen to one that writes only for a limited time. */
#define IDLE_GRACE_MS  100
#define TOTAL_GRACE_MS 5000
/* How long a reader may take for the rest of the output when somebody asked to end. */
#define HURRIED_MS     1000
#define BLIND_PAUSE_NS 10000000
/* How long a command may go on after the SIGPIPE that tells it that its reader is gone. */
#define BROKEN_SINK_MS  500
#define SIGNAL_PAUSE_MS 100

void supervisor_note_end(struct running *running, int status)
{
    int64_t now = clock_now_ms();
    struct ending *ending = &running->result->ending;
    running->ended = true;
    lifeline_release(running->pid);
    running->result->ended_at = now;
    for (int i = 0; i < SUPERVISOR_RELAYS; i++)
        if (running->plan->relays[i])
            relay_note_end(running->plan->relays[i]);
    ending->by_signal = WIFSIGNALED(status);
    ending->code = ending->by_signal ? WTERMSIG(status) : WEXITSTATUS(status);
    running->idle_until = now + IDLE_GRACE_MS;
    running->grace_until = now + TOTAL_GRACE_MS;
}

enum { SLOT_SIGNALS, SLOT_STDIN, SLOT_COMMAND_STDIN, SLOT_WATCHED, SLOT_RELAYS };
#define SLOTS_PER_RELAY 2
#define SLOT_COUNT      (SLOT_RELAYS + SLOTS_PER_RELAY * SUPERVISOR_RELAYS)

static void watch(struct pollfd *slot, bool wanted, int fd, short events)
{
    *slot = (struct pollfd){.fd = wanted ? fd : -1, .events = events};
}

/* While bytes are held back, we write nothing, so no write can show that the reader is gone. */
static bool holds_back(const struct relay *relay)
{
    return relay->source >= 0 && relay->error == 0 && relay->filter.deadline &&
           relay->filter.deadline(relay->filter.context) >= 0;
}

static void fill_slots(const struct running *running, struct pollfd slots[SLOT_COUNT])
{
    const struct supervision *plan = running->plan;
    const struct input *input = running->ended ? NULL : plan->input;
    watch(&slots[SLOT_SIGNALS], true, plan->signal_fd, POLLIN);
    watch(&slots[SLOT_STDIN], input && input_wants_read(input), STDIN_FILENO, POLLIN);
    /* Polled for no event, the pipe still shows that the command closed its end. */
    watch(&slots[SLOT_COMMAND_STDIN], input && input->pipe_write >= 0,
          input ? input->pipe_write : -1, input && input_wants_write(input) ? POLLOUT : 0);
    watch(&slots[SLOT_WATCHED], plan->watched, plan->watched ? plan->watched(plan->context) : -1,
          POLLIN);
    for (int i = 0; i < SUPERVISOR_RELAYS; i++) {
        const struct relay *relay = plan->relays[i];
        struct pollfd *pair = &slots[SLOT_RELAYS + SLOTS_PER_RELAY * i];
        watch(&pair[0], relay && relay_wants_input(relay), relay ? relay_poll_fd(relay) : -1,
              POLLIN);
        bool writes = relay && relay->pending.length > 0;
        watch(&pair[1], writes || (relay && holds_back(relay)), relay ? relay->sink.fd : -1,
              writes ? POLLOUT : 0);
    }
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < 0 ? b : b < 0 || a < b ? a : b;
}

static int poll_timeout(const struct running *running, int64_t now)
{
    int64_t deadline = -1;
    for (int i = 0; i < SUPERVISOR_RELAYS; i++) {
        struct relay *relay = running->plan->relays[i];
        if (!relay)
            continue;
        if (relay->filter.deadline)
            deadline = sooner(deadline, relay->filter.deadline(relay->filter.context));
        if (relay_wants_input(relay))
            deadline = sooner(deadline, relay_next_look(relay, now));
    }
    if (running->plan->due)
        deadline = sooner(deadline, running->plan->due(running->plan->context));
    if (running->broken_at && !running->ended && !running->result->told_to_end)
        deadline = sooner(deadline, running->broken_at + BROKEN_SINK_MS);
    if (running->ended)
        deadline = sooner(deadline, sooner(running->idle_until, running->grace_until));
    return deadline < 0 ? -1 : deadline <= now ? 0 : (int)(deadline - now);
}

/* A spool accepts everything, so only we can tell a command that writes to one that nobody reads
 * any more, or that the disk is full: first by SIGPIPE, as a pipe would, and if it ignores that, by
 * SIGTERM. */
static void tell_of_broken_sink(struct running *running, const struct relay *relay, int64_t now)
{
    if (relay->kind != RELAY_SPOOL || running->ended)
        return;
    if (running->broken_at == 0) {
        running->broken_at = now;
        supervisor_send(running, SIGPIPE);
    } else if (!running->result->told_to_end && now >= running->broken_at + BROKEN_SINK_MS) {
        running->result->told_to_end = true;
        supervisor_send(running, SIGTERM);
    }
}

static bool pump_relay(struct running *running, struct relay *relay, const struct pollfd *pair,
                       int64_t now)
{
    bool moved = false;
    if (relay->pending.length == 0 && (pair[1].revents & (POLLERR | POLLHUP)))
        relay_note_gone(relay);
    else if (pair[1].revents)
        relay_push(relay);
    bool look = relay->kind == RELAY_SPOOL || pair[0].revents;
    if (look && relay_wants_input(relay))
        moved = relay_pump(relay, now) > 0;
    if (relay->filter.tick)
        relay->filter.tick(relay->filter.context, now);
    if (relay_is_broken(relay)) {
        relay_end(relay); /* closing it gives the command the SIGPIPE that was meant for it */
        tell_of_broken_sink(running, relay, now);
        relay_shut(relay); /* after the signal, which must come first */
    }
    return moved;
}

static void pump(struct running *running, const struct pollfd slots[SLOT_COUNT])
{
    int64_t now = clock_now_ms();
    const struct pollfd *theirs = &slots[SLOT_COMMAND_STDIN];
    if (running->plan->input && !running->ended) {
        if (theirs->revents & (POLLERR | POLLHUP | POLLNVAL))
            input_end(running->plan->input);
        input_pump(running->plan->input, slots[SLOT_STDIN].revents != 0, theirs->revents & POLLOUT);
        /* Half an input must not look like a whole one. */
        if (running->plan->input->broken && !running->result->input_broken) {
            running->result->input_broken = true;
            supervisor_send(running, SIGKILL);
        }
    }
    growth_forget();
    for (int i = 0; i < SUPERVISOR_RELAYS; i++) {
        struct relay *relay = running->plan->relays[i];
        const struct pollfd *pair = &slots[SLOT_RELAYS + SLOTS_PER_RELAY * i];
        if (relay && pump_relay(running, relay, pair, now) && running->ended)
            running->idle_until = now + IDLE_GRACE_MS;
    }
}

/* All that the command left in its channels is passed on, however long that takes. The time that a
 * descendant is given begins after it. */
static bool is_owing(const struct running *running)
{
    for (int i = 0; i < SUPERVISOR_RELAYS; i++) {
        const struct relay *relay = running->plan->relays[i];
        if (relay && relay->source >= 0 && (relay->owed > 0 || !relay_wants_input(relay)))
            return true;
    }
    return false;
}

static bool is_open(const struct running *running)
{
    for (int i = 0; i < SUPERVISOR_RELAYS; i++)
        if (running->plan->relays[i] && running->plan->relays[i]->source >= 0)
            return true;
    return false;
}

/* A command that handled the signal and ended as it saw fit would itself have waited for its
 * reader. One that died of the signal, or says so, would not. */
static bool is_hurried(const struct supervised *result)
{
    const struct ending *ending = &result->ending;
    return result->asked_to_end &&
           (ending->by_signal || signals_asks_to_end((int)ending->code - 128));
}

/* True once the command has ended and each stream has ended too, is silent, or has had its time. */
static bool is_over(struct running *running)
{
    if (!running->ended)
        return false;
    int64_t now = clock_now_ms();
    if (!is_open(running) || running->result->ended_by ||
        (is_hurried(running->result) && now >= running->result->ended_at + HURRIED_MS))
        return true;
    if (is_owing(running)) {
        running->idle_until = now + IDLE_GRACE_MS;
        running->grace_until = now + TOTAL_GRACE_MS;
    }
    return now >= running->idle_until || now >= running->grace_until;
}

/* Reads what is there without waiting, and ends a spool that nobody can write to any more. */
static void drain(struct running *running)
{
    int64_t now = clock_now_ms();
    for (int i = 0; i < SUPERVISOR_RELAYS; i++) {
        struct relay *relay = running->plan->relays[i];
        if (!relay)
            continue;
        while (relay->owed > 0 && relay_wants_input(relay) && relay_pump(relay, now) > 0)
            ;
        /* Nothing can come after this look. */
        if (relay->kind == RELAY_SPOOL && !relay_may_grow(relay) && relay_wants_input(relay) &&
            relay_pump(relay, now) == 0)
            relay_end(relay);
    }
}

/* Without memory the kernel cannot even poll. Then everything that does not block is looked at. */
static void wait_for_events(struct running *running, struct pollfd slots[SLOT_COUNT])
{
    int n = poll(slots, SLOT_COUNT, poll_timeout(running, clock_now_ms()));
    bool blind = n < 0 && errno != EINTR;
    for (int i = 0; n <= 0 && i < SLOT_COUNT; i++) {
        bool look = blind && slots[i].fd >= 0 && i != SLOT_STDIN;
        slots[i].revents = look ? slots[i].events : 0;
    }
    if (blind)
        (void)nanosleep(&(struct timespec){.tv_nsec = BLIND_PAUSE_NS}, NULL);
}

static void loop(struct running *running)
{
    bool drained = false, lingers = false;
    while (!is_over(running)) {
        struct pollfd slots[SLOT_COUNT];
        fill_slots(running, slots);
        wait_for_events(running, slots);
        pump(running, slots);
        if (running->plan->tick)
            running->plan->tick(running->plan->context, clock_now_ms());
        if (slots[SLOT_WATCHED].revents)
            running->plan->readable(running->plan->context);
        if (slots[SLOT_SIGNALS].revents)
            supervisor_take_signals(running);
        if (running->ended && !drained) {
            drain(running);
            drained = true;
        }
        /* Not before all that the command left has been read: its last line may tell of a used-up
         * key. */
        if (drained && !lingers && !is_owing(running) && !is_over(running)) {
            lingers = true;
            if (running->plan->lingers)
                running->plan->lingers(running->plan->context, &running->result->ending);
        }
    }
}

static void close_streams(struct supervision *plan)
{
    for (int i = 0; i < SUPERVISOR_RELAYS; i++)
        if (plan->relays[i])
            relay_end(plan->relays[i]);
    if (plan->input)
        input_end(plan->input);
}

int supervisor_run(struct supervision *plan, struct supervised *ret_result)
{
    *ret_result = (struct supervised){0};
    struct running running = {.plan = plan, .result = ret_result};
    int r = spawn_start(&plan->spawn, &running.pid, &ret_result->exec_failed);
    for (int i = 0; i < SUPERVISOR_RELAYS; i++)
        if (plan->relays[i])
            relay_started(plan->relays[i]);
    if (plan->input)
        input_started(plan->input);
    if (plan->started)
        plan->started(plan->context);
    if (r == 0)
        loop(&running);
    close_streams(plan);
    if (r < 0 && ret_result->exec_failed) {
        ret_result->error = -r;
        return 0;
    }
    return r;
}

bool supervisor_is_pending(const struct supervision *plan)
{
    for (int i = 0; i < SUPERVISOR_RELAYS; i++)
        if (plan->relays[i] && plan->relays[i]->pending.length > 0)
            return true;
    return false;
}

/* Signals that are for the next command stay readable, so this watches the sinks alone, for a short
 * while. */
static void wait_for_sinks(const struct supervision *plan)
{
    struct pollfd slots[SUPERVISOR_RELAYS + 1];
    for (int i = 0; i < SUPERVISOR_RELAYS; i++) {
        const struct relay *relay = plan->relays[i];
        watch(&slots[i], relay && relay->pending.length > 0, relay ? relay->sink.fd : -1, POLLOUT);
    }
    watch(&slots[SUPERVISOR_RELAYS], true, plan->signal_fd, POLLIN);
    if (poll(slots, SUPERVISOR_RELAYS + 1, 1000) == 1 && slots[SUPERVISOR_RELAYS].revents)
        (void)poll(slots, SUPERVISOR_RELAYS, SIGNAL_PAUSE_MS);
}

void supervisor_flush(struct supervision *plan, const struct supervised *result)
{
    int64_t end = result->ended_at + HURRIED_MS;
    while (supervisor_is_pending(plan) && !result->ended_by) {
        if (signals_stop_or_end() || (is_hurried(result) && clock_now_ms() >= end))
            return;
        wait_for_sinks(plan);
        for (int i = 0; i < SUPERVISOR_RELAYS; i++)
            if (plan->relays[i])
                relay_push(plan->relays[i]);
    }
}
