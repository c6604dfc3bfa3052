#include "commands/run/whynot.h"

#include "core/show/keynames.h"
#include "core/show/render.h"
#include "system/log.h"
#include "system/zone.h"

#include <string.h>

static bool has_lost_input(const struct session *session)
{
    return session->input.overflowed && session->carry != CARRY_CONTINUE;
}

enum whynot whynot_stopped(const struct session *session, const struct attempt *attempt)
{
    if (attempt->result.asked_to_end)
        return WHYNOT_ASKED_TO_END;
    if (!policy_rotates(&session->pool.policy, attempt->finding.class))
        return WHYNOT_CLASS;
    if (attempt_lost(attempt, STREAM_OUT))
        return WHYNOT_OUTPUT;
    if (attempt->is_last)
        return WHYNOT_TOO_LATE;
    if (has_lost_input(session))
        return session->input.keep_error ? WHYNOT_INPUT_ERROR : WHYNOT_INPUT_SIZE;
    return WHYNOT_NOTHING;
}

enum whynot whynot_none_left(const struct step *step)
{
    const struct session *session = step->session;
    if (step->choice.busy)
        return WHYNOT_BUSY;
    if (session->options->key)
        return WHYNOT_PINNED;
    if (step->choice.slot->attempts >= session->pool.policy.retries &&
        rotation_ready(&session->pool.rotation) > 0)
        return WHYNOT_RETRIES;
    return WHYNOT_NONE_LEFT;
}

/* Clauses without a number or a name. */
static const char *const clauses[WHYNOT_COUNT] = {
    [WHYNOT_TOO_LATE] = "the command had ended before that was printed",
    [WHYNOT_MEMORY] = "out of memory",
    [WHYNOT_NO_RESUME] = "--no-resume is given",
    [WHYNOT_BUSY] = "every other key is in use",
    [WHYNOT_PINNED] = "--key allows no other",
    [WHYNOT_RETRIES] = "as many keys as --retries allows were tried",
    [WHYNOT_NONE_LEFT] = "no other key is left",
};

bool whynot_append(struct buffer *text, enum whynot why, const struct session *session,
                   const struct attempt *attempt)
{
    if (clauses[why])
        buffer_append_text(text, clauses[why]);
    else if (why == WHYNOT_CLASS)
        buffer_append_format(text, "%s does not name the class %s",
                             session->options->retry_on ? "--retry-on" : "retry_on in the key file",
                             failure_class_name(attempt->finding.class));
    else if (why == WHYNOT_OUTPUT)
        buffer_append_format(text, "its output cannot be written (%s)",
                             strerror(attempt_lost(attempt, STREAM_OUT)));
    else if (why == WHYNOT_INPUT_ERROR)
        buffer_append_format(text, "the command's input could not be kept (%s)",
                             strerror(session->input.keep_error));
    else if (why == WHYNOT_INPUT_SIZE)
        buffer_append_format(text, "the command read more input than is kept (%d MiB)",
                             INPUT_KEPT_MOST / (1024 * 1024));
    else
        return false;
    return true;
}

static const char *const remedies[WHYNOT_COUNT] = {
    [WHYNOT_ASKED_TO_END] = "the run was asked to end: no other key is tried",
    [WHYNOT_OUTPUT] = "no option changes that: the output needs a place with room",
    [WHYNOT_TOO_LATE] = "a command is carried on only if it waits for the programs it started",
    [WHYNOT_INPUT_ERROR] = "input from a file is read again without a copy: <FILE in place of |",
    [WHYNOT_INPUT_SIZE] = "input from a file is read again without a copy: <FILE in place of |",
    [WHYNOT_GATEWAY] = "the requests went through a gateway, which changes keys itself, so the "
                       "command is not started again; with --no-gateway it would be",
    [WHYNOT_NO_RESUME] = "without --no-resume the conversation would be carried on",
    [WHYNOT_ANSWER] = "the answer was no; --auto carries on without asking",
    [WHYNOT_PINNED] =
        "without --key another key would be tried; with --wait this one is waited for",
};

static void explain_class(const struct step *step)
{
    const struct policy *policy = &step->session->pool.policy;
    struct buffer list = {0};
    for (int class = CLASS_NONE + 1; class < CLASS_COUNT; class ++)
        if (policy_rotates(policy, (enum failure_class) class) ||
            class == (int)step->choice.finding->class)
            buffer_append_format(&list, "%s%s", list.length ? "," : "",
                                 failure_class_name((enum failure_class) class));
    log_explain("with --retry-on %s the run would be carried on", buffer_text(&list));
    buffer_finish(&list);
}

static const char *why_no_master(const struct step *step, const struct candidate *master)
{
    if (step->session->options->no_master)
        return "--no-master is given";
    if (master->standing == STANDING_READY && failure_is_transient(step->choice.finding->class))
        return "not used for trouble on the provider's side";
    return step->session->master_tried ? "tried in this run" : NULL;
}

static void append_others(struct buffer *text, const struct step *step)
{
    const struct rotation *rotation = &step->session->pool.rotation;
    size_t count = rotation->count + rotation->has_master;
    struct keynames names = {.text = text, .between = "; ", .most = WHYNOT_NAMED_MOST};
    for (size_t i = 0; i < count; i++) {
        const struct candidate *candidate = &rotation->candidates[i];
        const char *why = i == rotation->count ? why_no_master(step, candidate) : NULL;
        if (candidate == step->choice.used || !keynames_add(&names, candidate->key->name))
            continue;
        buffer_append_char(text, ' ');
        if (why)
            buffer_append_text(text, why);
        else
            render_standing(text, candidate, step->choice.now, &zone_system);
    }
    keynames_end(&names);
}

static void explain_none_left(const struct step *step)
{
    const struct session *session = step->session;
    struct buffer others = {0};
    append_others(&others, step);
    if (others.length > 0)
        log_explain("the other keys: %s", buffer_text(&others));
    else
        log_explain("there is only this key; tcr-run keys add NAME adds another");
    if (session->options->no_master)
        log_explain("without --no-master a master key would be used");
    if (!session->options->waits && rotation_earliest(&session->pool.rotation) > 0)
        log_explain("with --wait the first that is ready again would be waited for");
    buffer_finish(&others);
}

void whynot_explain(enum whynot why, const struct step *step)
{
    if (!log_says(LOG_VERBOSE))
        return;
    if (remedies[why])
        log_explain("%s", remedies[why]);
    else if (why == WHYNOT_CLASS)
        explain_class(step);
    else if (why == WHYNOT_RETRIES)
        log_explain("with --retries %d another key would be tried",
                    step->session->pool.policy.retries + 1);
    else if (why == WHYNOT_NONE_LEFT)
        explain_none_left(step);
}
