#include "commands/attempt.h"

#include "commands/command.h"
#include "commands/journal.h"
#include "system/claude_files.h"
#include "system/log.h"
#include "system/startup.h"
#include "system/zone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Said while it runs, once: from here on it costs money. */
static void warn_of_overage(const struct attempt *attempt)
{
    struct session *session = attempt->session;
    const char *name = attempt->candidate->key->name;
    struct buffer line = {0};
    if (!attempt->evidence.overage || session->warned_of_overage)
        return;
    session->warned_of_overage = true;
    buffer_append_format(&line,
                         "\"%s\" has used up its plan; the provider bills what follows as extra "
                         "usage, and the run goes on with it",
                         name);
    journal_say(session, &(struct event){.kind = EVENT_OVERAGE, .key = name}, buffer_text(&line));
    buffer_finish(&line);
}

static void feed_gate(void *context, const char *bytes, size_t length, int64_t now_ms)
{
    struct attempt_stream *stream = context;
    struct attempt *attempt = stream->attempt;
    struct evidence *evidence = &attempt->evidence;
    evidence->time.now = time(NULL); /* what "resets 5pm" is relative to */
    gate_feed(&stream->gate, bytes, length, now_ms);
    warn_of_overage(attempt);
    /* A client that takes its turns from stdin does not exit on a limit until stdin ends. */
    if (attempt->fast_fail && attempt->session->call.claude.streams_input &&
        evidence->result_is_error && evidence->result.class != CLASS_NONE)
        input_cut(&attempt->session->input);
}

static void end_gate(void *context)
{
    struct attempt_stream *stream = context;
    gate_end(&stream->gate);
}

static int64_t gate_deadline_of(const void *context)
{
    const struct attempt_stream *stream = context;
    return gate_deadline(&stream->gate);
}

static void tick_gate(void *context, int64_t now_ms)
{
    struct attempt_stream *stream = context;
    gate_tick(&stream->gate, now_ms);
}

static void emit(void *context, const char *bytes, size_t length)
{
    relay_emit(context, bytes, length);
}

/* With --mask, instead of emit. */
static void emit_masked(void *context, const char *bytes, size_t length)
{
    struct attempt_stream *stream = context;
    mask_feed(&stream->mask, bytes, length);
}

/* An interactive client's screen is masked, not read. */
static void feed_mask(void *context, const char *bytes, size_t length, int64_t now_ms)
{
    (void)now_ms;
    emit_masked(context, bytes, length);
}

/* All tokens that are known now: a token_command that was not run has told none. */
static int make_mask(struct attempt *attempt)
{
    const struct keyring *keyring = &attempt->session->pool.keyring;
    if (!attempt->session->options->mask)
        return 0;
    const char **tokens = calloc(keyring->count + 1, sizeof *tokens);
    if (!tokens)
        return -ENOMEM;
    for (size_t i = 0; i < keyring->count; i++)
        tokens[i] = keyring->keys[i].token;
    tokens[keyring->count] = keyring->master.token;
    attempt->mask_set = mask_set_create(tokens, keyring->count + 1);
    free(tokens);
    return attempt->mask_set ? 0 : -ENOMEM;
}

static bool same_file(int a, int b)
{
    struct stat left, right;
    return fstat(a, &left) == 0 && fstat(b, &right) == 0 && left.st_dev == right.st_dev &&
           left.st_ino == right.st_ino;
}

static enum relay_kind kind_of(const struct session *session, int fd)
{
    struct stat status;
    if (isatty(fd))
        return RELAY_TERMINAL;
    bool is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    return is_file || session->call.id == CLIENT_CLAUDE ? RELAY_SPOOL : RELAY_PIPE;
}

static int open_stream(struct attempt *attempt, enum stream_id id)
{
    int fd = id == STREAM_OUT ? STDOUT_FILENO : STDERR_FILENO;
    struct attempt_stream *stream = &attempt->streams[id];
    struct relay_filter filter = {feed_gate, end_gate, gate_deadline_of, tick_gate, stream};
    int r = 0;
    stream->attempt = attempt;
    if (attempt->session->call.interactive)
        filter = (struct relay_filter){.feed = feed_mask, .context = stream};
    if (attempt->mask_set) {
        gate_init(&stream->gate, &attempt->evidence, id, emit_masked, stream);
        r = mask_init(&stream->mask, attempt->mask_set, emit, &stream->relay);
    } else {
        gate_init(&stream->gate, &attempt->evidence, id, emit, &stream->relay);
    }
    if (r == 0)
        r = relay_open(&stream->relay, kind_of(attempt->session, fd), fd, &filter);
    if (r < 0) {
        log_say("nothing was run: there can be no channel for the command's output: %s%s",
                strerror(-r), r == -ENOENT ? "; it takes /proc, and a folder TMPDIR or /tmp" : "");
        return EXIT_OWN_FAILURE;
    }
    stream->relay.may_lose = id == STREAM_ERR;
    attempt->plan.relays[id] = &stream->relay;
    attempt->plan.spawn.streams[fd] = stream->relay.child_end;
    return 0;
}

