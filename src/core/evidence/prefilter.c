#include "core/evidence/prefilter.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* How every family begins, lower case, and a word that stands further on in all of them that begin
 * so (NULL: none). */
static const struct beginning {
    const char *words;
    const char *needs;
} beginnings[] = {
    {"5-hour", "limit"},
    {"access token", NULL},
    {"anthropic.", "error"},
    {"api error", NULL},
    {"apiconnection", "error"},
    {"apierror", NULL},
    {"apistatuserror", NULL},
    {"apitimeouterror", NULL},
    {"authenticationerror", NULL},
    {"badrequesterror", NULL},
    {"claude", "limit"},
    {"credit balance", NULL},
    {"daily", "limit"},
    {"error: ", "error"},
    {"expired ", NULL},
    {"failed to auth", NULL},
    {"five-hour", "limit"},
    {"haiku", "limit"},
    {"internalservererror", NULL},
    {"invalid ", NULL},
    {"limit reached", NULL},
    {"login ", NULL},
    {"monthly", "limit"},
    {"not logged", NULL},
    {"oauth ", NULL},
    {"openai.", "error"},
    {"opus", "limit"},
    {"overloadederror", NULL},
    {"permissiondenied", "error"},
    {"please run", "/login"},
    {"ratelimiterror", NULL},
    {"serviceunavailable", "error"},
    {"session ", NULL},
    {"sonnet", "limit"},
    {"this ", NULL},
    {"token ", NULL},
    {"uncaught ", "error"},
    {"usage limit", NULL},
    {"weekly", "limit"},
    {"you are ", "out"},
    {"you have ", "limit"},
    {"you're ", NULL},
    {"you've ", "limit"},
    {"you\xe2\x80\x99", NULL},
    {"your ", NULL},
    {"[", NULL},
    {"{", NULL},
};

/* What may stand before a message. */
static const char leads[] = " \t\r\x1b|";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One bit for every pair of bytes that a line of interest can begin with. */
static unsigned char pairs[65536 / 8];

static unsigned pair_of(const char *bytes)
{
    return (unsigned)(unsigned char)bytes[0] << 8 | (unsigned char)bytes[1];
}

static void add_pair(int first, int second)
{
    const char bytes[2] = {(char)first, (char)second};
    unsigned pair = pair_of(bytes);
    pairs[pair / 8] = (unsigned char)(pairs[pair / 8] | 1u << pair % 8);
}

static void add_any_after(char first)
{
    for (int second = 0; second < 256; second++)
        add_pair(first, second);
}

static void add_beginning(const char *words)
{
    if (!words[1]) {
        add_any_after(words[0]);
        return;
    }
    int first = (unsigned char)words[0], second = (unsigned char)words[1];
    add_pair(first, second);
    add_pair(toupper(first), second);
    add_pair(first, toupper(second));
    add_pair(toupper(first), toupper(second));
}

static void fill_pairs(void)
{
    for (size_t i = 0; i < COUNT(beginnings); i++)
        add_beginning(beginnings[i].words);
    for (const char *lead = leads; *lead; lead++)
        add_any_after(*lead);
}

bool prefilter_rules_out(const char *bytes)
{
    static bool filled;
    if (!filled)
        fill_pairs();
    filled = true;
    unsigned pair = pair_of(bytes);
    return !(pairs[pair / 8] & 1u << pair % 8);
}

/* The bytes are not NUL-terminated. An escape sequence or control character may stand in the
 * middle of the word: it will be stripped. */
static bool may_have_word(const char *bytes, size_t length, const char *word)
{
    size_t size = strlen(word);
    for (size_t i = 0; i + size <= length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if ((c < ' ' && c != '\t') || c == 0x7f ||
            (tolower(c) == word[0] && strncasecmp(bytes + i, word, size) == 0))
            return true;
    }
    return false;
}

/* The first part of a line may still come to what a beginning needs. */
static bool begins_as(const struct beginning *beginning, const char *bytes, size_t length,
                      bool whole)
{
    size_t size = strlen(beginning->words);
    if (length < size)
        return !whole && strncasecmp(beginning->words, bytes, length) == 0;
    return strncasecmp(beginning->words, bytes, size) == 0 &&
           (!beginning->needs || !whole || may_have_word(bytes, length, beginning->needs));
}

bool prefilter_may_match(const char *bytes, size_t length, bool whole)
{
    if (length == 0)
        return true;
    int first = tolower((unsigned char)bytes[0]);
    for (size_t i = 0; i < COUNT(beginnings); i++)
        if (beginnings[i].words[0] == first && begins_as(&beginnings[i], bytes, length, whole))
            return true;
    return false;
}
