#include "core/evidence/usage.h"

#include "base/cursor.h"
#include "base/head.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char prefix[] = "anthropic-ratelimit-unified-";
static const char *const statuses[] = {
    [USAGE_UNKNOWN] = "",
    [USAGE_ALLOWED] = "allowed",
    [USAGE_WARNING] = "allowed_warning",
    [USAGE_REJECTED] = "rejected",
};

const char *usage_status_name(enum usage_status status)
{
    return statuses[status];
}

enum usage_status usage_status_parse(const char *name)
{
    for (size_t i = 1; i < COUNT(statuses); i++)
        if (strcmp(statuses[i], name) == 0)
            return (enum usage_status)i;
    return USAGE_UNKNOWN;
}

/* "0.76", "1", "1.02": a share, as thousandths, rounded down. False if it is not such a number. */
static bool read_share(const struct header *header, int *ret_used)
{
    struct cursor c = {header->value, header->value + header->value_length};
    int64_t whole = 0;
    if (!cursor_read_number(&c, 1, 3, &whole))
        return false;
    int used = (int)whole * 1000;
    if (c.at < c.end && *c.at++ != '.')
        return false;
    for (int unit = 100; c.at < c.end; unit /= 10) {
        if (!char_is_digit(*c.at))
            return false;
        used += unit * (*c.at++ - '0');
    }
    *ret_used = used;
    return true;
}

static void apply_status(const struct header *header, struct usage_window *window)
{
    for (size_t i = 1; i < COUNT(statuses); i++)
        if (strlen(statuses[i]) == header->value_length &&
            strncasecmp(statuses[i], header->value, header->value_length) == 0)
            window->status = (enum usage_status)i;
}

static void apply_utilization(const struct header *header, struct usage_window *window)
{
    (void)read_share(header, &window->used);
}

static void apply_reset(const struct header *header, struct usage_window *window)
{
    struct cursor c = {header->value, header->value + header->value_length};
    int64_t reset = 0;
    if (cursor_read_number(&c, 1, 12, &reset) && c.at == c.end)
        window->reset = reset;
}

static const struct {
    const char *suffix;
    void (*apply)(const struct header *header, struct usage_window *window);
} parts[] = {
    {"-status", apply_status},
    {"-utilization", apply_utilization},
    {"-reset", apply_reset},
};

static bool is_name(const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!char_is_alnum(name[i]) && name[i] != '_')
            return false;
    return length > 0 && length < USAGE_NAME;
}

static struct usage_window *window_of(struct usage *usage, const char *name, size_t length)
{
    for (size_t i = 0; i < usage->count; i++)
        if (strlen(usage->windows[i].name) == length &&
            strncasecmp(usage->windows[i].name, name, length) == 0)
            return &usage->windows[i];
    if (usage->count == USAGE_MOST)
        return NULL;
    struct usage_window *window = &usage->windows[usage->count++];
    *window = (struct usage_window){.used = -1};
    for (size_t i = 0; i < length; i++)
        window->name[i] = char_lower(name[i]);
    return window;
}

static void apply(const struct header *header, struct usage *usage)
{
    const char *name = header->name + strlen(prefix);
    size_t length = header->name_length - strlen(prefix);
    for (size_t i = 0; i < COUNT(parts); i++) {
        size_t suffix = strlen(parts[i].suffix);
        if (length <= suffix || !is_name(name, length - suffix) ||
            strncasecmp(name + length - suffix, parts[i].suffix, suffix) != 0)
            continue;
        struct usage_window *window = window_of(usage, name, length - suffix);
        if (window)
            parts[i].apply(header, window);
        return;
    }
}

void usage_read(const char *head, struct usage *ret_usage)
{
    struct header header;
    *ret_usage = (struct usage){0};
    while (head_next(&head, &header))
        if (header.name_length > strlen(prefix) &&
            strncasecmp(header.name, prefix, strlen(prefix)) == 0)
            apply(&header, ret_usage);
}

const struct usage_window *usage_find(const struct usage *usage, const char *name)
{
    for (size_t i = 0; i < usage->count; i++)
        if (strcmp(usage->windows[i].name, name) == 0)
            return &usage->windows[i];
    return NULL;
}

int usage_fullest(const struct usage *usage, int64_t now)
{
    int fullest = -1;
    for (size_t i = 0; i < usage->count; i++) {
        const struct usage_window *window = &usage->windows[i];
        int used = window->status == USAGE_REJECTED && window->used < 1000 ? 1000 : window->used;
        if (strncmp(window->name, "overage", strlen("overage")) == 0)
            continue;
        if (used > 0 && window->reset != 0 && window->reset <= now)
            used = 0;
        fullest = used > fullest ? used : fullest;
    }
    return fullest;
}
