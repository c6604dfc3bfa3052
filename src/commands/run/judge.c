#include "commands/run/judge.h"

#include "base/path.h"

#include "system/keys/claude_files.h"
#include "system/log.h"
#include "system/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The rows that were added to the transcript since this attempt began. */
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

off_t judge_begin(const struct session *session)
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

/* The init line names the source that was used, but it says "none" for both an OAuth token and
 * ANTHROPIC_AUTH_TOKEN, and it comes only with stream-json. */
static bool used_another(const struct attempt *attempt, const struct shield *shield)
{
    return shield->replaced || names_another(attempt);
}

static void warn_of_source(struct attempt *attempt)
{
    if (!names_another(attempt) || attempt->session->warned_of_source)
        return;
    attempt->session->warned_of_source = true;
    log_warn("the client used %s, not \"%s\"; tcr-run explain -- ... shows why",
             attempt->evidence.key_source, attempt->candidate->key->name);
}

/* Only where nothing was found: otherwise the failure was noticed. */
static void warn_of_unread(const struct attempt *attempt, bool unread)
{
    struct session *session = attempt->session;
    if (!unread || attempt->finding.class != CLASS_NONE || session->warned_of_memory)
        return;
    session->warned_of_memory = true;
    log_warn("out of memory while reading the output; if it said that \"%s\" is used up, that went "
             "unnoticed",
             attempt->candidate->key->name);
}

/* The line is the command's: its tokens are masked as they are in its output. */
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

/* Why nothing is carried on, and what would change that. */
static void explain_nothing(const struct attempt *attempt)
{
    const struct evidence *evidence = &attempt->evidence;
    const struct ending *ending = &attempt->result.ending;
    const char *program = path_name(attempt->session->call.argv[0]);
    const char *name = attempt->candidate->key->name;
    if (ending->by_signal) {
        log_explain("signal %d ended %s: that is no failure of \"%s\"", ending->code, program,
                    name);
    } else if (evidence->result_seen && evidence->result_is_error) {
        log_explain("the result of %s is an error, but not one of \"%s\"", program, name);
    } else if (ending->code != 0) {
        log_explain("status %d, and no known message: a failure of %s itself, not of \"%s\"; if a "
                    "line of its output means that the key is used up, say so with --marker "
                    "'limit=REGEX', or with --exit-class %d=limit; tcr-run classify shows what is "
                    "made of an output",
                    ending->code, program, name, ending->code);
    } else if (evidence->text[STREAM_OUT].finding.class != CLASS_NONE ||
               evidence->text[STREAM_ERR].finding.class != CLASS_NONE) {
        log_explain("status 0: the message in the output counts only with a failure");
    }
}

/* A credential that is not from the pool failed. No key has to rest for that, and no other would
 * help. */
static void drop_foreign(struct attempt *attempt, const struct shield *shield)
{
    attempt->used_another = used_another(attempt, shield);
    if (!attempt->used_another)
        return;
    warn_of_source(attempt);
    if (attempt->finding.class == CLASS_NONE)
        return;
    log_say("the client's other credential failed, not \"%s\": no key rests, no other is tried",
            attempt->candidate->key->name);
    attempt->finding = (struct finding){.class = CLASS_NONE};
}

void judge_end(struct attempt *attempt, off_t offset, const struct shield *shield)
{
    struct transcript transcript = {.time = {time(NULL), &zone_system}};
    struct session *session = attempt->session;
    read_transcript(attempt, offset, &transcript);
    attempt->finding =
        verdict_find(&attempt->result.ending, &attempt->evidence,
                     transcript.any_row ? &transcript : NULL, &session->options->taught);
    attempt->served =
        attempt->evidence.served || attempt->evidence.work_begun || transcript.work_begun;
    finding_name_model(&attempt->finding, session->slots[0].demand.model);
    warn_of_unread(attempt, attempt->evidence.unread || transcript.unread);
    drop_foreign(attempt, shield);
    if (attempt->finding.class == CLASS_NONE && !attempt->used_another)
        attempt->waited_out = transcript.limit;
    session->session_exists |= transcript.any_row;
    session->carry = client_next_carry(&session->call, session->options, session->session_exists,
                                       session->work_begun);
    if (session->carry == CARRY_REPEAT && session->session_exists)
        session_rename(session);
    if (attempt->finding.class != CLASS_NONE)
        explain_finding(attempt);
    else if (!attempt->used_another)
        explain_nothing(attempt);
}
