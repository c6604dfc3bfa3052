#include "core/evidence/window.h"

#include "base/cursor.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define WORDS_MOST 7

enum {
    HOUR = 3600,
    DAY = 24 * HOUR,
};

/* Families of models, as sentences and window types name them: a rest for one covers all its
 * versions, and an alias ("--model opus") as well. */
static const char *const models[] = {"opus", "sonnet", "haiku", "fable", "mythos"};

/* How long a window can last that is called so. */
static const struct {
    const char *word;
    int64_t longest;
} lengths[] = {
    {"session", 5 * HOUR}, {"5-hour", 5 * HOUR}, {"five-hour", 5 * HOUR}, {"five_hour", 5 * HOUR},
    {"daily", DAY},        {"weekly", 7 * DAY},  {"seven_day", 7 * DAY},
};

static void apply_word(const char *word, size_t length, struct finding *finding)
{
    for (size_t i = 0; i < COUNT(lengths); i++)
        if (strlen(lengths[i].word) == length && strncasecmp(word, lengths[i].word, length) == 0)
            finding->longest = lengths[i].longest;
    for (size_t i = 0; i < COUNT(models); i++) {
        if (strlen(models[i]) != length || strncasecmp(word, models[i], length) != 0)
            continue;
        finding->scope = SCOPE_MODEL;
        snprintf(finding->model, sizeof finding->model, "%s", models[i]);
        if (finding->longest == 0)
            finding->longest = 7 * DAY;
    }
}

static bool begins(const char *text, const char *words)
{
    return strncasecmp(text, words, strlen(words)) == 0;
}

/* The noun that ends a window's name; its length, 0 if none begins here. */
static size_t noun_length(const char *at)
{
    static const char *const nouns[] = {"limit", "budget", "quota", "cap"};
    for (size_t i = 0; i < COUNT(nouns); i++) {
        size_t length = strlen(nouns[i]);
        if (begins(at, nouns[i]) && !char_is_alnum(at[length]))
            return length;
    }
    return 0;
}

static size_t word_length(const char *at)
{
    size_t length = 0;
    while (char_is_alnum(at[length]) || char_is_among(at[length], "'-_") ||
           (at[length] == '.' && char_is_digit(at[length + 1])))
        length++;
    return length;
}

/* `at` is where a name may begin. True if it is one, of one word or more before its noun. */
static bool read_name(const char *at, struct finding *finding)
{
    struct finding with = *finding;
    const char *begin = at;
    for (int words = 0; words < WORDS_MOST; words++) {
        size_t noun = noun_length(at), length = word_length(at);
        if (noun && words == 0)
            return false;
        if (noun) {
            *finding = with;
            snprintf(finding->what, sizeof finding->what, "%.*s", (int)(at + noun - begin), begin);
            return true;
        }
        if (length == 0 || at[length] != ' ')
            return false;
        apply_word(at, length, &with);
        at += length + 1;
    }
    return false;
}

/* "your weekly limit", "its monthly budget" */
static bool read_owned(const char *text, struct finding *finding)
{
    static const char *const openings[] = {"your ", "the ", "its "};
    for (const char *at = text; *at; at++)
        for (size_t i = 0; (at == text || at[-1] == ' ') && i < COUNT(openings); i++)
            if (begins(at, openings[i]) && read_name(at + strlen(openings[i]), finding))
                return true;
    return false;
}

void window_read(const char *text, struct finding *finding)
{
    /* "Claude AI usage limit reached", "Opus weekly limit reached" */
    if (!read_owned(text, finding) && strcasestr(text, " limit reached"))
        (void)read_name(text + (begins(text, "claude ") ? strlen("claude ") : 0), finding);
}

void window_apply(const char *type, struct finding *finding)
{
    static const struct {
        const char *type, *what;
    } windows[] = {
        {"five_hour", "session limit"},
        {"seven_day", "weekly limit"},
        {"seven_day_opus", "weekly Opus limit"},
        {"seven_day_sonnet", "weekly Sonnet limit"},
        {"seven_day_overage_included", "Fable limit"},
        {"overage", "extra usage limit"},
    };
    for (size_t i = 0; i < COUNT(windows); i++) {
        if (strcmp(windows[i].type, type) != 0)
            continue;
        snprintf(finding->what, sizeof finding->what, "%s", windows[i].what);
        finding->scope = SCOPE_KEY;
        *finding->model = '\0';
        finding->longest = 0;
        break;
    }
    for (size_t i = 0; i < COUNT(lengths); i++)
        if (begins(type, lengths[i].word))
            finding->longest = lengths[i].longest;
    for (size_t i = 0; i < COUNT(models); i++)
        if (strcasestr(type, models[i]))
            apply_word(models[i], strlen(models[i]), finding);
    /* The plan's largest model has a week of its own under this name. */
    if (strcmp(type, "seven_day_overage_included") == 0)
        apply_word("fable", strlen("fable"), finding);
}
