#include "core/evidence/trigger.h"

#include "base/cursor.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In small letters, none shorter than SHORTEST: so many bytes at a time can be passed over. */
static const char *const words[] = {
    "limit",      "usage",      "credit",        "budget",   "error",
    "exception",  "traceback",  "oauth",         "invalid ", "failed to auth",
    "logged in",  "/login",     "organi",        "disabled", "have access",
    "\"result\"", "rate_limit", "\"assistant\"", "\"init\"",
};

#define SHORTEST 5

static unsigned pair_of(const char *bytes)
{
    return ((unsigned char)bytes[0] & 0x7fu) << 7 | ((unsigned char)bytes[1] & 0x7fu);
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static void lower_shift(struct trigger *trigger, char first, char second, size_t shift)
{
    const char bytes[2] = {first, second};
    unsigned char *known = &trigger->shifts[pair_of(bytes)];
    if (shift < *known)
        *known = (unsigned char)shift;
}

/* How far the window of SHORTEST bytes that ends with a pair may move on. */
static void make_table(struct trigger *trigger)
{
    memset(trigger->shifts, SHORTEST - 1, sizeof trigger->shifts);
    for (size_t i = 0; i < COUNT(words); i++)
        for (size_t at = 0; at + 2 <= SHORTEST; at++) {
            char first = words[i][at], second = words[i][at + 1];
            size_t shift = SHORTEST - 2 - at;
            lower_shift(trigger, first, second, shift);
            lower_shift(trigger, upper(first), second, shift);
            lower_shift(trigger, first, upper(second), shift);
            lower_shift(trigger, upper(first), upper(second), shift);
        }
    trigger->ready = true;
}

static bool word_begins(const char *bytes, size_t length)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        size_t at = 0;
        while (words[i][at] && at < length && char_lower(bytes[at]) == words[i][at])
            at++;
        if (!words[i][at])
            return true;
    }
    return false;
}

size_t trigger_find(struct trigger *trigger, const char *bytes, size_t length)
{
    if (!trigger->ready)
        make_table(trigger);
    for (size_t at = 0; at + SHORTEST <= length;) {
        size_t shift = trigger->shifts[pair_of(bytes + at + SHORTEST - 2)];
        if (shift == 0 && word_begins(bytes + at, length - at))
            return at;
        at += shift > 0 ? shift : 1;
    }
    return length;
}

bool trigger_stands_in(const char *line, size_t length)
{
    for (size_t at = 0; at + SHORTEST <= length; at++)
        if (word_begins(line + at, length - at))
            return true;
    return false;
}
