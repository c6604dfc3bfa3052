#include "commands/journal.h"

#include <string.h>
#include <unistd.h>

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void add(const struct pool *pool, const char *command, const struct event *event)
{
    struct event full = *event;
    struct buffer line = {0};
    if (full.time == 0)
        full.time = store_now(pool->store);
    full.pid = getpid();
    full.command = command;
    event_print(&full, &line);
    if (!line.failed)
        store_log_event(pool->store, buffer_text(&line));
    buffer_finish(&line);
}

void journal_add(const struct session *session, const struct event *event)
{
    add(&session->pool, base_name(session->call.argv[0]), event);
}

void journal_add_reset(const struct pool *pool, const char *key)
{
    add(pool, NULL, &(struct event){.kind = EVENT_RESET, .key = key});
}

void journal_add_turn(const struct turn *turn, enum event_kind kind)
{
    const struct finding *finding = turn->finding;
    const struct event event = {
        .time = turn->now,
        .kind = kind,
        .key = turn->used->key->name,
        .class = finding->class,
        .what = finding->what,
        .model = finding->scope == SCOPE_MODEL ? finding->model : NULL,
        .until = turn->until,
        .next = kind == EVENT_FAILOVER ? turn->chosen->key->name : NULL,
        .master = kind == EVENT_FAILOVER && turn->is_master,
    };
    journal_add(turn->session, &event);
}

void journal_add_undersized(const struct turn *turn)
{
    struct buffer text = {0};
    buffer_append_format(&text, "%zu runs share %zu ready keys", turn->live_runs, turn->ready_keys);
    journal_add(
        turn->session,
        &(struct event){.time = turn->now, .kind = EVENT_WARNING, .text = buffer_text(&text)});
    buffer_finish(&text);
}

void journal_add_ending(const struct attempt *attempt, int number, int own_status)
{
    const struct ending *ending = &attempt->result.ending;
    struct event event = {.kind = EVENT_SUCCESS, .key = attempt->candidate->key->name};
    if (attempt->finding.class != CLASS_NONE)
        return;
    if (own_status != 0)
        event.status = own_status;
    else if (ending->by_signal)
        event.signal = ending->code;
    else
        event.status = ending->code;
    if (event.status != 0 || event.signal != 0)
        event.kind = EVENT_FAILED;
    if (event.kind == EVENT_FAILED || number > 1)
        journal_add(attempt->session, &event);
}
