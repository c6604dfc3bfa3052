#include "core/evidence/answer.h"

#include "base/cursor.h"
#include "base/head.h"
#include "base/json.h"
#include "base/scan.h"
#include "core/evidence/plain.h"
#include "core/evidence/usage.h"
#include "core/evidence/window.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))
#define VALUE          256
#define OUT_OF_CREDITS "out_of_credits"

/* A header's time, in any of the forms that follow "retry after"; 0 if it has none. */
static int64_t read_time(const char *headers, const char *name, const struct reading_time *time)
{
    char value[VALUE], text[VALUE + 16];
    int64_t until = 0;
    head_value(headers, name, value, sizeof value);
    if (!*value)
        return 0;
    snprintf(text, sizeof text, "retry-after: %s", value);
    return resettime_find(text, time->now, time->zones, &until) ? until : 0;
}

static void read_organization(const char *headers, char ret_id[MEANING_ORGANIZATION])
{
    char value[VALUE];
    head_value(headers, "anthropic-organization-id", value, sizeof value);
    size_t length = strlen(value);
    for (size_t i = 0; i < length; i++)
        if (!char_is_alnum(value[i]) && value[i] != '-' && value[i] != '_')
            return;
    if (length < MEANING_ORGANIZATION)
        memcpy(ret_id, value, length + 1);
}

/* A plan's window is used up, and no extra usage takes its place. */
static bool window_is_closed(const char *headers)
{
    char overage[VALUE];
    head_value(headers, "anthropic-ratelimit-unified-overage-status", overage, sizeof overage);
    return head_value_is(headers, "anthropic-ratelimit-unified-status", "rejected") &&
           strncmp(overage, "allowed", 7) != 0;
}

static void close_window(const struct answer *answer, const struct reading_time *time,
                         struct finding *finding)
{
    char window[VALUE];
    finding->class = CLASS_LIMIT;
    finding->scope = SCOPE_KEY;
    finding->until = read_time(answer->headers, "anthropic-ratelimit-unified-reset", time);
    if (finding->until == 0)
        finding->until = read_time(answer->headers, "retry-after", time);
    head_value(answer->headers, "anthropic-ratelimit-unified-representative-claim", window,
               sizeof window);
    window_apply(window, finding);
}

/* Without a retry-after, when the last of an API key's used-up rates is filled again. */
static int64_t read_rates(const char *headers, const struct reading_time *time)
{
    static const char *const rates[] = {"requests", "tokens", "input-tokens", "output-tokens"};
    int64_t latest = 0;
    for (size_t i = 0; i < COUNT(rates); i++) {
        char name[64];
        snprintf(name, sizeof name, "anthropic-ratelimit-%s-remaining", rates[i]);
        if (!head_value_is(headers, name, "0"))
            continue;
        snprintf(name, sizeof name, "anthropic-ratelimit-%s-reset", rates[i]);
        int64_t until = read_time(headers, name, time);
        latest = until > latest ? until : latest;
    }
    return latest;
}

static void read_throttle(const struct answer *answer, const struct reading_time *time,
                          struct finding *finding)
{
    int64_t until = read_time(answer->headers, "retry-after", time);
    if (until == 0)
        until = read_rates(answer->headers, time);
    if (until > 0)
        finding->until = until;
}

/* This is about the request, which asks for something that not every key may see. The key may well
 * work: no verdict. */
static bool is_about_request(const char *text)
{
    static const char *const phrases[] = {"scope requirement",
                                          "OAuth authentication is currently not supported"};
    for (size_t i = 0; i < COUNT(phrases); i++)
        if (strcasestr(text, phrases[i]))
            return true;
    return false;
}

/* The providers speak JSON: a page is a proxy's or a portal's on the way, whatever its status.
 */
static bool is_json_object(const struct answer *answer)
{
    size_t i = 0;
    while (i < answer->body_length && char_is_among(answer->body[i], " \t\r\n"))
        i++;
    return i < answer->body_length && answer->body[i] == '{';
}

/* What was said is useful even if nothing is known about it. */
static void keep_line(const char *text, struct finding *finding)
{
    struct buffer stripped = {0};
    plain_append(text, strlen(text), &stripped);
    snprintf(finding->line, sizeof finding->line, "%s", buffer_text(&stripped));
    buffer_finish(&stripped);
}

