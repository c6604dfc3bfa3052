#include "core/evidence/answer.h"

#include "base/cursor.h"
#include "base/json.h"
#include "core/evidence/plain.h"
#include "core/evidence/window.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define VALUE        256

/* The value of the first header of this name, without blanks around it; "" if there is none. */
static void read_header(const char *headers, const char *name, char ret_value[VALUE])
{
    size_t length = strlen(name);
    *ret_value = '\0';
    for (const char *line = headers; *line; line += strspn(line, "\r\n")) {
        size_t end = strcspn(line, "\r\n");
        if (end > length && line[length] == ':' && strncasecmp(line, name, length) == 0) {
            const char *value = line + length + 1;
            size_t rest = end - length - 1, blank = 0;
            while (blank < rest && (value[blank] == ' ' || value[blank] == '\t'))
                blank++;
            snprintf(ret_value, VALUE, "%.*s", (int)(rest - blank), value + blank);
            for (size_t n = strlen(ret_value); n > 0 && strchr(" \t", ret_value[n - 1]); n--)
                ret_value[n - 1] = '\0';
            return;
        }
        line += end;
    }
}

/* A header's time, in any of the forms that follow "retry after"; 0 if it tells none. */
static int64_t read_time(const char *headers, const char *name, const struct reading_time *time)
{
    char value[VALUE], text[VALUE + 16];
    int64_t until = 0;
    read_header(headers, name, value);
    snprintf(text, sizeof text, "retry-after: %s", value);
    return *value && resettime_find(text, time->now, time->zones, &until) ? until : 0;
}

static void read_organization(const char *headers, char ret_id[MEANING_ORGANIZATION])
{
    char value[VALUE];
    read_header(headers, "anthropic-organization-id", value);
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
    char status[VALUE], overage[VALUE];
    read_header(headers, "anthropic-ratelimit-unified-status", status);
    read_header(headers, "anthropic-ratelimit-unified-overage-status", overage);
    return strcmp(status, "rejected") == 0 && strncmp(overage, "allowed", 7) != 0;
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
    read_header(answer->headers, "anthropic-ratelimit-unified-representative-claim", window);
    window_apply(window, finding);
}

/* Without a retry-after, when the last of an API key's used-up rates is filled again. */
static int64_t read_rates(const char *headers, const struct reading_time *time)
{
    static const char *const rates[] = {"requests", "tokens", "input-tokens", "output-tokens"};
    int64_t latest = 0;
    for (size_t i = 0; i < COUNT(rates); i++) {
        char name[64], remaining[VALUE];
        snprintf(name, sizeof name, "anthropic-ratelimit-%s-remaining", rates[i]);
        read_header(headers, name, remaining);
        if (strcmp(remaining, "0") != 0)
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

/* What is said of the request, which asks for something that not every key may see, though it may
 * well work: no verdict on the key. */
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

/* What was said is of use where nothing is known of it, too. */
static void keep_line(const char *text, struct finding *finding)
{
    struct buffer stripped = {0};
    plain_append(text, strlen(text), &stripped);
    snprintf(finding->line, sizeof finding->line, "%s", buffer_text(&stripped));
    buffer_finish(&stripped);
}

static bool classify(const struct answer *answer, const struct reading_time *time,
                     struct finding *finding)
{
    CLEANUP_JSON cJSON *body = json_parse(answer->body, answer->body_length, NULL);
    const cJSON *error = json_get(body, "error");
    const char *text = json_string(error, "message");
    if (!text)
        text = json_string(body, "message");
    if (!text)
        text = "";
    keep_line(text, finding);
    bool foreign = (answer->status == 401 || answer->status == 403) && !is_json_object(answer);
    if (foreign || is_about_request(text))
        return false;
    return message_classify_structured(answer->status, json_string(error, "type"), text ? text : "",
                                       time, finding);
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

static void read_failure(const struct answer *answer, const struct reading_time *time,
                         struct meaning *meaning)
{
    static const enum check_state states[CLASS_COUNT] = {
        [CLASS_NONE] = CHECK_UNCLEAR,       [CLASS_LIMIT] = CHECK_LIMITED,
        [CLASS_THROTTLED] = CHECK_LIMITED,  [CLASS_AUTH] = CHECK_REFUSED,
        [CLASS_FORBIDDEN] = CHECK_REFUSED,  [CLASS_BILLING] = CHECK_REFUSED,
        [CLASS_SERVER] = CHECK_UNREACHABLE, [CLASS_NETWORK] = CHECK_UNREACHABLE,
    };
    struct finding *finding = &meaning->finding;
    if (!classify(answer, time, finding))
        return;
    if (answer->status == 429 && window_is_closed(answer->headers))
        close_window(answer, time, finding);
    else if (finding->class == CLASS_THROTTLED)
        read_throttle(answer, time, finding);
    meaning->state = states[finding->class];
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

const char *check_state_name(enum check_state state)
{
    static const char *const names[] = {
        [CHECK_VALID] = "valid",       [CHECK_LIMITED] = "limited",
        [CHECK_REFUSED] = "refused",   [CHECK_UNREACHABLE] = "unreachable",
        [CHECK_UNCLEAR] = "unchecked",
    };
    return names[state];
}
