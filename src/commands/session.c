#include "commands/session.h"

#include "commands/command.h"
#include "core/environment.h"
#include "system/claude_files.h"
#include "system/log.h"
#include "system/process.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define UNDERSIZED_WARNING_SECONDS 3600

/* A random UUID (version 4). */
static void fresh_uuid(char ret_id[CLIENT_SESSION_ID])
{
    unsigned char b[16];
    randombytes_buf(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(ret_id, CLIENT_SESSION_ID,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}

void session_rename(struct session *session)
{
    if (session->call.names_session)
        fresh_uuid(session->call.session_id);
    session->session_exists = session->work_begun = false;
}

static void stamp_start(struct session *session)
{
    struct timespec now;
    struct tm civil;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (!gmtime_r(&now.tv_sec, &civil))
        return;
    size_t length = strftime(session->since, sizeof session->since, "%Y-%m-%dT%H:%M:%S", &civil);
    snprintf(session->since + length, sizeof session->since - length, ".%03uZ",
             (unsigned)(now.tv_nsec / 1000000) % 1000);
}

/* Where the transcript stands now, so that only rows of this run count. */
static void find_session_start(struct session *session)
{
    struct client_call *call = &session->call;
    if (!call->has_session)
        return;
    if (!*call->session_id && call->claude.continues)
        (void)claude_newest_session(session->config, call->session_id, sizeof call->session_id);
    if (!*call->session_id || call->names_session)
        return;
    char *path = claude_session_path(session->config, call->session_id);
    session->run_offset = claude_session_size(path);
    free(path);
}

static int open_client(struct session *session)
{
    char id[CLIENT_SESSION_ID];
    const struct options *options = session->options;
    bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    fresh_uuid(id);
    client_analyse(options->command, options, terminal, id, &session->call);
    session->demand = (struct demand){
        .pinned = options->key, .can_use = client_can_use, .can_use_context = &session->call};
    if (session->call.id != CLIENT_CLAUDE)
        return 0;
    session->demand.model = session->call.claude.model
                                ? session->call.claude.model
                                : environment_get(environ, "ANTHROPIC_MODEL");
    session->config = claude_config_folder(environ);
    if (!session->config) {
        log_say("there is no home folder: set HOME or CLAUDE_CONFIG_DIR");
        return EXIT_OWN_FAILURE;
    }
    stamp_start(session);
    find_session_start(session);
    return 0;
}

/* The default of a run: Anthropic's kinds, if the pool has any. */
static bool is_default_kind(const struct kind *kind, const void *context)
{
    const struct session *session = context;
    return kind_is_anthropic(kind) && client_can_use(kind, &session->call);
}

static void narrow_kinds(struct session *session)
{
    const struct keyring *keyring = &session->pool.keyring;
    for (size_t i = 0; i < keyring->count; i++)
        if (!keyring->keys[i].kind_known || kind_is_anthropic(&keyring->keys[i].kind)) {
            session->demand.can_use = is_default_kind;
            session->demand.can_use_context = session;
            return;
        }
}

int session_open(struct session *session, const struct options *options)
{
    *session = (struct session){.options = options, .environment = environ, .signal_fd = -1};
    input_init(&session->input, false);
    int status = pool_open(&session->pool, options);
    if (status != 0)
        return status;
    session->owner = process_self();
    status = open_client(session);
    narrow_kinds(session);
    return status;
}

void session_close(struct session *session)
{
    input_finish(&session->input);
    pool_close(&session->pool);
    free(session->config);
    if (session->signal_fd >= 0)
        (void)close(session->signal_fd);
}

static struct record *record_for(struct state *state, const struct turn *turn)
{
    const struct key *key = turn->used->key;
    bool shared = turn->finding->scope == SCOPE_ORGANIZATION && key->organization;
    return shared ? state_touch(&state->organizations, key->organization)
                  : state_touch(&state->keys, turn->used->id);
}

static void note_failure(struct state *state, struct turn *turn)
{
    struct record *record = state_touch(&state->keys, turn->used->id);
    if (!record)
        return;
    record->failures++;
    record->last_failed = turn->now;
    record->last_class = turn->finding->class;
    if (strcmp(state->cursor, turn->used->id) == 0)
        snprintf(state->cursor, sizeof state->cursor, "%s",
                 rotation_next(&turn->session->pool.rotation, turn->used));
}

static bool record_finding(struct state *state, struct turn *turn)
{
    int64_t seconds = policy_cooldown(&turn->session->pool.policy, turn->finding, turn->now);
    turn->until = turn->now + seconds;
    note_failure(state, turn);
    struct record *record = record_for(state, turn);
    turn->failed |= !record || record_cool(record, turn->finding, seconds, turn->now) < 0;
    return true;
}

/* Success writes only what it changes: most runs leave the file alone here, and their lease dies
 * with them. */
static bool record_success(struct state *state, const struct turn *turn)
{
    const struct record *known = state_find(&state->keys, turn->used->id);
    if (!known || (known->failures == 0 && known->cooldown_count == 0))
        return false;
    struct record *record = state_touch(&state->keys, turn->used->id);
    if (record)
        record_reset(record);
    return record != NULL;
}

static void take(struct state *state, struct turn *turn)
{
    struct session *session = turn->session;
    struct candidate *chosen = turn->chosen;
    struct lease lease = {.owner = session->owner, .since = turn->now};
    memcpy(lease.key, chosen->id, sizeof lease.key);
    state_drop_leases(state, &session->owner);
    struct record *record = state_touch(&state->keys, chosen->id);
    if (!record || state_add_lease(state, &lease) < 0 ||
        (turn->is_master && state_note_master_use(state, turn->now) < 0)) {
        turn->failed = true;
        return;
    }
    snprintf(record->name, sizeof record->name, "%s", chosen->key->name);
    record->last_used = turn->now;
    record->runs++;
    if (!turn->is_master)
        memcpy(state->cursor, chosen->id, sizeof state->cursor);
}

static void note_size(struct state *state, struct turn *turn)
{
    turn->live_runs = state->lease_count;
    turn->undersized = !turn->is_master && turn->live_runs > turn->ready_keys &&
                       turn->live_runs > 1 &&
                       turn->now - state->warned_undersized >= UNDERSIZED_WARNING_SECONDS;
    if (turn->undersized)
        state->warned_undersized = turn->now;
}

static bool master_allowed(const struct turn *turn)
{
    return !turn->session->master_tried &&
           !(turn->finding && failure_is_transient(turn->finding->class));
}

static bool choose(struct state *state, struct turn *turn)
{
    struct session *session = turn->session;
    struct rotation *rotation = &session->pool.rotation;
    int left = session->pool.policy.retries - session->pool_attempts;
    turn->failed |= rotation_survey(rotation, state, &session->demand, turn->now) < 0;
    if (turn->failed)
        return false;
    turn->ready_keys = rotation_ready(rotation);
    if (left > 0)
        turn->chosen = rotation_choose(rotation, state->cursor);
    struct candidate *master = master_allowed(turn) ? rotation_master(rotation) : NULL;
    turn->is_master = !turn->chosen && master;
    if (turn->is_master)
        turn->chosen = master;
    turn->another_left = !turn->is_master && ((left > 1 && turn->ready_keys > 1) || master);
    if (!turn->chosen)
        return false;
    take(state, turn);
    note_size(state, turn);
    return true;
}

/* A change may be made again, on another state: what the last time left in the turn goes, and the
 * key that was used may have another identity there. */
static void begin_turn(const struct state *state, int64_t now, struct turn *turn)
{
    turn->now = now;
    turn->chosen = NULL;
    turn->is_master = turn->another_left = turn->undersized = turn->failed = false;
    turn->until = 0;
    turn->live_runs = turn->ready_keys = 0;
    if (turn->used && identity_of(turn->used->key, state->salt, turn->used->id) < 0)
        turn->failed = true;
}

static bool change(struct state *state, int64_t now, void *context)
{
    struct turn *turn = context;
    bool changed = false;
    begin_turn(state, now, turn);
    if (turn->used)
        turn->used->tried = true;
    if (turn->used && turn->finding)
        changed |= record_finding(state, turn);
    if (turn->used && turn->succeeded)
        changed |= record_success(state, turn);
    if (turn->choose)
        changed |= choose(state, turn);
    return changed;
}

void session_turn(struct turn *turn)
{
    /* Before anything is locked: does success have anything to record? */
    if (store_update(turn->session->pool.store, change, turn) < 0)
        turn->failed = true;
}
