#include "core/evidence/message.h"

#include "base/cursor.h"
#include "core/evidence/errorbody.h"
#include "core/evidence/errorname.h"
#include "core/evidence/lead.h"
#include "core/evidence/plain.h"
#include "core/evidence/sentence.h"
#include "core/evidence/trigger.h"
#include "core/evidence/window.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A message is a sentence; a longer line is prose or data and is not looked at. An SDK's line holds
 * the whole error body, hence the generous bound. */
#define MESSAGE_LONGEST 8192

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What is known of a text, from strong to weak. */
struct reading {
    struct sentence sentence;
    int status;
    enum failure_class by_name; /* of an error's type */
    enum provider provider;
};

static enum failure_class class_of_status(int status)
{
    static const struct {
        int status;
        enum failure_class class;
    } statuses[] = {
        {401, CLASS_AUTH}, {402, CLASS_BILLING}, {403, CLASS_FORBIDDEN}, {429, CLASS_THROTTLED}};
    for (size_t i = 0; i < COUNT(statuses); i++)
        if (statuses[i].status == status)
            return statuses[i].class;
    return status >= 500 && status <= 599 ? CLASS_SERVER : CLASS_NONE;
}

/* "Request rejected (429) · …", "Connection dropped (EPIPE). …" */
static void read_bracket(const char *text, struct reading *reading)
{
    const char *at = strchr(text, '(');
    size_t length = at ? strcspn(at + 1, ")") : 0, capitals = 0;
    if (!at || at[1 + length] != ')')
        return;
    for (size_t i = 1; i <= length; i++)
        capitals += char_is_letter(at[i]) || at[i] == '_';
    if (length == 3 && char_is_digit(at[1]) && char_is_digit(at[2]) && char_is_digit(at[3]))
        reading->status = (at[1] - '0') * 100 + (at[2] - '0') * 10 + (at[3] - '0');
    else if (capitals == length && length >= 5 && !reading->sentence.known)
        reading->sentence = (struct sentence){CLASS_NETWORK, true, false};
}

/* The text is the client's own after "API Error:", or a field's. */
static void read_trusted(const char *text, int status, struct reading *reading)
{
    reading->status = status;
    if (!reading->sentence.known)
        reading->sentence = sentence_read(text, SPEAKER_CLIENT);
    if (!reading->sentence.known)
        reading->sentence = sentence_find(text, status);
}

static void read_body(const char *text, const struct lead *lead, struct reading *reading)
{
    struct errorbody body;
    errorbody_read(text, &body);
    if (!lead->client && !lead->exception && !body.is_error)
        return;
    if (body.is_error)
        reading->provider = PROVIDER_ANTHROPIC;
    reading->by_name = errorname_class(body.name);
    /* A body alone tells its status by its type. */
    int status = lead->status ? lead->status : reading->by_name == CLASS_NONE ? 400 : 429;
    read_trusted(body.message, status, reading);
    if (!reading->sentence.known)
        reading->sentence = sentence_find(text, status);
    if (!lead->status)
        reading->status = 0;
}

/* A line as plain_normalise leaves it. */
static void read_line(const char *text, struct reading *reading)
{
    struct lead lead;
    lead_read(text, &lead);
    reading->provider = lead.provider;
    enum speaker speaker = lead.rest == text ? SPEAKER_ANYBODY : SPEAKER_PREFIXED;
    if (*lead.rest == '{') {
        read_body(lead.rest, &lead, reading);
    } else if (lead.client) {
        read_trusted(lead.rest, lead.status, reading);
        if (!lead.status)
            read_bracket(lead.rest, reading);
    } else if (lead.connection) {
        reading->sentence = (struct sentence){CLASS_NETWORK, true, false};
    } else if (lead.exception && lead.status) {
        read_trusted(lead.rest, lead.status, reading);
    } else if (!lead.barred) {
        reading->sentence = sentence_read(lead.rest, speaker);
    }
    if (reading->provider == PROVIDER_UNKNOWN)
        reading->provider = lead.client || (reading->sentence.known && !lead.exception)
                                ? PROVIDER_ANTHROPIC
                                : provider_of_words(text);
}