/* Streams of an interactive client are left alone unless they have to be masked. Where stdout and
 * stderr are one, the command finds them to be one too, and their order stays. */
static int open_streams(struct attempt *attempt)
{
    int *streams = attempt->plan.spawn.streams;
    for (int fd = 0; fd < 3; fd++)
        streams[fd] = startup_was_closed(fd) ? SPAWN_CLOSED : -1;
    if (attempt->session->call.interactive && !attempt->session->options->mask)
        return 0;
    if (make_mask(attempt) < 0) {
        log_say("out of memory");
        return EXIT_OWN_FAILURE;
    }
    int status = streams[1] == SPAWN_CLOSED ? 0 : open_stream(attempt, STREAM_OUT);
    if (status != 0 || streams[2] == SPAWN_CLOSED)
        return status;
    if (streams[1] >= 0 && same_file(STDOUT_FILENO, STDERR_FILENO)) {
        streams[2] = streams[1];
        return 0;
    }
    return open_stream(attempt, STREAM_ERR);
}

/* A client that takes its turns from stdin is told to continue there. */
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

/* The transcript's rows since this attempt began. */
static void read_transcript(struct attempt *attempt, off_t offset, struct transcript *transcript)
{
    struct session *session = attempt->session;
    struct client_call *call = &session->call;
    if (!call->has_session)
        return;
    if (*attempt->evidence.session_id && !call->names_session && !call->claude.session_id)
        memcpy(call->session_id, attempt->evidence.session_id, sizeof call->session_id - 1);
    errno = 0;
    char *path = *call->session_id ? claude_session_path(session->config, call->session_id) : NULL;
    transcript->unread = !path && errno == ENOMEM;
    memcpy(transcript->since, session->since, sizeof transcript->since);
    if (path)
        transcript->unread |= claude_session_read(path, offset, transcript) == -ENOMEM;
    free(path);
    session->work_begun |= transcript->work_begun;
}

static off_t transcript_size(const struct session *session)
{
    if (!session->call.has_session || !*session->call.session_id)
        return 0;
    char *path = claude_session_path(session->config, session->call.session_id);
    off_t size = claude_session_size(path);
    free(path);
    return size;
}

static bool names_another(const struct attempt *attempt)
{
    const char *source = attempt->evidence.key_source;
    bool is_api = attempt->candidate->key->kind.id == KIND_API;
    return *source && strcmp(source, is_api ? "ANTHROPIC_API_KEY" : "none") != 0;
}

/* The init line names the winner, but says "none" of an OAuth token and of ANTHROPIC_AUTH_TOKEN
 * alike, and comes with stream-json alone. */
static bool used_another(const struct attempt *attempt, const struct shield *shield)
{
    return shield->replaced || names_another(attempt);
}

static void warn_of_source(struct attempt *attempt)
{
    if (!names_another(attempt) || attempt->session->warned_of_source)
        return;
    attempt->session->warned_of_source = true;
    log_warn(
        "the client used another credential (%s) than \"%s\"; tcr-run explain -- ... shows what "
        "shadows it",
        attempt->evidence.key_source, attempt->candidate->key->name);
}

/* Only where nothing was found: else the key did not go unnoticed. */
static void warn_of_unread(const struct attempt *attempt, bool unread)
{
    struct session *session = attempt->session;
    if (!unread || attempt->finding.class != CLASS_NONE || session->warned_of_memory)
        return;
    session->warned_of_memory = true;
    log_warn("out of memory while the command's output was read: if it told that \"%s\" is used "
             "up, that went unnoticed",
             attempt->candidate->key->name);
}

/* The line is the command's: its tokens are masked where those of its output are. */
static void explain_finding(const struct attempt *attempt)
{
    const struct finding *finding = &attempt->finding;
    struct buffer line = {0};
    if (!log_says(LOG_VERBOSE))
        return;
    if (!attempt->mask_set)
        buffer_append_text(&line, finding->line);
    else if (mask_text(attempt->mask_set, finding->line, &line) < 0)
        buffer_clear(&line);
    log_explain("\"%s\": class %s, scope %s, known from %s: %s", attempt->candidate->key->name,
                failure_class_name(finding->class), failure_scope_name(finding->scope),
                failure_source_name(finding->source), buffer_text(&line));
    buffer_finish(&line);
}

/* A credential that is not the pool's failed: no key has to rest for it, and no other would help.
 */
