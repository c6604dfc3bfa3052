#include "commands/run/lastword.h"

#include "system/keys/claude_files.h"
#include "system/zone.h"

#include <stdlib.h>
#include <string.h>

/* The record is normally written right before the text. If it does not have the text by then, the
 * text is passed on: nothing more would be known about it later. */
#define LOOK_EVERY_MS 10
#define LOOK_FOR_MS   1000

void lastword_begin(struct attempt *attempt)
{
    const struct session *session = attempt->session;
    const struct client_call *call = &session->call;
    attempt->evidence.last_word = call->id == CLIENT_CLAUDE && call->claude.print &&
                                  !call->interactive && call->has_session && *call->session_id &&
                                  !call->claude.fork_session && !call->claude.no_persistence &&
                                  (attempt->fast_fail || session->options->waits);
    attempt->word_since = attempt->word_due = -1;
}

static enum last_word read_record(const struct attempt *attempt)
{
    const struct session *session = attempt->session;
    const struct buffer *held = &attempt->streams[STREAM_OUT].gate.held;
    struct transcript transcript = {.time = {attempt->evidence.time.now, &zone_system}};
    memcpy(transcript.since, session->since, sizeof transcript.since);
    char *path = claude_session_path(session->config, session->call.session_id);
    if (path)
        (void)claude_session_read(path, attempt->transcript_offset, &transcript);
    free(path);
    return transcript_last_word(&transcript, buffer_text(held), held->length);
}

/* The held text does not belong to a failure, and neither does the rest. */
static void let_go(struct attempt *attempt)
{
    attempt->evidence.last_word = false;
    attempt->word_due = -1;
    /* A sentence that we recognize is still held until the verdict. */
    if (attempt->evidence.text[STREAM_OUT].finding.class == CLASS_NONE)
        gate_release(&attempt->streams[STREAM_OUT].gate, false);
}

void lastword_look(struct attempt *attempt, int64_t now_ms)
{
    const struct gate *gate = &attempt->streams[STREAM_OUT].gate;
    if (!attempt->evidence.last_word || !gate->holding || now_ms < attempt->word_due)
        return;
    if (attempt->evidence.result_seen || attempt->evidence.row.line[0]) {
        attempt->word_due = -1; /* JSON needs no guess */
        return;
    }
    if (attempt->word_since < 0)
        attempt->word_since = now_ms;
    enum last_word word = read_record(attempt);
    if (word == LAST_WORD_FAILURE)
        attempt->word_due = INT64_MAX;
    else if (word == LAST_WORD_ANSWER || now_ms - attempt->word_since >= LOOK_FOR_MS)
        let_go(attempt);
    else
        attempt->word_due = now_ms + LOOK_EVERY_MS;
}

int64_t lastword_due(const struct attempt *attempt)
{
    return attempt->word_due == INT64_MAX ? -1 : attempt->word_due;
}
