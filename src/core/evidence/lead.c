#include "core/evidence/lead.h"

#include "base/cursor.h"
#include "core/evidence/phrase.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* How many prefixes may precede a message. */
#define PREFIXES_MOST 8
#define TAG_MOST      64
#define NAME_MOST     96
#define BRACKET_MOST  40

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " ");
}

static bool begins(const char *at, const char *words)
{
    return strncasecmp(at, words, strlen(words)) == 0;
}

/* Three digits that are a number by themselves; 0 if there are none. */
static int read_status(const char **at)
{
    const char *p = *at;
    if (!char_is_digit(p[0]) || !char_is_digit(p[1]) || !char_is_digit(p[2]) || char_is_alnum(p[3]))
        return 0;
    *at = p + 3;
    return (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
}

/* "API Error: ", "API Error: 429 ", "API Error (429 …" and what the client puts before it. */
static const char *client_prefix(const char *at, struct lead *lead)
{
    static const char *const before[] = {"failed to authenticate. ",
                                         "failed to authenticate: ", "please run /login | "};
    for (size_t i = 0; i < COUNT(before); i++)
        if (begins(at, before[i])) {
            at += strlen(before[i]);
            break;
        }
    if (!begins(at, "api error"))
        return NULL;
    at += strlen("api error");
    if (!char_is_among(*at, ": ("))
        return NULL;
    at = skip_blanks(at + (*at == ':'));
    if (*at == '(')
        at++;
    lead->client = true;
    int status = read_status(&at);
    if (status)
        lead->status = status;
    return skip_blanks(at + strspn(at, " :-"));
}

static const char *words_prefix(const char *at, struct lead *lead)
{
    static const char *const words[] = {"uncaught ", "##[error]", "::error::", "unhandled ", "- "};
    (void)lead;
    for (size_t i = 0; i < COUNT(words); i++)
        if (begins(at, words[i]) && (words[i][0] != '-' || lead->exception))
            return at + strlen(words[i]);
    return NULL;
}

/* "2026-11-26T01:34:25.123Z", "01:34:25,5", "11/26" */
static const char *skip_stamp_part(const char *at)
{
    size_t length = strspn(at, "0123456789:.,-/+TZ");
    bool marked = memchr(at, ':', length) || memchr(at, '-', length) || memchr(at, '/', length);
    return length >= 5 && marked && char_is_digit(*at) && (at[length] == ' ' || at[length] == ']')
               ? at + length
               : NULL;
}

/* `ts` writes "Nov 26 01:34:25 ". */
static const char *stamp_prefix(const char *at, struct lead *lead)
{
    static const char month[] = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec) # #:#";
    const char *end = NULL, *part;
    (void)lead;
    if (phrase_starts(month, at))
        at = strchr(strchr(at, ' ') + 1, ' ') + 1;
    while ((part = skip_stamp_part(at))) {
        end = part;
        at = skip_blanks(part);
    }
    return end && *end == ' ' ? skip_blanks(end) : NULL;
}

/* "[web] ", "[ERROR] ", "[12:00:01] "; a body or a list in brackets is not one. */
static const char *bracket_prefix(const char *at, struct lead *lead)
{
    (void)lead;
    if (*at != '[')
        return NULL;
    size_t length = strcspn(at, "]{\"'");
    return length <= BRACKET_MOST && at[length] == ']' && at[length + 1] == ' ' ? at + length + 2
                                                                                : NULL;
}

