#include "core/evidence/message.h"

#include "core/evidence/pattern.h"
#include "core/evidence/plain.h"
#include "core/evidence/prefilter.h"
#include "core/evidence/window.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A message is a sentence; a longer line is prose or data and is not looked at. An SDK's line holds
 * the whole error body, hence the generous bound. */
#define MESSAGE_LONGEST 8192

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool may_be_one(const char *bytes, size_t length, bool whole)
{
    if (length >= 2 && prefilter_rules_out(bytes))
        return false;
    size_t lead = plain_lead(bytes, length);
    return prefilter_may_match(bytes + lead, length - lead, whole);
}

bool message_may_start(const char *bytes, size_t length)
{
    return may_be_one(bytes, length, length > 0 && bytes[length - 1] == '\n');
}

#define WINDOWS "5-hour|five-hour|session|usage|weekly|daily|monthly|opus|sonnet|haiku|claude"

/* Tried in order; the first that matches decides. CLASS_NONE rows are the near misses. Matched
 * without regard to case against the normalised line. */
static const struct family {
    enum failure_class class;
    const char *pattern;
} families[] = {
    {CLASS_NONE, "^you've used [0-9]+% of"},
    {CLASS_NONE, "^you're (close to|now using|nearing|approaching)"},
    {CLASS_NONE, "^prompt is too long"},
    {CLASS_THROTTLED, "^api error:? .*(temporarily limiting requests|not your usage limit)"},
    {CLASS_BILLING, "^(your )?credit balance is too low"},
    {CLASS_BILLING, "^(api error:? ([0-9]{3} )?.*)?(credit balance is too low|you have reached "
                    "your specified api usage limits)"},
    {CLASS_THROTTLED,
     "^api error:? (request rejected \\(429\\)|rate limit reached|\\(?429([^0-9]|$))"},
    {CLASS_LIMIT, "^(you've|you have) (hit|reached|exceeded|used up) (your|the) (.{0,60} )?"
                  "limit( ?[^a-z0-9 ].*| (for|on|until|resets?|will) .*)?$"},
    {CLASS_LIMIT, "^(you're|you are) out of (extra usage|usage credits|credits)([^a-z]|$)"},
    {CLASS_LIMIT, "^(claude |claude ai |claude code |your )?usage limit reached([^a-z]|$)"},
    {CLASS_LIMIT,
     "^((" WINDOWS ")( [a-z0-9-]+){0,2} )?limit reached.*(resets?([^a-z]|$)|\\|[0-9]{10})"},
    {CLASS_FORBIDDEN,
     "^(failed to authenticate[.:]? ?|please run /login \\| )?api error:? \\(?403([^0-9]|$)"},
    {CLASS_FORBIDDEN, "^(your|this) organization .*(disabled|does not have access|is not allowed|"
                      "not permitted)"},
    {CLASS_FORBIDDEN, "^(your|this) (account|plan) .*(does not have access|not allowed|not "
                      "permitted).*claude"},
    {CLASS_FORBIDDEN, "^oauth authentication is (currently )?not (allowed|supported)"},
    {CLASS_AUTH,
     "^(failed to authenticate[.:]? ?|please run /login \\| )?api error:? \\(?401([^0-9]|$)"},
    {CLASS_AUTH, "^failed to authenticate([.:] .*(api error|oauth|api key|/login).*)?$"},
    {CLASS_AUTH, "^invalid (api key|bearer token|authentication credentials)( ?[|.].*)?$"},
    {CLASS_AUTH, "^not logged in( ?[|.].*)?$"},
    {CLASS_AUTH, "^(your )?oauth (access )?token (has )?(been )?(revoked|expired)"},
    {CLASS_AUTH, "^[^|]{0,100}\\| please run /login$"},
    {CLASS_SERVER, "^api error:? (\\(?5[0-9][0-9]([^0-9]|$)|.{0,40}overloaded|internal server "
                   "error)"},
    {CLASS_NETWORK,
     "^api error:? .*(unable to connect|connection (error|refused|reset|closed|lost|timed out)|"
     "request timed out|econn|etimedout|enotfound|eai_again|socket hang up|fetch failed)"},
};

static const char sdk_connection_pattern[] =
    "^[| ]*(uncaught )?((anthropic|openai)\\.)?api(connection|timeout|connectiontimeout)error: ";

/* An SDK's exception with a status: "RateLimitError: 429 {…}", "anthropic.RateLimitError: Error
 * code: 429 - {…}". Only the Anthropic and OpenAI SDKs' own names: another library's 429 is none of
 * a key's business. In a Python exception group bars stand before it. */
