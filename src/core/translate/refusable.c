#include "core/translate/translate.h"

#include "base/cursor.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What an answer calls them. Names that are words of English, too, count in quotes alone. */
static const struct {
    const char *name;
    unsigned field;
    bool is_word;
} names[] = {
    {"max_completion_tokens", REFUSABLE_LIMIT, false},
    {"temperature", REFUSABLE_TEMPERATURE, false},
    {"top_p", REFUSABLE_TOP_P, false},
    {"stop", REFUSABLE_STOP, true},
    {"stop_sequences", REFUSABLE_STOP, false},
    {"reasoning_effort", REFUSABLE_EFFORT, false},
    {"reasoning", REFUSABLE_EFFORT, true},
    {"reasoning.effort", REFUSABLE_EFFORT, false},
    {"reasoning.summary", REFUSABLE_EFFORT, false},
    {"thinking", REFUSABLE_EFFORT, true},
    {"thinking.type", REFUSABLE_EFFORT, false},
    {"effort", REFUSABLE_EFFORT, true},
    {"output_config.effort", REFUSABLE_EFFORT, false},
    {"parallel_tool_calls", REFUSABLE_PARALLEL, false},
    {"stream_options", REFUSABLE_USAGE, false},
    {"safety_identifier", REFUSABLE_USER, false},
    {"prompt_cache_key", REFUSABLE_CACHE, false},
    {"store", REFUSABLE_STORE, true},
};

bool translation_sends(struct translation *translation, unsigned refusable, const char *name)
{
    if (translation->omit & refusable) {
        translation_note(translation, "", (struct part){name, strlen(name)});
        return false;
    }
    translation->sent |= refusable;
    return true;
}

static bool is_quote(char c)
{
    return c == '\'' || c == '"' || c == '`';
}

/* The name as a word of its own, or in quotes. */
static bool names_it(struct part text, const char *name, bool in_quotes)
{
    size_t length = strlen(name);
    const char *end = text.text + text.length, *at = text.text;
    for (; (at = memmem(at, (size_t)(end - at), name, length)); at++) {
        char before = at > text.text ? at[-1] : ' ', after = at + length < end ? at[length] : ' ';
        /* a quote that is escaped, as it stands in the text */
        bool escaped = after == '\\' && at + length + 1 < end && is_quote(at[length + 1]);
        bool quoted = is_quote(before) && (is_quote(after) || escaped);
        if (in_quotes ? quoted : !char_is_word(before) && !char_is_word(after))
            return true;
    }
    return false;
}

unsigned translation_refused(const struct translation *translation, const char *body, size_t length)
{
    const struct part whole = {body, length};
    struct part error = raw_member(whole, "error");
    struct part from = raw_is(error, '{') ? error : whole;
    struct part param = raw_member(from, "param");
    struct part message = raw_is(error, '"') ? error : raw_member(from, "message");
    unsigned refused = 0;
    for (size_t i = 0; i < COUNT(names); i++)
        if (raw_equals(param, names[i].name))
            refused |= names[i].field;
    bool is_told = refused != 0;
    for (size_t i = 0; i < COUNT(names) && !is_told; i++)
        if (names_it(raw_inside(message), names[i].name, names[i].is_word))
            refused |= names[i].field;
    return refused & translation->sent;
}
