#include "commands/run/streams.h"

#include "commands/command.h"
#include "commands/run/journal.h"
#include "commands/run/lastword.h"
#include "system/fileid.h"
#include "system/log.h"
#include "system/process/startup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Reported once, while the command runs: from here on it costs money. */
static void warn_of_overage(const struct attempt *attempt)
{
    struct session *session = attempt->session;
    const char *name = attempt->candidate->key->name;
    struct buffer line = {0};
    if (!attempt->evidence.overage || session->warned_of_overage)
        return;
    session->warned_of_overage = true;
    buffer_append_format(
        &line, "\"%s\" has used up its plan; from now on it is billed as extra usage", name);
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
    lastword_look(attempt, now_ms);
    warn_of_overage(attempt);
    /* A client that reads its turns from stdin does not exit at a limit until stdin ends. */
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
    int64_t due = lastword_due(stream->attempt), deadline = gate_deadline(&stream->gate);
    return due >= 0 && (deadline < 0 || due < deadline) ? due : deadline;
}

static void tick_gate(void *context, int64_t now_ms)
{
    struct attempt_stream *stream = context;
    gate_tick(&stream->gate, now_ms);
    lastword_look(stream->attempt, now_ms);
}

static void emit(void *context, const char *bytes, size_t length)
{
    relay_emit(context, bytes, length);
}

/* Replaces emit with --mask. */
static void emit_masked(void *context, const char *bytes, size_t length)
{
    struct attempt_stream *stream = context;
    mask_feed(&stream->mask, bytes, length);
}

/* An interactive client's screen is masked, but not read. */
static void feed_mask(void *context, const char *bytes, size_t length, int64_t now_ms)
{
    (void)now_ms;
    emit_masked(context, bytes, length);
}

/* All tokens that are known now. A token_command that did not run has given none. */
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
    return fileid_is_same(fileid_open(a), fileid_open(b));
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
        log_say("nothing was run: no channel for its output: %s%s", strerror(-r),
                r == -ENOENT ? "; it needs /proc, and TMPDIR or /tmp" : "");
        return EXIT_OWN_FAILURE;
    }
    stream->relay.may_lose = id == STREAM_ERR;
    attempt->plan.relays[id] = &stream->relay;
    attempt->plan.spawn.streams[fd] = stream->relay.child_end;
    return 0;
}

int streams_open(struct attempt *attempt)
{
    int *streams = attempt->plan.spawn.streams;
    lastword_begin(attempt);
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

void streams_release(struct attempt *attempt, bool drop)
{
    for (int i = 0; i < STREAM_COUNT; i++) {
        if (!attempt->plan.relays[i])
            continue;
        gate_release(&attempt->streams[i].gate, drop);
        if (attempt->mask_set)
            mask_end(&attempt->streams[i].mask);
    }
}

void streams_close(struct attempt *attempt)
{
    for (int i = 0; i < STREAM_COUNT; i++) {
        if (attempt->plan.relays[i])
            relay_close(attempt->plan.relays[i]);
        gate_finish(&attempt->streams[i].gate);
        mask_finish(&attempt->streams[i].mask);
    }
    mask_set_destroy(attempt->mask_set);
}
