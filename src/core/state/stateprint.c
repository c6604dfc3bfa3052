#include "core/state/statefile.h"

#include "base/buffer.h"
#include "base/jsontext.h"

#include <stdlib.h>
#include <string.h>

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
        jsontext_comma(text);
        buffer_append_char(text, '"');
        buffer_append(text, name.text, name.length);
        buffer_append_text(text, "\":");
        buffer_append(text, value.text, value.length);
    }
}

static void add_cooldowns(struct buffer *text, const struct record *record)
{
    jsontext_name(text, "cooldowns");
    buffer_append_char(text, '[');
    for (size_t i = 0; i < record->cooldown_count && !text->failed; i++) {
        const struct cooldown *cooldown = &record->cooldowns[i];
        jsontext_comma(text);
        buffer_append_char(text, '{');
        jsontext_add_string(text, "class", failure_class_name(cooldown->class));
        if (*cooldown->model)
            jsontext_add_string(text, "model", cooldown->model);
        if (*cooldown->what)
            jsontext_add_string(text, "what", cooldown->what);
        jsontext_add_integer(text, "until", cooldown->until);
        jsontext_add_integer(text, "length", cooldown->length);
        buffer_append_char(text, '}');
    }
    buffer_append_char(text, ']');
}

static void add_windows(struct buffer *text, const struct record *record)
{
    if (record->window_count == 0)
        return;
    jsontext_name(text, "windows");
    buffer_append_char(text, '[');
    for (size_t i = 0; i < record->window_count && !text->failed; i++) {
        const struct usage_window *window = &record->windows[i];
        jsontext_comma(text);
        buffer_append_char(text, '{');
        jsontext_add_string(text, "name", window->name);
        if (window->used >= 0)
            jsontext_add_integer(text, "used", window->used);
        if (window->reset > 0)
            jsontext_add_integer(text, "reset", window->reset);
        if (window->status != USAGE_UNKNOWN)
            jsontext_add_string(text, "status", usage_status_name(window->status));
        buffer_append_char(text, '}');
    }
    buffer_append_char(text, ']');
    jsontext_add_integer(text, "windows_at", record->windows_at);
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
        jsontext_add_string(text, "name", record->name);
    jsontext_add_integer(text, "failures", record->failures);
    jsontext_add_integer(text, "runs", record->runs);
    jsontext_add_integer(text, "last_used", record->last_used);
    jsontext_add_integer(text, "last_failed", record->last_failed);
    if (record->last_class != CLASS_NONE)
        jsontext_add_string(text, "last_class", failure_class_name(record->last_class));
    if (record->warned_end > 0)
        jsontext_add_integer(text, "warned_end", record->warned_end);
    add_windows(text, record);
    add_unknown(text, record->raw, record->raw_length, statefile_record_names);
    buffer_append_char(text, '}');
}

static void add_table(struct buffer *text, const char *name, const struct record_table *table)
{
    jsontext_name(text, name);
    buffer_append_char(text, '{');
    for (size_t i = 0; i < table->count && !text->failed; i++) {
        jsontext_comma(text);
        jsontext_string(text, table->records[i].id);
        buffer_append_char(text, ':');
        add_record(text, &table->records[i]);
    }
    buffer_append_char(text, '}');
}

static void add_lease(struct buffer *text, const struct lease *lease)
{
    buffer_append_char(text, '{');
    jsontext_add_string(text, "key", lease->key);
    jsontext_add_integer(text, "pid", lease->owner.pid);
    jsontext_add_integer(text, "start", lease->owner.start);
    jsontext_name(text, "pid_namespace"); /* a text, as earlier versions had it */
    buffer_append_char(text, '"');
    buffer_append_integer(text, lease->owner.pid_namespace);
    buffer_append_char(text, '"');
    jsontext_add_string(text, "boot", lease->owner.boot);
    jsontext_add_integer(text, "since", lease->since);
    if (lease->count > 1) /* for the one of a run, as earlier versions had it */
        jsontext_add_integer(text, "count", lease->count);
    if (lease->ticket > 0) {
        jsontext_add_string(text, "queue", lease->queue);
        jsontext_add_integer(text, "ticket", lease->ticket);
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
        jsontext_comma(text);
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
    jsontext_name(text, "pools");
    buffer_append_char(text, '{');
    for (size_t i = 0; i < state->pool_count && !text->failed; i++) {
        const struct pool_mark *pool = &state->pools[i];
        struct part read = find_member(all.text, all.length, pool->kind);
        jsontext_name(text, pool->kind);
        buffer_append_char(text, '{');
        jsontext_add_string(text, "cursor", pool->cursor);
        jsontext_add_integer(text, "warned_undersized", pool->warned_undersized);
        add_unknown(text, read.text, read.length, statefile_pool_names);
        buffer_append_char(text, '}');
    }
    buffer_append_char(text, '}');
}

static void add_master_uses(struct buffer *text, const struct state *state)
{
    jsontext_name(text, "master_uses");
    buffer_append_char(text, '[');
    for (size_t i = 0; i < state->master_use_count && !text->failed; i++)
        buffer_append_format(text, "%s%lld", i ? "," : "", (long long)state->master_uses[i]);
    buffer_append_char(text, ']');
}

char *state_print(const struct state *state)
{
    struct buffer text = {0};
    buffer_append_char(&text, '{');
    jsontext_add_integer(&text, "version", STATE_VERSION);
    jsontext_add_string(&text, "salt", state->salt);
    jsontext_add_string(&text, "cursor", state->cursor);
    add_table(&text, "keys", &state->keys);
    add_table(&text, "organizations", &state->organizations);
    jsontext_name(&text, "leases");
    add_leases(&text, state, NULL);
    add_master_uses(&text, state);
    jsontext_add_integer(&text, "warned_undersized", state->warned_undersized);
    add_pools(&text, state);
    if (state->users) {
        jsontext_name(&text, "users");
        buffer_append_text(&text, state->users);
    }
    if (state->stands_in_since > 0)
        jsontext_add_integer(&text, "stands_in_since", state->stands_in_since);
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
