#include "core/state/statefile.h"

#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

/* Before a member or an item: a comma, but for the first one. */
static void add_comma(struct buffer *text)
{
    char last = text->length > 0 ? text->data[text->length - 1] : '{';
    if (last != '{' && last != '[')
        buffer_append_char(text, ',');
}

static void add_name(struct buffer *text, const char *name)
{
    add_comma(text);
    buffer_append_char(text, '"');
    buffer_append_text(text, name);
    buffer_append_text(text, "\":");
}

static void add_string(struct buffer *text, const char *name, const char *value)
{
    add_name(text, name);
    scan_append_string(text, value);
}

static void add_number(struct buffer *text, const char *name, int64_t value)
{
    add_name(text, name);
    buffer_append_integer(text, value);
}

/* The members that a newer version put into an object. */
static void add_unknown(struct buffer *text, const char *object, size_t length,
                        const char *const *names)
{
    struct scan scan = members_scan(object, length);
    struct part name, value;
    size_t count = 0;
    if (!scan_enter(&scan, '{'))
        return;
    while (scan_member(&scan, &count, &name) == SCAN_NEXT && scan_value(&scan, &value)) {
        if (members_place(names, &name) >= 0)
            continue;
        add_comma(text);
        buffer_append_char(text, '"');
        buffer_append(text, name.text, name.length);
        buffer_append_text(text, "\":");
        buffer_append(text, value.text, value.length);
    }
}

static void add_cooldowns(struct buffer *text, const struct record *record)
{
    add_name(text, "cooldowns");
    buffer_append_char(text, '[');
    for (size_t i = 0; i < record->cooldown_count && !text->failed; i++) {
        const struct cooldown *cooldown = &record->cooldowns[i];
        add_comma(text);
        buffer_append_char(text, '{');
        add_string(text, "class", failure_class_name(cooldown->class));
        if (*cooldown->model)
            add_string(text, "model", cooldown->model);
        if (*cooldown->what)
            add_string(text, "what", cooldown->what);
        add_number(text, "until", cooldown->until);
        add_number(text, "length", cooldown->length);
        buffer_append_char(text, '}');
    }
    buffer_append_char(text, ']');
}

static void add_record(struct buffer *text, const struct record *record)
{
    if (!record->changed && record->raw) {
        buffer_append(text, record->raw, record->raw_length);
        return;
    }
    buffer_append_char(text, '{');
    add_cooldowns(text, record);
    if (*record->name)
        add_string(text, "name", record->name);
    add_number(text, "failures", record->failures);
    add_number(text, "runs", record->runs);
    add_number(text, "last_used", record->last_used);
    add_number(text, "last_failed", record->last_failed);
    if (record->last_class != CLASS_NONE)
        add_string(text, "last_class", failure_class_name(record->last_class));
    if (record->warned_end > 0)
        add_number(text, "warned_end", record->warned_end);
    add_unknown(text, record->raw, record->raw_length, statefile_record_names);
    buffer_append_char(text, '}');
}

static void add_table(struct buffer *text, const char *name, const struct record_table *table)
{
    add_name(text, name);
    buffer_append_char(text, '{');
    for (size_t i = 0; i < table->count && !text->failed; i++) {
        add_comma(text);
        scan_append_string(text, table->records[i].id);
        buffer_append_char(text, ':');
        add_record(text, &table->records[i]);
    }
    buffer_append_char(text, '}');
}

static void add_lease(struct buffer *text, const struct lease *lease)
{
    buffer_append_char(text, '{');
    add_string(text, "key", lease->key);
    add_number(text, "pid", lease->owner.pid);
    add_number(text, "start", lease->owner.start);
    add_name(text, "pid_namespace"); /* a text, as earlier versions had it */
    buffer_append_char(text, '"');
    buffer_append_integer(text, lease->owner.pid_namespace);
    buffer_append_char(text, '"');
    add_string(text, "boot", lease->owner.boot);
    add_number(text, "since", lease->since);
    if (lease->ticket > 0) {
        add_string(text, "queue", lease->queue);
        add_number(text, "ticket", lease->ticket);
    }
    buffer_append_char(text, '}');
}

/* All, or those of one owner. */
static void add_leases(struct buffer *text, const struct state *state, const struct owner *owner)
{
    buffer_append_char(text, '[');
    for (size_t i = 0; i < state->lease_count && !text->failed; i++) {
        if (owner && !owner_equal(&state->leases[i].owner, owner))
            continue;
        add_comma(text);
        add_lease(text, &state->leases[i]);
    }
    buffer_append_char(text, ']');
}

/* The part of `object` that an earlier print had under this name; nothing if there was none. */
static struct part find_member(const char *object, size_t length, const char *wanted)
{
    struct scan scan = members_scan(object, length);
    struct part name, value;
    size_t count = 0;
    if (scan_enter(&scan, '{'))
        while (scan_member(&scan, &count, &name) == SCAN_NEXT && scan_value(&scan, &value))
            if (part_is(&name, wanted))
                return value;
    return (struct part){0};
}

static void add_pools(struct buffer *text, const struct state *state)
{
    if (state->pool_count == 0)
        return;
    struct part all = find_member(state->text, state->text_length, "pools");
    add_name(text, "pools");
    buffer_append_char(text, '{');
    for (size_t i = 0; i < state->pool_count && !text->failed; i++) {
        const struct pool_mark *pool = &state->pools[i];
        struct part read = find_member(all.text, all.length, pool->kind);
        add_name(text, pool->kind);
        buffer_append_char(text, '{');
        add_string(text, "cursor", pool->cursor);
        add_number(text, "warned_undersized", pool->warned_undersized);
        add_unknown(text, read.text, read.length, statefile_pool_names);
        buffer_append_char(text, '}');
    }
    buffer_append_char(text, '}');
}

static void add_master_uses(struct buffer *text, const struct state *state)
{
    add_name(text, "master_uses");
    buffer_append_char(text, '[');
    for (size_t i = 0; i < state->master_use_count && !text->failed; i++)
        buffer_append_format(text, "%s%lld", i ? "," : "", (long long)state->master_uses[i]);
    buffer_append_char(text, ']');
}

char *state_print(const struct state *state)
{
    struct buffer text = {0};
    buffer_append_format(&text, "{\"version\":%d,\"salt\":\"%s\"", STATE_VERSION, state->salt);
    add_string(&text, "cursor", state->cursor);
    add_table(&text, "keys", &state->keys);
    add_table(&text, "organizations", &state->organizations);
    add_name(&text, "leases");
    add_leases(&text, state, NULL);
    add_master_uses(&text, state);
    add_number(&text, "warned_undersized", state->warned_undersized);
    add_pools(&text, state);
    if (state->stands_in_since > 0)
        add_number(&text, "stands_in_since", state->stands_in_since);
    if (state->has_unknown)
        add_unknown(&text, state->text, state->text_length, statefile_names);
    buffer_append_char(&text, '}');
    return buffer_take(&text);
}

char *leases_print(const struct state *state, const struct owner *owner)
{
    struct buffer text = {0};
    add_leases(&text, state, owner);
    return buffer_take(&text);
}