/* What was read as a class. A 429 that tells a reset is a window's, however it is worded. */
static enum failure_class decide(const struct reading *reading, const char *text,
                                 const struct reading_time *time)
{
    int64_t until;
    if (reading->sentence.known)
        return reading->sentence.class;
    enum failure_class class = class_of_status(reading->status);
    if (class == CLASS_NONE || (class == CLASS_SERVER && reading->by_name != CLASS_NONE))
        class = reading->by_name;
    if (class == CLASS_THROTTLED && strcasestr(text, "reset") &&
        resettime_find(text, time->now, time->zones, &until))
        return CLASS_LIMIT;
    return class;
}

static void finish_finding(const struct reading *reading, const char *shown, const char *text,
                           const struct reading_time *time, struct finding *finding)
{
    int64_t until;
    snprintf(finding->line, sizeof finding->line, "%s", shown + strspn(shown, " "));
    for (char *p = finding->line; *p; p++)
        *p = (char)(*p == '\t' ? ' ' : *p);
    finding->provider = reading->provider;
    if (finding->class == CLASS_LIMIT) {
        struct lead lead;
        lead_read(text, &lead);
        window_read(lead.rest, finding);
    }
    if (reading->sentence.one_model)
        finding->scope = SCOPE_MODEL;
    if (finding->class == CLASS_THROTTLED || finding->class == CLASS_BILLING)
        finding->scope = SCOPE_ORGANIZATION;
    if (resettime_find(text, time->now, time->zones, &until))
        finding->until = until;
}

/* Both forms of a text that the classification asks for. */
struct text {
    struct buffer stripped, normal;
};

static int text_make(const char *bytes, size_t length, struct text *text)
{
    *text = (struct text){0};
    plain_append_with_tabs(bytes, length, &text->stripped);
    plain_normalise(&text->stripped, &text->normal);
    return text->stripped.failed || text->normal.failed ? -ENOMEM : 0;
}

static void text_finish(struct text *text)
{
    buffer_finish(&text->stripped);
    buffer_finish(&text->normal);
}

static int classify_line(const char *line, size_t length, const struct reading_time *time,
                         struct finding *ret_finding)
{
    struct text text;
    struct reading reading = {0};
    struct finding finding = {0};
    int r = text_make(line, length, &text);
    if (r == 0) {
        read_line(buffer_text(&text.normal), &reading);
        finding.class = decide(&reading, buffer_text(&text.normal), time);
    }
    if (finding.class != CLASS_NONE) {
        finish_finding(&reading, buffer_text(&text.stripped), buffer_text(&text.normal), time,
                       &finding);
        *ret_finding = finding;
        r = 1;
    }
    text_finish(&text);
    return r;
}

int message_classify(const char *line, size_t length, const struct reading_time *time,
                     struct finding *ret_finding)
{
    if (length > MESSAGE_LONGEST || !trigger_stands_in(line, length))
        return 0;
    int r = classify_line(line, length, time, ret_finding);
    if (r != 0)
        return r;
    size_t before = plain_lead(line, length);
    size_t tag = lead_tag(line + before, length - before);
    return tag ? classify_line(line + before + tag, length - before - tag, time, ret_finding) : 0;
}

static void read_refusal(const struct refusal *refusal, const char *text, struct reading *reading)
{
    struct lead lead;
    struct errorname typed = errorname_read(refusal->api_error, refusal->status);
    lead_read(text, &lead);
    int status = refusal->status > 0 ? refusal->status : lead.status;
    if (*lead.rest == '{')
        read_body(lead.rest, &(struct lead){.client = true, .status = status}, reading);
    read_trusted(lead.rest, status, reading);
    if (lead.client && status == 0)
        read_bracket(lead.rest, reading);
    reading->by_name = errorname_class(refusal->type);
    if (reading->by_name == CLASS_NONE)
        reading->by_name = errorname_class(refusal->error);
    if (typed.class != CLASS_NONE)
        reading->sentence = (struct sentence){typed.class, true, typed.one_model};
}

