#include "commands/check.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "commands/command.h"
#include "commands/host.h"
#include "commands/run/journal.h"
#include "core/evidence/plain.h"
#include "core/pool/destination.h"
#include "core/show/render.h"
#include "system/files.h"
#include "system/keys/keysource.h"
#include "system/keys/login.h"
#include "system/log.h"
#include "system/process/signals.h"
#include "system/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int check_init(struct check_round *round, struct session *session,
               bool (*wants)(const struct candidate *, const void *), const void *context)
{
    struct rotation *rotation = &session->pool.rotation;
    size_t most = rotation->count + rotation->has_master;
    *round = (struct check_round){.session = session, .seconds = CHECK_SECONDS};
    round->checks = calloc(most + 1, sizeof *round->checks);
    if (!round->checks)
        return -ENOMEM;
    for (size_t i = 0; i < most; i++)
        if (wants(&rotation->candidates[i], context))
            round->checks[round->count++].candidate = &rotation->candidates[i];
    return 0;
}

void check_finish(struct check_round *round)
{
    for (size_t i = 0; i < round->count; i++) {
        probe_finish(&round->checks[i].probe);
        buffer_finish(&round->checks[i].reason);
    }
    free(round->checks);
    *round = (struct check_round){0};
}

static int get_token(struct session *session, struct check *check)
{
    struct key *key = check->candidate->key;
    struct keyring *keyring = &session->pool.keyring;
    int64_t end;
    if (key->source == KEY_CONFIG_DIR)
        return login_read(keyring, key->config_dir, &check->reason, &check->token, &end);
    int r = keysource_resolve(keyring, key, session->environment, &command_host, &check->reason);
    check->token = key->token;
    if (r == 0 && !key->token) {
        buffer_append_text(&check->reason, "its token cannot be read");
        r = -EINVAL;
    }
    return r;
}

/* A key that cannot be asked about does not keep the others from being asked. */
static int prepare(struct check_round *round)
{
    for (size_t i = 0; i < round->count; i++) {
        struct check *check = &round->checks[i];
        const struct kind *kind = &check->candidate->key->kind;
        check->meaning.state = CHECK_UNCLEAR;
        int r = get_token(round->session, check);
        if (signals_end_pending())
            return -EINTR;
        struct destination to = destination_of(check->candidate->key, round->session->environment);
        if (r == 0)
            r = probe_build(kind, check->token, to.url, &check->probe, &check->reason);
        if (r == -ENOMEM)
            return r;
        if (r < 0)
            check->token = NULL;
    }
    return 0;
}

static void show_progress(size_t done, size_t count)
{
    char line[80];
    int length = snprintf(line, sizeof line, "\rtcr-run: checking keys: %zu of %zu", done, count);
    if (done == count) /* the line is free for something else now; every terminal can do this */
        length = snprintf(line, sizeof line, "\r%*s\r", length, "");
    (void)files_write_all(STDERR_FILENO, line, (size_t)length);
}

static const char *failure_words(const struct finding *finding)
{
    static const char *const words[CLASS_COUNT] = {
        [CLASS_LIMIT] = "usage limit",
        [CLASS_THROTTLED] = "rate limited",
        [CLASS_AUTH] = "not authenticated",
        [CLASS_FORBIDDEN] = "not allowed",
        [CLASS_BILLING] = "no credit left",
        [CLASS_SERVER] = "trouble on the provider's side",
        [CLASS_NETWORK] = "trouble on the way to the provider",
    };
    return finding->class == CLASS_LIMIT && *finding->what ? finding->what : words[finding->class];
}

/* A provider may quote what it was sent. The whole answer is searched, because the line may end
 * within a token. */
static bool may_be_shown(const struct check *check, const char *body)
{
    return !probe_is_quoted(&check->probe, check->token, body) &&
           !probe_is_quoted(&check->probe, check->token, check->meaning.finding.line);
}

static void describe_answer(const struct check *check, const char *body, struct buffer *text)
{
    const struct finding *finding = &check->meaning.finding;
    const char *variable = kind_base_variable(&check->candidate->key->kind);
    const char *said = may_be_shown(check, body) ? finding->line : "";
    if (finding->class != CLASS_NONE)
        buffer_append_format(text, "%s (%d)", failure_words(finding), check->status);
    else if (check->status >= 300 && check->status <= 399)
        buffer_append_format(text, "redirected elsewhere (%d), where no key is sent; correct %s",
                             check->status, variable);
    else
        buffer_append_format(text, "the answer (%d) says nothing of the key%s%s%s", check->status,
                             *said ? "" : "; is ", *said ? "" : variable, *said ? "" : " right?");
    if (*said)
        buffer_append_format(text, ": %s", said);
}

