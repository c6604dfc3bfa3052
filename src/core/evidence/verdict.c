#include "core/evidence/verdict.h"

#include <stdio.h>

/* The exact window of a rate_limit_event improves on what a sentence could tell. */
static struct finding with_window(struct finding finding, const struct evidence *evidence)
{
    const struct finding *window = &evidence->window;
    if (!evidence->window_rejected ||
        (finding.class != CLASS_LIMIT && finding.class != CLASS_THROTTLED))
        return finding;
    struct finding exact = *window;
    /* Of a window that has no name here the sentence may still say which one it is. */
    if (!*window->what && finding.class == CLASS_LIMIT)
        exact = finding;
    exact.source = finding.source;
    exact.provider = finding.provider;
    exact.until = window->until ? window->until : finding.until;
    snprintf(exact.line, sizeof exact.line, "%s", finding.line);
    return exact;
}

/* The stronger of the two streams'; the first of equals. */
static const struct finding *text_finding(const struct evidence *evidence)
{
    const struct finding *out = &evidence->text[STREAM_OUT].finding;
    const struct finding *err = &evidence->text[STREAM_ERR].finding;
    const struct finding *best = err->source > out->source ? err : out;
    return best->source != SOURCE_NOTHING ? best : NULL;
}

struct finding verdict_find(const struct ending *ending, const struct evidence *evidence,
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
