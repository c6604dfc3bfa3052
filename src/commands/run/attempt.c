#include "commands/run/attempt.h"

#include "commands/command.h"
#include "commands/run/handover.h"
#include "commands/run/journal.h"
#include "commands/run/judge.h"
#include "commands/run/private_gateway.h"
#include "commands/run/streams.h"
#include "system/log.h"
#include "system/process/startup.h"
#include "system/zone.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* A client that reads its turns from stdin is told there to continue. */
static const char continue_turn[] = "{\"type\":\"user\",\"message\":{\"role\":\"user\","
                                    "\"content\":\"" CLIENT_CONTINUE "\"}}\n";

static enum input_part input_part_of(const struct session *session)
{
    if (session->carry == CARRY_FIRST)
        return INPUT_FIRST;
    if (session->carry != CARRY_CONTINUE)
        return INPUT_AGAIN;
    return session->call.claude.streams_input ? INPUT_TEXT : INPUT_NONE;
}

static int open_input(struct attempt *attempt)
{
    struct session *session = attempt->session;
    int stream;
    if (attempt->plan.spawn.streams[0] == SPAWN_CLOSED)
        return 0;
    int r = input_begin(&session->input, input_part_of(session), continue_turn, &stream);
    if (r < 0) {
        log_say("the run ends: the command's input cannot be given again: %s", strerror(-r));
        return EXIT_OWN_FAILURE;
    }
    attempt->plan.spawn.streams[0] = stream;
    attempt->plan.input = &session->input;
    return 0;
}

static void pass_descriptor(struct spawn_request *spawn, int fd)
{
    if (fd >= 0)
        spawn->passed[spawn->passed_count++] = fd;
}

/* The kernel takes no single argument or variable over 32 pages, and does not say which one was too
 * long. */
#define LONGEST_STRING 131072

static void say_too_long(const struct handover *handover)
{
    const char *program = handover->argv[0];
    for (char **entry = handover->environment.entries; *entry; entry++)
        if (strlen(*entry) >= LONGEST_STRING) {
            log_say(
                "%s: the variable %.*s is longer than the system's 128 KiB; --scrub leaves it out",
                program, (int)strcspn(*entry, "="), *entry);
            return;
        }
    for (char **word = handover->argv; *word; word++)
        if (strlen(*word) >= LONGEST_STRING) {
            log_say("%s: argument %td is longer than the system's 128 KiB; give it on standard "
                    "input or in a file",
                    program, word - handover->argv);
            return;
        }
    log_say("%s: arguments and environment together are too long; the system allows a quarter of "
            "the stack limit",
            program);
}

static int exec_status(const struct attempt *attempt, const struct handover *handover)
{
    const char *program = handover->argv[0];
    int error = attempt->result.error;
    if (error == E2BIG)
        say_too_long(handover);
    else if (!*program)
        log_say("the name of the command is empty");
    else
        log_say("%s: %s", program,
                error == ENOENT && !strchr(program, '/') ? "command not found" : strerror(error));
    return error == ENOENT ? 127 : 126;
}

/* A plain command that ended without a message of a used-up key is not started again, whatever a
 * descendant may still print. */
static void drop_inherited(void *context, const struct ending *ending)
{
    struct attempt *attempt = context;
    const struct session *session = attempt->session;
    for (int i = 0; i < STREAM_COUNT; i++)
        if (attempt->plan.relays[i])
            gate_end(&attempt->streams[i].gate); /* the last line may have no line end */
    if (session->call.id == CLIENT_CLAUDE ||
        verdict_find(ending, &attempt->evidence, NULL, &session->options->taught).class !=
            CLASS_NONE)
        return;
    attempt->is_last = true;
    startup_drop_inherited();
}

static void note_start(void *context)
{
    const struct session *session = ((const struct attempt *)context)->session;
    for (size_t i = 0; i < session->slot_count; i++) {
        const struct slot *slot = &session->slots[i];
        journal_add(session, &(struct event){.kind = EVENT_ATTEMPT,
                                             .key = slot->candidate->key->name,
                                             .master = slot->is_master});
    }
}

static int64_t lease_due(void *context)
{
    const struct attempt *attempt = context;
    return store_due(attempt->session->pool.store);
}

static void renew_lease(void *context, int64_t now_ms)
{
    const struct attempt *attempt = context;
    store_renew(attempt->session->pool.store, now_ms);
}

/* Where leases never end there is nothing to renew, so the supervisor is not asked to call us. */
static void keep_lease(struct attempt *attempt)
{
    if (lease_due(attempt) < 0)
        return;
    attempt->plan.due = lease_due;
    attempt->plan.tick = renew_lease;
}

static int watched_gateway(void *context)
{
    const struct attempt *attempt = context;
    return private_gateway_watched(attempt->session->gateway);
}

static void listen_to_gateway(void *context)
{
    const struct attempt *attempt = context;
    private_gateway_listen(attempt->session->gateway);
}

static void watch_gateway(struct attempt *attempt)
{
    if (!attempt->session->gateway)
        return;
    attempt->plan.watched = watched_gateway;
    attempt->plan.readable = listen_to_gateway;
}

static int supervise(struct attempt *attempt, struct handover *handover)
{
    struct supervision *plan = &attempt->plan;
    attempt->transcript_offset = judge_begin(attempt->session);
    plan->signal_fd = attempt->session->signal_fd;
    plan->started = note_start;
    plan->lingers = drop_inherited;
    plan->context = attempt;
    keep_lease(attempt);
    watch_gateway(attempt);
    plan->spawn.argv = handover->argv;
    plan->spawn.environment = handover->environment.entries;
    pass_descriptor(&plan->spawn, handover->secret_fd);
    int r = supervisor_run(plan, &attempt->result);
    if (r < 0) {
        log_say("cannot start %s: %s", handover->argv[0], strerror(-r));
        return EXIT_OWN_FAILURE;
    }
    if (attempt->result.exec_failed)
        return exec_status(attempt, handover);
    if (attempt->result.input_broken) {
        log_say("the command was ended: its input could not be handed on; no memory, or what was "
                "kept of it cannot be read");
        return EXIT_OWN_FAILURE;
    }
    judge_end(attempt, attempt->transcript_offset, &handover->shield);
    return 0;
}

int attempt_run(struct attempt *attempt)
{
    static struct trigger trigger; /* the tables are built once, when a command prints */
    struct handover handover;
    attempt->evidence = (struct evidence){.time = {time(NULL), &zone_system},
                                          .trigger = &trigger,
                                          .taught = &attempt->session->options->taught};
    int status =
        handover_build(attempt->session, attempt->candidate, attempt->fast_fail, &handover);
    if (status == 0)
        status = streams_open(attempt);
    if (status == 0)
        status = open_input(attempt);
    if (status == 0)
        status = supervise(attempt, &handover);
    handover_finish(&handover);
    return status;
}

void attempt_release(struct attempt *attempt, bool drop)
{
    streams_release(attempt, drop);
    if (!drop && supervisor_is_pending(&attempt->plan))
        startup_drop_inherited();
    supervisor_flush(&attempt->plan, &attempt->result);
}

int attempt_lost(const struct attempt *attempt, enum stream_id id)
{
    int error = attempt->plan.relays[id] ? attempt->plan.relays[id]->error : 0;
    return error == -EPIPE ? 0 : -error;
}

void attempt_finish(struct attempt *attempt)
{
    streams_close(attempt);
}