static void note_exception(const char *name, size_t length, struct lead *lead)
{
    static const struct {
        const char *words;
        enum provider provider;
    } modules[] = {{"anthropic.", PROVIDER_ANTHROPIC},
                   {"openai.", PROVIDER_OPENAI},
                   {"litellm.", PROVIDER_UNKNOWN}};
    static const char *const classes[] = {
        "ratelimiterror",     "authenticationerror",     "permissiondeniederror",
        "overloadederror",    "internalservererror",     "badrequesterror",
        "apistatuserror",     "serviceunavailableerror", "apierror",
        "anthropicexception", "openaiexception",         "anthropicerror"};
    static const char *const connections[] = {"apiconnectionerror", "apitimeouterror",
                                              "apiconnectiontimeouterror"};
    const char *end = name + length, *base = end;
    while (base > name && base[-1] != '.' && base[-1] != ' ')
        base--;
    size_t size = (size_t)(end - base);
    bool known = base == name || base[-1] == ' ', ours = false;
    for (size_t i = 0; i < COUNT(modules); i++)
        if (begins(name, modules[i].words)) {
            known = true;
            ours = true;
            lead->provider = modules[i].provider;
        }
    for (size_t i = 0; known && i < COUNT(classes); i++)
        lead->exception |= strlen(classes[i]) == size && begins(base, classes[i]);
    for (size_t i = 0; known && i < COUNT(connections); i++)
        lead->connection |= strlen(connections[i]) == size && begins(base, connections[i]);
    lead->exception |= ours || lead->connection;
    /* Both SDKs' classes have the same names; what litellm wraps says whose it is. */
    if (begins(base, "openaiexception"))
        lead->provider = PROVIDER_OPENAI;
    else if (begins(base, "anthropic"))
        lead->provider = PROVIDER_ANTHROPIC;
}

/* "Error: ", "XyzError: ", "SDK execution error: ", "anthropic.RateLimitError: Error code: 429 - ",
 * "litellm.RateLimitError: AnthropicException - ", "ERROR - ": a few words, the last of which is an
 * error or an exception. */
static const char *error_prefix(const char *at, struct lead *lead)
{
    static const char *const last[] = {"error", "exception", "fatal"};
    const char *name = at + (*at == '[');
    size_t length = 0;
    while (length < NAME_MOST &&
           (char_is_alnum(name[length]) || char_is_among(name[length], "_.!- ")) &&
           strncmp(name + length, " - ", 3) != 0)
        length++;
    bool dash = strncmp(name + length, " - ", 3) == 0;
    if (!dash && (name[length] != ':' || (name[length + 1] != ' ' && length > 5)))
        return NULL;
    for (size_t i = 0; i < COUNT(last); i++) {
        size_t size = strlen(last[i]);
        if (length < size || strncasecmp(name + length - size, last[i], size) != 0)
            continue;
        note_exception(name, length, lead);
        at = skip_blanks(name + length + (dash ? 3 : 1));
        if (begins(at, "error code: "))
            at += strlen("error code: ");
        int status = read_status(&at);
        if (status && (lead->exception || *skip_blanks(at) == '{'))
            lead->status = status;
        at = skip_blanks(at);
        return begins(at, "- ") ? at + 2 : at;
    }
    return NULL;
}

/* Python's logging module: "ERROR:root:text". */
static const char *logger_prefix(const char *at, struct lead *lead)
{
    (void)lead;
    if (!begins(at, "error:") || !char_is_letter(at[6]))
        return NULL;
    size_t length = strcspn(at + 6, ": ");
    return at[6 + length] == ':' && at[7 + length] != ' ' ? at + 7 + length : NULL;
}

void lead_read(const char *text, struct lead *ret_lead)
{
    static const char *(*const prefixes[])(const char *, struct lead *) = {
        client_prefix, stamp_prefix, bracket_prefix, words_prefix, logger_prefix, error_prefix};
    struct lead lead = {.rest = skip_blanks(text)};
    lead.barred = *lead.rest == '|';
    lead.rest += strspn(lead.rest, "| ");
    for (int count = 0; count < PREFIXES_MOST && !lead.client; count++) {
        const char *rest = NULL;
        for (size_t i = 0; i < COUNT(prefixes) && !rest; i++)
            rest = prefixes[i](lead.rest, &lead);
        if (!rest)
            break;
        lead.rest = rest;
    }
    *ret_lead = lead;
}

size_t lead_tag(const char *line, size_t length)
{
    size_t name = 0;
    while (name < length && name < TAG_MOST &&
           (char_is_alnum(line[name]) || char_is_among(line[name], "_.-/:=@,+")))
        name++;
    size_t blanks = name;
    while (blanks < length && line[blanks] == ' ')
        blanks++;
    if (name > 0 && name < length && line[name] == '\t')
        return name + 1;
    bool bar = name > 0 && blanks > name && blanks + 1 < length && line[blanks] == '|' &&
               line[blanks + 1] == ' ';
    /* A second bar makes it a row of a table. */
    return bar && !memmem(line + blanks + 1, length - blanks - 1, " |", 2) ? blanks + 2 : 0;
}
