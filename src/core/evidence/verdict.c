#include "core/evidence/verdict.h"

#include "core/evidence/errorfields.h"

#include <stdio.h>
#include <string.h>

/* The exact window of a rate_limit_event improves on what a sentence could tell. */
static struct finding with_window(struct finding finding, const struct evidence *evidence)
{
    if (evidence->window_rejected)
        errorfields_apply_window(&evidence->window, &finding);
    return finding;
}

/* The stronger of the two streams'; the first of equals. */
static const struct finding *text_finding(const struct evidence *evidence)
{
    const struct finding *out = &evidence->text[STREAM_OUT].finding;
    const struct finding *err = &evidence->text[STREAM_ERR].finding;
    const struct finding *best = err->source > out->source ? err : out;
    return best->source != SOURCE_NOTHING ? best : NULL;
}

static struct finding find(const struct ending *ending, const struct evidence *evidence,
                           const struct transcript *transcript, const struct taught *taught)
{
    const struct finding none = {0};
    if (ending->by_signal)
        return none;
    if (evidence->result_seen && evidence->result_is_error)
        return with_window(evidence->result, evidence);
    if (evidence->result_seen && ending->code == 0)
        return none;
    if (transcript && transcript->last_was_error && transcript->last.class != CLASS_NONE)
        return with_window(transcript->last, evidence);
    if (ending->code == 0)
        return none;
    const struct finding *text = text_finding(evidence);
    if (text)
        return with_window(*text, evidence);
    struct finding by_exit = {.source = SOURCE_EXIT};
    if (taught && ending->code > 0 && ending->code < 256)
        by_exit.class = taught->exit_class[ending->code];
    if (by_exit.class == CLASS_NONE)
        return none;
    snprintf(by_exit.line, sizeof by_exit.line, "exit status %d", ending->code);
    return by_exit;
}

struct finding verdict_find(const struct ending *ending, const struct evidence *evidence,
                            const struct transcript *transcript, const struct taught *taught)
{
    struct finding finding = find(ending, evidence, transcript, taught);
    if (*evidence->model)
        finding_name_model(&finding, evidence->model);
    return finding;
}