static const char sdk_pattern[] =
    "^[| ]*(uncaught )?\\[?((anthropic|openai)\\.)?(ratelimit|authentication|permissiondenied|"
    "overloaded|internalserver|badrequest|serviceunavailable|apistatus|api)error: (error code: )?"
    "([0-9]{3})([^0-9]|$)";
#define SDK_NAME_GROUP   3
#define SDK_STATUS_GROUP 6

/* The bare error of the provider, as `Error: 429 {"type":"error",…}` or as the body alone. */
static const char body_pattern[] =
    "^((uncaught )?error: [0-9]{3} )?\\{ ?[\"']type[\"']: ?[\"']error[\"'], ?[\"']error[\"']: ?\\{ "
    "?[\"']type[\"']: ?[\"']([a-z_]+)[\"']";
#define BODY_TYPE_GROUP 3

static const char billing_pattern[] =
    "credit balance is too low|specified api usage limits|insufficient_quota|exceeded your current "
    "quota|billing_error|purchase credits";

static bool ran_out_of_memory;

bool message_ran_out_of_memory(void)
{
    return ran_out_of_memory;
}

static const struct family *find_family(const char *text)
{
    static struct pattern compiled[COUNT(families)];
    for (size_t i = 0; i < COUNT(families); i++)
        if (pattern_match(&compiled[i], families[i].pattern, text, 0, NULL))
            return &families[i];
    return NULL;
}

static bool is_billing(const char *text)
{
    static struct pattern compiled;
    return pattern_match(&compiled, billing_pattern, text, 0, NULL);
}

static enum failure_class class_of_status(int status, const char *text)
{
    if ((status == 400 || status == 402 || status == 403 || status == 429) && is_billing(text))
        return CLASS_BILLING;
    if (status >= 500 && status <= 599)
        return CLASS_SERVER;
    return status == 429   ? CLASS_THROTTLED
           : status == 401 ? CLASS_AUTH
           : status == 402 ? CLASS_BILLING
           : status == 403 ? CLASS_FORBIDDEN
                           : CLASS_NONE;
}

/* The names of Claude Code's transcript and of the provider's error bodies. */
static enum failure_class class_of_error(const char *error)
{
    static const struct {
        const char *name;
        enum failure_class class;
    } errors[] = {
        {"authentication_failed", CLASS_AUTH},
        {"authentication_error", CLASS_AUTH},
        {"oauth_org_not_allowed", CLASS_FORBIDDEN},
        {"permission_error", CLASS_FORBIDDEN},
        {"billing_error", CLASS_BILLING},
        {"rate_limit", CLASS_THROTTLED},
        {"rate_limit_error", CLASS_THROTTLED},
        {"overloaded", CLASS_SERVER},
        {"overloaded_error", CLASS_SERVER},
        {"server_error", CLASS_SERVER},
        {"api_error", CLASS_SERVER},
        {"timeout_error", CLASS_SERVER},
    };
    for (size_t i = 0; error && i < COUNT(errors); i++)
        if (strcmp(errors[i].name, error) == 0)
            return errors[i].class;
    return CLASS_NONE;
}

/* An unknown noun before "limit" might be any program's: it counts as a plan limit only beside a
 * reset or a name of a model. */
static bool is_plan_limit(const char *text)
{
    static struct pattern compiled;
    return pattern_match(&compiled,
                         "(" WINDOWS "|extra usage|credits|spend|your limit|the limit).*|.*reset",
                         text, 0, NULL);
}

static enum provider provider_of_sdk(const char *name)
{
    return strncasecmp(name, "openai", strlen("openai")) == 0 ? PROVIDER_OPENAI
                                                              : PROVIDER_ANTHROPIC;
}

