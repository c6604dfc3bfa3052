#include "core/gateway/sessionid.h"

#include "base/cursor.h"
#include "base/head.h"
#include "base/scan.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What may stand in a log or be a name: printable, no blanks. */
static bool is_plain(const char *text)
{
    for (const char *p = text; *p; p++)
        if (*p <= ' ' || *p > '~')
            return false;
    return *text != '\0';
}

static void keep_plain(const char *text, char ret_text[SESSIONID_TEXT])
{
    size_t length = strlen(text);
    if (length < SESSIONID_TEXT && is_plain(text))
        memcpy(ret_text, text, length + 1);
}

static void read_header(const char *head, const char *name, char ret_text[SESSIONID_TEXT])
{
    char value[SESSIONID_TEXT + 1]; /* one more, to tell a long one */
    head_value(head, name, value, sizeof value);
    keep_plain(value, ret_text);
}

void sessionid_read_head(const char *head, struct sessionid *ret_id)
{
    *ret_id = (struct sessionid){0};
    read_header(head, "x-claude-code-session-id", ret_id->session);
    read_header(head, "x-tcr-key", ret_id->key);
    if (!*ret_id->key)
        read_header(head, "x-account-name", ret_id->key);
}

/* A body being scanned: brackets between the strings are counted, and the strings are skipped from
 * quote to quote. */
struct skim {
    const char *at, *end;
    size_t depth;
    struct part top;  /* the member of the outermost object that we are in */
    struct part name; /* the member that was just named */
};

/* Moves from after the opening quote to the closing one; `end` if there is none. */
static const char *string_end(const char *text, const char *end)
{
    const char *quote = text;
    while (quote < end && (quote = memchr(quote, '"', (size_t)(end - quote)))) {
        const char *p = quote;
        while (p > text && p[-1] == '\\')
            p--;
        if ((quote - p) % 2 == 0)
            return quote;
        quote++;
    }
    return end;
}

/* Moves to the next member of any object, before its value; false at the end. */
static bool next_member(struct skim *skim)
{
    while (skim->at < skim->end) {
        char c = *skim->at++;
        if (c == '{' || c == '[') {
            skim->depth++;
        } else if (c == '}' || c == ']') {
            skim->depth -= skim->depth > 0;
        } else if (c == '"') {
            const char *text = skim->at, *close = string_end(text, skim->end);
            struct scan scan = {close < skim->end ? close + 1 : close, skim->end};
            bool named = scan_peek(&scan) == ':';
            skim->at = scan.at + named;
            if (!named)
                continue;
            skim->name = (struct part){text, (size_t)(close - text)};
            if (skim->depth == 1)
                skim->top = skim->name;
            return true;
        }
    }
    return false;
}

/* The string that is the value of the member just named; "" if it is another value. */
static void read_text(const struct skim *skim, char *ret_text, size_t size)
{
    struct scan scan = {skim->at, skim->end};
    struct part value;
    *ret_text = '\0';
    if (scan_peek(&scan) == '"' && scan_value(&scan, &value))
        part_text(&value, ret_text, size);
}

static bool is_true(const struct skim *skim)
{
    struct scan scan = {skim->at, skim->end};
    struct part value;
    return scan_peek(&scan) == 't' && scan_value(&scan, &value) && part_is(&value, "true");
}

/* A JSON text with a session_id, or in older clients "user_…_account_…_session_ID". */
static void read_user_id(const struct skim *skim, char ret_session[SESSIONID_TEXT])
{
    static const char mark[] = "_session_";
    char text[1024], session[SESSIONID_TEXT + 1];
    read_text(skim, text, sizeof text);
    const char *behind = strstr(text, mark);
    struct skim inner = {.at = text, .end = text + strlen(text)};
    if (*text != '{') {
        if (behind)
            keep_plain(behind + strlen(mark), ret_session);
        return;
    }
    while (next_member(&inner))
        if (inner.depth == 1 && part_is(&inner.name, "session_id")) {
            read_text(&inner, session, sizeof session);
            keep_plain(session, ret_session);
        }
}

static bool is_top(const struct skim *skim, const char *name)
{
    return skim->depth == 1 && part_is(&skim->name, name);
}

static bool is_below(const struct skim *skim, const char *top, const char *name)
{
    return skim->depth == 2 && part_is(&skim->top, top) && part_is(&skim->name, name);
}

/* Where an id is that only one key can see. */
static bool names_object(const struct skim *skim)
{
    return part_is(&skim->name, "file_id") || part_is(&skim->name, "skill_id") ||
           is_top(skim, "container") || is_below(skim, "container", "id") ||
           is_top(skim, "previous_response_id");
}

/* The skills that the provider itself brings ("pptx") are everybody's; the ids of a key's own have
 * an underscore. */
static void read_object(const struct skim *skim, char ret_object[SESSIONID_TEXT])
{
    char text[SESSIONID_TEXT + 1];
    read_text(skim, text, sizeof text);
    if (strchr(text, '_'))
        keep_plain(text, ret_object);
}

/* Which of the wanted facts the member just named has given. */
static unsigned read_member(const struct skim *skim, unsigned wanted, struct sessionid *id)
{
    if (is_top(skim, "model")) {
        read_text(skim, id->model, sizeof id->model);
        if (!is_plain(id->model))
            *id->model = '\0';
        return SESSIONID_WANT_MODEL;
    }
    if (is_top(skim, "stream")) {
        id->stream = is_true(skim);
        return SESSIONID_WANT_STREAM;
    }
    if ((wanted & SESSIONID_WANT_SESSION) && is_below(skim, "metadata", "user_id")) {
        read_user_id(skim, id->session);
        return SESSIONID_WANT_SESSION;
    }
    if (!(wanted & SESSIONID_WANT_OBJECT) || !names_object(skim))
        return 0;
    read_object(skim, id->object);
    return *id->object ? SESSIONID_WANT_OBJECT : 0;
}

void sessionid_read_body(const char *body, size_t length, unsigned wanted, struct sessionid *id)
{
    struct skim skim = {.at = body, .end = body + length};
    if (*id->session)
        wanted &= ~(unsigned)SESSIONID_WANT_SESSION;
    while (wanted && next_member(&skim))
        wanted &= ~read_member(&skim, wanted, id);
}

bool sessionid_names_one_model(const char *body, size_t length)
{
    struct skim skim = {.at = body, .end = body + length};
    size_t count = 0;
    while (next_member(&skim)) {
        char name[SESSIONID_TEXT];
        if (skim.depth != 1)
            continue;
        part_name(&skim.name, name, sizeof name);
        count += strcasecmp(name, "model") == 0;
    }
    return count == 1;
}

/* Ids of answers that nobody can ask for later. */
static bool is_transient(const char *id)
{
    static const char *const prefixes[] = {"msg_", "chatcmpl-", "cmpl-"};
    for (size_t i = 0; i < COUNT(prefixes); i++)
        if (strncmp(id, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

bool sessionid_read_made(const char *body, size_t length, char ret_object[SESSIONID_TEXT])
{
    struct skim skim = {.at = body, .end = body + length};
    char made[SESSIONID_TEXT] = "";
    while (next_member(&skim)) {
        char text[SESSIONID_TEXT + 1];
        if (!is_top(&skim, "id") && !is_below(&skim, "container", "id"))
            continue;
        read_text(&skim, text, sizeof text);
        if (!is_transient(text))
            keep_plain(text, made);
    }
    if (!*made)
        return false;
    memcpy(ret_object, made, sizeof made);
    return true;
}