/* What an answer says in words, out of its body or a stream's error event. */
struct said {
    cJSON *body;
    const char *type, *text; /* borrowed from it; "" for no text */
};

static struct said said_of(const struct answer *answer)
{
    struct said said = {.body = json_parse(answer->body, answer->body_length, NULL), .text = ""};
    const cJSON *error = json_get(said.body, "error");
    const char *code = json_string(error, "code"), *text = json_string(error, "message");
    said.type = code && answer->provider == PROVIDER_OPENAI ? code : json_string(error, "type");
    if (!text)
        text = json_string(said.body, "message");
    if (text)
        said.text = text;
    return said;
}

/* `status` is the answer's own, or the one that its error would have had. */
static bool classify(const struct answer *answer, int status, const struct reading_time *time,
                     struct finding *finding)
{
    struct said said = said_of(answer);
    bool foreign = (status == 401 || status == 403) && !is_json_object(answer);
    keep_line(said.text, finding);
    bool known = !foreign && !is_about_request(said.text) &&
                 message_classify_structured(status, said.type, said.text, time, finding) > 0;
    if (known && answer->provider != PROVIDER_UNKNOWN)
        finding->provider = answer->provider;
    json_destroy(said.body);
    return known;
}

static void read_success(const struct answer *answer, const struct reading_time *time,
                         struct meaning *meaning)
{
    if (!is_json_object(answer))
        return;
    meaning->state = CHECK_VALID;
    if (!window_is_closed(answer->headers))
        return;
    meaning->state = CHECK_LIMITED;
    close_window(answer, time, &meaning->finding);
}

static enum check_state state_of_class(enum failure_class class)
{
    static const enum check_state states[CLASS_COUNT] = {
        [CLASS_NONE] = CHECK_UNCLEAR,       [CLASS_LIMIT] = CHECK_LIMITED,
        [CLASS_THROTTLED] = CHECK_LIMITED,  [CLASS_AUTH] = CHECK_REFUSED,
        [CLASS_FORBIDDEN] = CHECK_REFUSED,  [CLASS_BILLING] = CHECK_REFUSED,
        [CLASS_SERVER] = CHECK_UNREACHABLE, [CLASS_NETWORK] = CHECK_UNREACHABLE,
    };
    return states[class];
}

static void read_failure(const struct answer *answer, const struct reading_time *time,
                         struct meaning *meaning)
{
    struct finding *finding = &meaning->finding;
    if (!classify(answer, answer->status, time, finding))
        return;
    if (answer->status == 429 && window_is_closed(answer->headers))
        close_window(answer, time, finding);
    else if (finding->class == CLASS_THROTTLED)
        read_throttle(answer, time, finding);
    meaning->state = state_of_class(finding->class);
}

void answer_read(const struct answer *answer, const struct reading_time *time,
                 struct meaning *ret_meaning)
{
    *ret_meaning = (struct meaning){.state = CHECK_UNCLEAR};
    read_organization(answer->headers, ret_meaning->organization);
    if (answer->status >= 200 && answer->status <= 299)
        read_success(answer, time, ret_meaning);
    else if (answer->status >= 400)
        read_failure(answer, time, ret_meaning);
    ret_meaning->finding.source = SOURCE_RESULT;
}

/* The status that an error has where it does not come inside a success: OpenAI's codes too. */
static int status_of_type(const char *type)
{
    static const struct {
        const char *type;
        int status;
    } types[] = {
        {"authentication_error", 401}, {"invalid_api_key", 401},      {"billing_error", 402},
        {"permission_error", 403},     {"rate_limit_error", 429},     {"rate_limit_exceeded", 429},
        {"insufficient_quota", 429},   {"insufficient_credits", 402}, {"api_error", 500},
        {"server_error", 500},         {"timeout_error", 504},        {"overloaded_error", 529},
    };
    for (size_t i = 0; type && i < COUNT(types); i++)
        if (strcmp(types[i].type, type) == 0)
            return types[i].status;
    return 400;
}

/* Tells a body that is an error from a long answer after its first members. */
static bool is_error_body(const struct answer *answer)
{
    struct scan scan = {answer->body, answer->body + answer->body_length};
    struct part name, value;
    size_t count = 0;
    if (!scan_enter(&scan, '{'))
        return false;
    while (scan_member(&scan, &count, &name) == SCAN_NEXT) {
        if (part_is(&name, "error"))
            return scan_peek(&scan) == '{';
        if (!scan_value(&scan, &value))
            return false;
        if (part_is(&name, "type") && !part_is(&value, "\"error\""))
            return false;
    }
    return false;
}