static void read_exchange(const struct http_exchange *exchange, struct check *check)
{
    const struct reading_time time_now = {time(NULL), &zone_system};
    const struct answer answer = {.status = exchange->status,
                                  .headers = buffer_text(&exchange->answer_headers),
                                  .body = buffer_text(&exchange->body),
                                  .body_length = exchange->body.length};
    check->status = exchange->status;
    check->milliseconds = exchange->milliseconds;
    if (exchange->status > 0) {
        answer_read(&answer, &time_now, &check->meaning);
        if (check->meaning.state != CHECK_VALID)
            describe_answer(check, answer.body, &check->reason);
    } else {
        check->meaning.state = CHECK_UNREACHABLE;
        plain_append(exchange->error, strlen(exchange->error), &check->reason);
    }
}

/* Asks about the keys whose secret is there. */
static int ask(struct check_round *round, struct buffer *error)
{
    CLEANUP_FREE struct http_exchange *exchanges = calloc(round->count + 1, sizeof *exchanges);
    struct http_plan plan = {
        .exchanges = exchanges, .seconds = round->seconds, .host = &command_host_stoppable};
    if (!exchanges)
        return -ENOMEM;
    for (size_t i = 0; i < round->count; i++) {
        const struct probe *probe = &round->checks[i].probe;
        if (round->checks[i].token)
            exchanges[plan.count++] = (struct http_exchange){
                .url = probe->url, .headers = probe->headers, .header_count = probe->header_count};
    }
    if (isatty(STDERR_FILENO) && log_says(LOG_NORMAL))
        plan.progress = show_progress;
    int r = http_run(&plan, error);
    for (size_t i = 0, next = 0; i < round->count; i++) {
        if (!round->checks[i].token)
            continue;
        if (r == 0)
            read_exchange(&exchanges[next], &round->checks[i]);
        http_finish(&exchanges[next++]);
    }
    return r;
}

static bool record_one(struct state *state, struct check_round *round, struct check *check,
                       int64_t now)
{
    struct asked asked;
    struct pool *pool = &round->session->pool;
    struct choice choice = {.policy = &pool->policy,
                            .rotation = &pool->rotation,
                            .used = check->candidate,
                            .finding = &check->meaning.finding};
    bool known = state_find(&state->keys, check->candidate->id) != NULL;
    if (check->meaning.state == CHECK_VALID)
        return known && record_forget(state_touch(&state->keys, check->candidate->id), CLASS_AUTH);
    /* Trouble on the way there is no reason to rest a key: it says nothing about the key, and would
     * rest all of them at once. */
    if (check->meaning.state != CHECK_REFUSED && check->meaning.state != CHECK_LIMITED)
        return false;
    asked_of_key(check->candidate->key, &asked);
    choice_record_failure(&choice, state,
                          round->slot ? round->slot->pool : session_pool_name(asked.names[0]), now,
                          time(NULL));
    round->failed |= choice.failed;
    check->until = choice.until;
    struct record *record = state_touch(&state->keys, check->candidate->id);
    if (record)
        snprintf(record->name, sizeof record->name, "%s", check->candidate->key->name);
    return true;
}

static bool record(struct state *state, int64_t now, void *context)
{
    struct check_round *round = context;
    struct session *session = round->session;
    bool changed = false;
    const struct demand any = {0}, *demand = round->slot ? &round->slot->demand : &any;
    round->failed = rotation_survey(&session->pool.rotation, state, demand, now) < 0;
    if (round->failed)
        return false;
    for (size_t i = 0; i < round->count; i++)
        changed |= record_one(state, round, &round->checks[i], now);
    return changed;
}

static void note_events(const struct check_round *round)
{
    for (size_t i = 0; i < round->count; i++) {
        const struct check *check = &round->checks[i];
        struct buffer text = {0};
        if (check->meaning.state != CHECK_REFUSED && check->meaning.state != CHECK_LIMITED)
            continue;
        buffer_append_text(&text, "a check found that it ");
        render_failure(&text, &check->meaning.finding);
        journal_add_check(&round->session->pool, check->candidate->key->name, buffer_text(&text));
        buffer_finish(&text);
    }
}

int check_run(struct check_round *round)
{
    struct buffer error = {0};
    int r = http_is_there(&error) ? prepare(round) : -EINVAL;
    if (r == 0)
        r = ask(round, &error);
    if (r == 0 && (store_update(round->session->pool.store, record, round) < 0 || round->failed))
        r = -ENOMEM;
    if (r == 0)
        note_events(round);
    if (r < 0 && r != -EINTR) {
        log_say("%s", r == -ENOMEM || error.failed ? "out of memory" : buffer_text(&error));
        r = EXIT_OWN_FAILURE;
    }
    buffer_finish(&error);
    return r;
}
