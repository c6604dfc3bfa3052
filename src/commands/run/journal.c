#include "commands/run/journal.h"

#include "base/path.h"
#include "system/clock.h"
#include "system/log.h"

#include <string.h>
#include <unistd.h>

const char *journal_command(const struct session *session)
{
    return path_name(session->call.argv[0]);
}

/* `sentence` is NULL for an event that is only recorded. */
static void add(const struct pool *pool, const char *command, const struct event *event,
                const char *sentence)
{
    struct event full = *event;
    struct buffer line = {0};
    if (full.time == 0)
        full.time = store_now(pool->store);
    full.pid = getpid();
    full.command = command;
    if (sentence)
        log_event(&full, sentence);
    event_print(&full, &line);
    if (!line.failed)
        store_log_event(pool->store, buffer_text(&line));
    buffer_finish(&line);
}

void journal_say(const struct session *session, const struct event *event, const char *sentence)
{
    add(&session->pool, journal_command(session), event, sentence);
}

void journal_add(const struct session *session, const struct event *event)
{
    journal_say(session, event, NULL);
}

void journal_add_reset(const struct pool *pool, const char *key)
{
    add(pool, NULL, &(struct event){.kind = EVENT_RESET, .key = key}, NULL);
}

void journal_add_check(const struct pool *pool, const char *key, const char *text)
{
    add(pool, NULL, &(struct event){.kind = EVENT_WARNING, .key = key, .text = text}, NULL);
}

/* How the last command ended, and how long the run had taken until then. */
static void set_end(struct event *event, const struct session *session)
{
    const struct ending *ending = &session->last_ending;
    int64_t took = clock_now_ms() - session->began_ms;
    event->duration_ms = took > 0 ? took : 1;
    if (ending->by_signal)
        event->signal = ending->code;
    else
        event->status = ending->code;
}

void journal_say_step(const struct step *step, enum event_kind kind, const char *sentence)
{
    const struct finding *finding = step->choice.finding;
    struct event event = {
        .time = step->choice.now,
        .kind = kind,
        .key = step->choice.used->key->name,
        .class = finding->class,
        .what = finding->what,
        .model = finding->scope == SCOPE_MODEL ? finding->model : NULL,
        .until = step->choice.until,
        .assumed = step->choice.until > 0 && finding->until <= step->choice.now,
        .next = kind == EVENT_FAILOVER ? step->choice.chosen->key->name : NULL,
        .master = kind == EVENT_FAILOVER && step->choice.is_master,
    };
    if (kind == EVENT_EXHAUSTED || kind == EVENT_STOPPED)
        set_end(&event, step->session);
    journal_say(step->session, &event, sentence);
}

void journal_add_step(const struct step *step, enum event_kind kind)
{
    journal_say_step(step, kind, NULL);
}

/* With a gateway the run's own key may have served nothing. The last key that did takes its place,
 * as the last attempt's key does in a run without a gateway. */
static void name_served(const struct gatewaynews *news, struct event *event, struct buffer *text)
{
    event->key = NULL;
    for (size_t i = 0; i < news->served_count; i++) {
        const struct gatewaynews_served *served = &news->served[i];
        if (served->requests == 0)
            continue;
        event->key = served->key;
        buffer_append_format(text, "%s%lu with %s", text->length ? ", " : "", served->requests,
                             served->key);
    }
    event->master = event->key && strcmp(event->key, news->master) == 0;
    event->text = text->length ? buffer_text(text) : NULL;
}

void journal_add_ending(const struct attempt *attempt, int own_status,
                        const struct gatewaynews *news)
{
    struct event event = {.kind = EVENT_SUCCESS, .key = attempt->candidate->key->name};
    struct buffer served = {0};
    /* What happened to the key is reported together with what follows. A gateway has reported it
     * already. */
    if (attempt->finding.class != CLASS_NONE && !news)
        return;
    if (news)
        name_served(news, &event, &served);
    set_end(&event, attempt->session);
    if (own_status != 0) {
        event.status = own_status;
        event.signal = 0;
    }
    if (event.status != 0 || event.signal != 0)
        event.kind = EVENT_FAILED;
    journal_add(attempt->session, &event);
    buffer_finish(&served);
}