/* If no window is named, the one that is reported as used up. */
static void name_window(const char *headers, struct finding *finding)
{
    static const struct {
        const char *name, *type;
    } types[] = {
        {"5h", "five_hour"},
        {"7d", "seven_day"},
        {"7d_opus", "seven_day_opus"},
        {"7d_sonnet", "seven_day_sonnet"},
        {"7d_oi", "seven_day_overage_included"},
    };
    struct usage usage;
    int64_t latest = 0;
    usage_read(headers, &usage);
    for (size_t i = 0; i < usage.count; i++) {
        if (usage.windows[i].status != USAGE_REJECTED)
            continue;
        for (size_t k = 0; k < COUNT(types); k++)
            if (strcmp(types[k].name, usage.windows[i].name) == 0)
                window_apply(types[k].type, finding);
        latest = usage.windows[i].reset > latest ? usage.windows[i].reset : latest;
    }
    if (finding->until == 0)
        finding->until = latest;
}

static bool any_window_is_closed(const char *headers)
{
    struct usage usage;
    usage_read(headers, &usage);
    for (size_t i = 0; i < usage.count; i++)
        if (usage.windows[i].status == USAGE_REJECTED &&
            strncmp(usage.windows[i].name, "overage", strlen("overage")) != 0)
            return true;
    return window_is_closed(headers);
}

static void read_429(const struct answer *answer, const struct reading_time *time,
                     struct meaning *meaning)
{
    struct finding *finding = &meaning->finding;
    bool of_model_in_use = finding->scope == SCOPE_MODEL && !*finding->model;
    if (of_model_in_use)
        return; /* more exact than the windows, which are the whole key's */
    if (any_window_is_closed(answer->headers)) {
        close_window(answer, time, finding);
        if (!*finding->what)
            name_window(answer->headers, finding);
        bool no_credit = head_value_is(
            answer->headers, "anthropic-ratelimit-unified-overage-disabled-reason", OUT_OF_CREDITS);
        if (finding->until == 0 && no_credit)
            finding->class = CLASS_BILLING;
    } else if (finding->class == CLASS_THROTTLED) {
        read_throttle(answer, time, finding);
        meaning->rests = finding->until > 0;
    }
}

static void read_refusal(const struct answer *answer, int status, const struct reading_time *time,
                         struct meaning *meaning)
{
    struct finding *finding = &meaning->finding;
    if (!classify(answer, status, time, finding))
        return;
    meaning->state = state_of_class(finding->class);
    meaning->rests = finding->class != CLASS_SERVER;
    if (status == 429)
        read_429(answer, time, meaning);
}

static void read_advice(const struct answer *answer, const struct reading_time *time,
                        struct meaning *meaning)
{
    int64_t until = read_time(answer->headers, "retry-after", time);
    meaning->retry_after = until == 0 ? -1 : until > time->now ? until - time->now : 0;
    meaning->should_not_retry = head_value_is(answer->headers, "x-should-retry", "false");
}

void answer_read_request(const struct answer *answer, const struct reading_time *time,
                         struct meaning *ret_meaning)
{
    *ret_meaning = (struct meaning){.state = CHECK_UNCLEAR};
    read_organization(answer->headers, ret_meaning->organization);
    read_advice(answer, time, ret_meaning);
    bool success = answer->status >= 200 && answer->status <= 299;
    if (success && !is_error_body(answer)) {
        ret_meaning->state = CHECK_VALID;
    } else if (success) {
        struct said said = said_of(answer);
        int status = status_of_type(said.type);
        json_destroy(said.body);
        read_refusal(answer, status, time, ret_meaning);
    } else if (answer->status >= 400) {
        read_refusal(answer, answer->status, time, ret_meaning);
    }
    ret_meaning->finding.source = SOURCE_RESULT;
}

const char *check_state_name(enum check_state state)
{
    static const char *const names[] = {
        [CHECK_VALID] = "valid",       [CHECK_LIMITED] = "limited",
        [CHECK_REFUSED] = "refused",   [CHECK_UNREACHABLE] = "unreachable",
        [CHECK_UNCLEAR] = "unchecked",
    };
    return names[state];
}