static void drop_foreign(struct attempt *attempt, const struct shield *shield)
{
    if (!used_another(attempt, shield))
        return;
    warn_of_source(attempt);
    if (attempt->finding.class == CLASS_NONE)
        return;
    log_say("what failed is the client's other credential, not \"%s\": no key rests for it, and no "
            "other is tried",
            attempt->candidate->key->name);
    attempt->finding = (struct finding){.class = CLASS_NONE};
}

static void judge(struct attempt *attempt, off_t offset, const struct shield *shield)
{
    struct transcript transcript = {.time = {time(NULL), &zone_system}};
    struct session *session = attempt->session;
    read_transcript(attempt, offset, &transcript);
    attempt->finding = verdict_find(&attempt->result.ending, &attempt->evidence,
                                    transcript.any_row ? &transcript : NULL, session->options);
    warn_of_unread(attempt, attempt->evidence.unread || transcript.unread);
    drop_foreign(attempt, shield);
    session->session_exists |= transcript.any_row;
    session->carry = client_next_carry(&session->call, session->options, session->session_exists,
                                       session->work_begun);
    if (session->carry == CARRY_REPEAT && session->session_exists)
        session_rename(session);
    if (attempt->finding.class != CLASS_NONE)
        explain_finding(attempt);
}

/* The kernel takes no single argument or variable over 32 pages, and nothing tells which it was. */
#define LONGEST_STRING 131072

static void say_too_long(const struct handover *handover)
{
    const char *program = handover->argv[0];
    for (char **entry = handover->environment.entries; *entry; entry++)
        if (strlen(*entry) >= LONGEST_STRING) {
            log_say("%s: the variable %.*s is longer than the system passes on (128 KiB); --scrub "
                    "leaves it out",
                    program, (int)strcspn(*entry, "="), *entry);
            return;
        }
    for (char **word = handover->argv; *word; word++)
        if (strlen(*word) >= LONGEST_STRING) {
            log_say("%s: argument %td is longer than the system passes on (128 KiB); give it on "
                    "standard input or in a file",
                    program, word - handover->argv);
            return;
        }
    log_say(
        "%s: arguments and environment together are longer than the system passes on (a quarter "
        "of the stack limit)",
        program);
}

static int exec_status(const struct attempt *attempt, const struct handover *handover)
{
    const char *program = handover->argv[0];
    int error = attempt->result.error;
    if (error == E2BIG)
        say_too_long(handover);
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
    if (session->call.id == CLIENT_CLAUDE ||
        verdict_find(ending, &attempt->evidence, NULL, session->options).class != CLASS_NONE)
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

/* Where leases last for ever there is nothing to do, and nothing to be asked each time. */
static void keep_lease(struct attempt *attempt)
{
    if (lease_due(attempt) < 0)
        return;
    attempt->plan.due = lease_due;
    attempt->plan.tick = renew_lease;
}

static int supervise(struct attempt *attempt, struct handover *handover)
{
    struct supervision *plan = &attempt->plan;
    off_t offset = transcript_size(attempt->session);
    plan->signal_fd = attempt->session->signal_fd;
    plan->started = note_start;
    plan->lingers = drop_inherited;
    plan->context = attempt;
    keep_lease(attempt);
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
        log_say(
            "the command was ended: its input could not be handed on (no memory, or what was kept "
            "of it cannot be read)");
        return EXIT_OWN_FAILURE;
    }
    judge(attempt, offset, &handover->shield);
    return 0;
}

int attempt_run(struct attempt *attempt)
{
    struct handover handover;
    attempt->evidence =
        (struct evidence){.time = {time(NULL), &zone_system}, .options = attempt->session->options};
    int status =
        handover_build(attempt->session, attempt->candidate, attempt->fast_fail, &handover);
    if (status == 0)
        status = open_streams(attempt);
    if (status == 0)
        status = open_input(attempt);
    if (status == 0)
        status = supervise(attempt, &handover);
    handover_finish(&handover);
    return status;
}

void attempt_release(struct attempt *attempt, bool drop)
{
    for (int i = 0; i < STREAM_COUNT; i++) {
        if (!attempt->plan.relays[i])
            continue;
        gate_release(&attempt->streams[i].gate, drop);
        if (attempt->mask_set)
            mask_end(&attempt->streams[i].mask);
    }
    if (!drop && supervisor_is_pending(&attempt->plan))
        startup_drop_inherited();
    supervisor_flush(&attempt->plan);
}

int attempt_lost(const struct attempt *attempt, enum stream_id id)
{
    int error = attempt->plan.relays[id] ? attempt->plan.relays[id]->error : 0;
    return error == -EPIPE ? 0 : -error;
}

void attempt_finish(struct attempt *attempt)
{
    for (int i = 0; i < STREAM_COUNT; i++) {
        if (attempt->plan.relays[i])
            relay_close(attempt->plan.relays[i]);
        gate_finish(&attempt->streams[i].gate);
        mask_finish(&attempt->streams[i].mask);
    }
    mask_set_destroy(attempt->mask_set);
}