int message_classify_refusal(const struct refusal *refusal, const struct reading_time *time,
                             struct finding *ret_finding)
{
    struct text text;
    struct reading reading = {0};
    struct finding finding = {0};
    size_t length = refusal->text ? strnlen(refusal->text, MESSAGE_LONGEST) : 0;
    int r = text_make(refusal->text ? refusal->text : "", length, &text);
    read_refusal(refusal, buffer_text(&text.normal), &reading);
    finding.class = decide(&reading, buffer_text(&text.normal), time);
    if (finding.class != CLASS_NONE) {
        reading.provider = PROVIDER_ANTHROPIC; /* Claude Code's fields tell of no other */
        finish_finding(&reading, buffer_text(&text.stripped), buffer_text(&text.normal), time,
                       &finding);
        *ret_finding = finding;
        r = 1;
    }
    text_finish(&text);
    return r;
}

int message_classify_structured(int status, const char *error, const char *text,
                                const struct reading_time *time, struct finding *ret_finding)
{
    const struct refusal refusal = {.status = status > 0 ? status : 0, .type = error, .text = text};
    return message_classify_refusal(&refusal, time, ret_finding);
}

/* How sentences begin, and what may stand right before one. */
bool message_may_start(const char *bytes, size_t length)
{
    static const char *const beginnings[] = {
        "5-hour",
        "access token",
        "anthropic.",
        "api ",
        "apiconn",
        "apierror",
        "apistatus",
        "apitimeout",
        "authenticationerror",
        "badrequest",
        "claude",
        "credit balance",
        "daily",
        "error: ",
        "expired ",
        "failed to auth",
        "five-hour",
        "haiku",
        "internalserver",
        "invalid ",
        "limit reached",
        "login ",
        "monthly",
        "not logged",
        "oauth ",
        "openai.",
        "opus",
        "overloadederror",
        "permissiondenied",
        "please run",
        "ratelimit",
        "sdk ",
        "serviceunavailable",
        "session ",
        "sonnet",
        "this ",
        "token ",
        "uncaught ",
        "usage ",
        "weekly",
        "you are ",
        "you have ",
        "you're ",
        "you've ",
        "you\xe2\x80\x99",
        "your ",
        "litellm.",
        "fable",
        "[",
        "{",
    };
    size_t lead = plain_lead(bytes, length);
    bytes += lead;
    length -= lead;
    for (size_t i = 0; i < COUNT(beginnings); i++) {
        size_t size = strlen(beginnings[i]);
        if (strncasecmp(beginnings[i], bytes, size < length ? size : length) == 0)
            return true;
    }
    return false;
}

bool message_is_other_error(const char *line, size_t length, bool *ret_chained)
{
    static const char traceback[] = "Traceback (most recent call last)";
    static const char *const joints[] = {"The above exception was the direct cause",
                                         "During handling of the above exception"};
    for (size_t i = 0; i < COUNT(joints); i++)
        if (length >= strlen(joints[i]) && memcmp(line, joints[i], strlen(joints[i])) == 0)
            *ret_chained = true;
    if (length >= sizeof traceback - 1 && memcmp(line, traceback, sizeof traceback - 1) == 0)
        return true;
    /* "SomethingError: …" or "pkg.mod.SomeException: …" at the very start of the line */
    size_t i = 0;
    while (i < length && (char_is_alnum(line[i]) || line[i] == '_' || line[i] == '.'))
        i++;
    return i > 5 && i + 1 < length && line[i] == ':' && line[i + 1] == ' ' &&
           (memcmp(line + i - 5, "Error", 5) == 0 ||
            (i > 9 && memcmp(line + i - 9, "Exception", 9) == 0));
}
