#include "core/pool/policy.h"

#include "base/duration.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FARTHEST_RESET (40 * (int64_t)86400)

struct policy policy_default(void)
{
    struct policy policy = {.retries = POLICY_DEFAULT_RETRIES,
                            .cooldown_all = -1,
                            .refresh_before = POLICY_REFRESH_BEFORE};
    for (int i = 0; i < CLASS_COUNT; i++) {
        policy.cooldown[i] = -1;
        if (i != CLASS_NONE)
            policy.retry_on |= 1u << i;
    }
    return policy;
}

static int unknown_class(const char *name, size_t length, struct buffer *error)
{
    failure_append_unknown(name, length, error);
    return -EINVAL;
}

static int parse_length(const char *text, int64_t *ret_seconds, struct buffer *error)
{
    int r = duration_parse(text, ret_seconds);
    if (r < 0)
        buffer_append_format(error,
                             r == -ERANGE
                                 ? "\"%s\" is too long; at most 400d"
                                 : "\"%s\" is not a length of time; write 60, 90s, 5m, 2h or 1d",
                             text);
    return r < 0 ? -EINVAL : 0;
}

static int parse_cooldown_item(struct policy *policy, const char *item, struct buffer *error)
{
    const char *equals = strchr(item, '=');
    const char *value = equals ? equals + 1 : item;
    int64_t seconds;
    if (parse_length(value, &seconds, error) < 0)
        return -EINVAL;
    if (!equals) {
        policy->cooldown_all = seconds;
        for (int class = 0; class < CLASS_COUNT; class ++)
            policy->cooldown[class] = -1;
        return 0;
    }
    enum failure_class class = failure_class_parse(item, (size_t)(equals - item));
    if (class == CLASS_NONE || class == CLASS_COUNT)
        return unknown_class(item, (size_t)(equals - item), error);
    policy->cooldown[class] = seconds;
    return 0;
}

/* Calls `parse` with each part of a comma-separated list. */
static int for_each_item(const char *text, struct policy *policy, struct buffer *error,
                         int (*parse)(struct policy *, const char *, struct buffer *))
{
    struct policy changed = *policy;
    char *copy = strdup(text), *rest = copy, *item;
    if (!copy)
        return -ENOMEM;
    int r = 0;
    while (r == 0 && (item = strsep(&rest, ",")))
        r = parse(&changed, item, error);
    free(copy);
    if (r == 0)
        *policy = changed;
    return r;
}

int policy_parse_cooldown(struct policy *policy, const char *text, struct buffer *error)
{
    return for_each_item(text, policy, error, parse_cooldown_item);
}

static int parse_retry_item(struct policy *policy, const char *item, struct buffer *error)
{
    enum failure_class class = failure_class_parse(item, strlen(item));
    if (class == CLASS_COUNT)
        return unknown_class(item, strlen(item), error);
    if (class != CLASS_NONE)
        policy->retry_on |= 1u << class;
    return 0;
}

int policy_parse_retry_on(struct policy *policy, const char *text, struct buffer *error)
{
    unsigned before = policy->retry_on;
    policy->retry_on = 0;
    int r = for_each_item(text, policy, error, parse_retry_item);
    if (r < 0)
        policy->retry_on = before;
    return r;
}

static int parse_number(const char *text, int least, int most, const char *of_what,
                        struct buffer *error, int *ret)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < least || number > most) {
        buffer_append_format(error, "\"%s\" is not a number of %s; write %d to %d", text, of_what,
                             least, most);
        return -EINVAL;
    }
    *ret = (int)number;
    return 0;
}

int policy_parse_retries(struct policy *policy, const char *text, struct buffer *error)
{
    int r = parse_number(text, 0, POLICY_MAX_RETRIES, "keys", error, &policy->retries);
    policy->retries_set |= r == 0;
    return r;
}

int policy_parse_refresh_before(struct policy *policy, const char *text, struct buffer *error)
{
    return parse_length(text, &policy->refresh_before, error);
}

int policy_parse_max_per_key(struct policy *policy, const char *text, struct buffer *error)
{
    return parse_number(text, 1, POLICY_MAX_PER_KEY, "runs", error, &policy->max_per_key);
}

static const char *const wish_names[] = {
    [GATEWAY_AUTO] = "auto", [GATEWAY_ON] = "on", [GATEWAY_OFF] = "off"};

#define WISH_COUNT (sizeof wish_names / sizeof wish_names[0])

int policy_parse_gateway(struct policy *policy, const char *text, struct buffer *error)
{
    for (size_t i = 0; i < WISH_COUNT; i++) {
        if (strcmp(text, wish_names[i]) == 0) {
            policy->gateway = (enum gateway_wish)i;
            return 0;
        }
    }
    buffer_append_format(error, "\"%s\" is not auto, on or off", text);
    return -EINVAL;
}

const char *gateway_wish_name(enum gateway_wish wish)
{
    return wish_names[wish];
}

bool policy_rotates(const struct policy *policy, enum failure_class class)
{
    return policy->retry_on & (1u << class);
}

enum told_time policy_told(const struct finding *finding, int64_t now, int64_t *ret_longest)
{
    int64_t longest = finding->longest > 0 ? finding->longest : FARTHEST_RESET;
    /* Clocks differ, and a week with a change of the clock is an hour longer. */
    int64_t slack = finding->longest / 20;
    if (ret_longest)
        *ret_longest = longest;
    if (finding->until <= 0)
        return TOLD_NOT;
    if (finding->until <= now)
        return TOLD_PAST;
    return finding->until - now <= longest + slack ? TOLD_TAKEN : TOLD_TOO_FAR;
}

int64_t policy_cooldown(const struct policy *policy, const struct finding *finding, int64_t now)
{
    int64_t own = policy->cooldown[finding->class];
    if (policy->cooldown_all >= 0)
        return own >= 0 ? own : policy->cooldown_all;
    if (policy_told(finding, now, NULL) == TOLD_TAKEN)
        return finding->until - now;
    return own >= 0 ? own : failure_default_cooldown(finding->class);
}