static enum failure_class classify_text(const char *text, bool trusted, struct finding *finding)
{
    static struct pattern connection, sdk, body;
    regmatch_t group[8];
    bool is_data = *text == '{' || *text == '[';
    const struct family *family = is_data ? NULL : find_family(text);
    if (family && family->class == CLASS_LIMIT) {
        if (!trusted && !is_plan_limit(text))
            return CLASS_NONE;
        window_read(text, finding);
    }
    finding->provider = family ? PROVIDER_ANTHROPIC : provider_of_words(text);
    if (family)
        return family->class;
    if (!is_data && pattern_match(&connection, sdk_connection_pattern, text, 0, NULL))
        return CLASS_NETWORK;
    if (*text != '{' && pattern_match(&sdk, sdk_pattern, text, 8, group)) {
        if (group[SDK_NAME_GROUP].rm_so >= 0) /* whatever a gateway behind it calls itself */
            finding->provider = provider_of_sdk(text + group[SDK_NAME_GROUP].rm_so);
        return class_of_status(atoi(text + group[SDK_STATUS_GROUP].rm_so), text);
    }
    if (!pattern_match(&body, body_pattern, text, 8, group))
        return CLASS_NONE;
    finding->provider = PROVIDER_ANTHROPIC;
    char type[64];
    const regmatch_t *at = &group[BODY_TYPE_GROUP];
    snprintf(type, sizeof type, "%.*s", (int)(at->rm_eo - at->rm_so), text + at->rm_so);
    return is_billing(text) ? CLASS_BILLING : class_of_error(type);
}

static void finish_finding(struct finding *finding, const char *shown, const char *text,
                           const struct reading_time *time)
{
    int64_t until;
    snprintf(finding->line, sizeof finding->line, "%s", shown);
    if (resettime_find(text, time->now, time->zones, &until))
        finding->until = until;
    if (finding->class == CLASS_THROTTLED || finding->class == CLASS_BILLING)
        finding->scope = SCOPE_ORGANIZATION;
}

/* What the text leaves open, the status and the name decide; a 429 with a reset time is a window,
 * however the sentence is worded. */
static enum failure_class decide(int status, const char *error, const char *text,
                                 enum failure_class by_text, const struct reading_time *time)
{
    int64_t until;
    if (by_text != CLASS_NONE)
        return by_text;
    enum failure_class class = status > 0 ? class_of_status(status, text) : CLASS_NONE;
    if (class == CLASS_NONE)
        class = class_of_error(error);
    if (class == CLASS_THROTTLED && strcasestr(text, "reset") &&
        resettime_find(text, time->now, time->zones, &until))
        return CLASS_LIMIT;
    return class;
}

/* What a message says, and how it came: `trusted` is a field that only the client writes. */
struct message {
    const char *text;
    size_t length;
    bool trusted;
    int status;
    const char *error;
};

static bool classify(const struct message *message, const struct reading_time *time,
                     struct finding *ret_finding)
{
    struct buffer stripped = {0}, normal = {0};
    struct finding finding = {0};
    plain_append(message->text, message->length, &stripped);
    plain_normalise(&stripped, &normal);
    enum failure_class by_text = classify_text(buffer_text(&normal), message->trusted, &finding);
    finding.class = decide(message->status, message->error, buffer_text(&normal), by_text, time);
    bool cut = stripped.failed || normal.failed;
    ran_out_of_memory = pattern_ran_out_of_memory() || cut;
    /* What was not tried might have been a near miss; of a trusted field enough is known. */
    bool known = finding.class != CLASS_NONE && !cut && (message->trusted || !ran_out_of_memory);
    if (known) {
        const char *shown = buffer_text(&stripped);
        finish_finding(&finding, shown + strspn(shown, " "), buffer_text(&normal), time);
        *ret_finding = finding;
    }
    buffer_finish(&stripped);
    buffer_finish(&normal);
    return known;
}

bool message_classify(const char *line, size_t length, const struct reading_time *time,
                      struct finding *ret_finding)
{
    struct message message = {.text = line, .length = length};
    ran_out_of_memory = false;
    return length > 0 && length <= MESSAGE_LONGEST && may_be_one(line, length, true) &&
           classify(&message, time, ret_finding);
}

bool message_classify_structured(int status, const char *error, const char *text,
                                 const struct reading_time *time, struct finding *ret_finding)
{
    ran_out_of_memory = false;
    struct message message = {
        .text = text, .trusted = true, .status = status > 0 ? status : 0, .error = error};
    message.length = text ? strnlen(text, MESSAGE_LONGEST) : 0;
    if (!classify(&message, time, ret_finding))
        return false;
    ret_finding->provider = PROVIDER_ANTHROPIC; /* Claude Code's fields tell of no other */
    return true;
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
    while (i < length && (isalnum((unsigned char)line[i]) || line[i] == '_' || line[i] == '.'))
        i++;
    return i > 5 && i + 1 < length && line[i] == ':' && line[i + 1] == ' ' &&
           (memcmp(line + i - 5, "Error", 5) == 0 ||
            (i > 9 && memcmp(line + i - 9, "Exception", 9) == 0));
}
