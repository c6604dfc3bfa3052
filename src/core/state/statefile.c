#include "core/state/statefile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_REST (400 * (int64_t)86400)
#define USED_MOST    1000000 /* thousandths of a window */
#define LEASE_MOST   1000000 /* what a lease may count: sums of them must not overflow */

const char *const statefile_names[] = {
    [STATE_VERSION_AT] = "version",
    [STATE_SALT] = "salt",
    [STATE_CURSOR] = "cursor",
    [STATE_KEYS] = "keys",
    [STATE_ORGANIZATIONS] = "organizations",
    [STATE_LEASES] = "leases",
    [STATE_MASTER_USES] = "master_uses",
    [STATE_WARNED] = "warned_undersized",
    [STATE_STANDS_IN] = "stands_in_since",
    [STATE_POOLS] = "pools",
    [STATE_USERS] = "users",
    NULL,
};
const char *const statefile_record_names[] = {
    [RECORD_COOLDOWNS] = "cooldowns",
    [RECORD_NAME] = "name",
    [RECORD_FAILURES] = "failures",
    [RECORD_RUNS] = "runs",
    [RECORD_LAST_USED] = "last_used",
    [RECORD_LAST_FAILED] = "last_failed",
    [RECORD_LAST_CLASS] = "last_class",
    [RECORD_WARNED_END] = "warned_end",
    [RECORD_WINDOWS] = "windows",
    [RECORD_WINDOWS_AT] = "windows_at",
    NULL,
};
const char *const statefile_pool_names[] = {
    [POOL_CURSOR] = "cursor",
    [POOL_WARNED] = "warned_undersized",
    NULL,
};

_Static_assert(sizeof statefile_names <= (MEMBERS_MOST + 1) * sizeof(char *), "room for all");

static const char *const cooldown_names[] = {"class", "until", "length", "model", "what", NULL};
enum { COOLDOWN_CLASS, COOLDOWN_UNTIL, COOLDOWN_LENGTH, COOLDOWN_MODEL, COOLDOWN_WHAT };

static const char *const window_names[] = {"name", "used", "reset", "status", NULL};
enum { WINDOW_NAME, WINDOW_USED, WINDOW_RESET, WINDOW_STATUS };

static const char *const lease_names[] = {"key",   "boot",  "pid",    "start", "pid_namespace",
                                          "since", "queue", "ticket", "count", NULL};
enum {
    LEASE_KEY,
    LEASE_BOOT,
    LEASE_PID,
    LEASE_START,
    LEASE_NAMESPACE,
    LEASE_SINCE,
    LEASE_QUEUE,
    LEASE_TICKET,
    LEASE_COUNT
};

static enum failure_class take_class(const struct part *part)
{
    char text[32] = "";
    members_text(part, text, sizeof text);
    enum failure_class class = *text ? failure_class_parse(text, strlen(text)) : CLASS_NONE;
    return class == CLASS_COUNT ? CLASS_NONE : class;
}

/* Makes room for one more of an array that has `count`. */
static bool grow(void **array, size_t count, size_t size)
{
    if (count > 0 && (count & (count - 1)) != 0) /* grown by doubling: room until a power of two */
        return true;
    void *grown = realloc(*array, (count ? count * 2 : 1) * size);
    if (grown)
        *array = grown;
    return grown != NULL;
}

static bool read_cooldown(const struct part *item, struct cooldown *ret_cooldown)
{
    struct members members;
    members_take(item, cooldown_names, &members);
    struct cooldown cooldown = {.class = take_class(&members.values[COOLDOWN_CLASS]),
                                .until = members_number(&members.values[COOLDOWN_UNTIL]),
                                .length = members_number(&members.values[COOLDOWN_LENGTH])};
    members_text(&members.values[COOLDOWN_MODEL], cooldown.model, sizeof cooldown.model);
    members_text(&members.values[COOLDOWN_WHAT], cooldown.what, sizeof cooldown.what);
    if (cooldown.class == CLASS_NONE || cooldown.length > LONGEST_REST)
        return false;
    *ret_cooldown = cooldown;
    return true;
}

static int add_cooldown(void *context, const struct part *item)
{
    struct record *record = context;
    struct cooldown cooldown;
    if (!read_cooldown(item, &cooldown))
        return 0;
    if (!grow((void **)&record->cooldowns, record->cooldown_count, sizeof cooldown))
        return -ENOMEM;
    record->cooldowns[record->cooldown_count++] = cooldown;
    return 0;
}

static int add_window(void *context, const struct part *item)
{
    struct record *record = context;
    struct members members;
    char status[32] = "";
    int64_t used = -1;
    struct usage_window window = {0};
    members_take(item, window_names, &members);
    members_text(&members.values[WINDOW_NAME], window.name, sizeof window.name);
    members_text(&members.values[WINDOW_STATUS], status, sizeof status);
    if (!members.values[WINDOW_USED].text || !part_integer(&members.values[WINDOW_USED], &used) ||
        used < 0 || used > USED_MOST)
        used = -1;
    window.used = (int)used;
    window.reset = members_number(&members.values[WINDOW_RESET]);
    window.status = usage_status_parse(status);
    if (!*window.name || record->window_count == USAGE_MOST)
        return 0;
    if (!grow((void **)&record->windows, record->window_count, sizeof window))
        return -ENOMEM;
    record->windows[record->window_count++] = window;
    return 0;
}

/* The cursor is before the value. Returns 0, -EINVAL if there is none, -ENOMEM. */
static int read_record(struct scan *scan, const struct part *name, struct record *record)
{
    struct members members;
    (void)scan_peek(scan);
    record->raw = scan->at;
    if (!members_read(scan, statefile_record_names, &members))
        return -EINVAL;
    record->raw_length = (size_t)(scan->at - record->raw);
    part_name(name, record->id, sizeof record->id);
    members_text(&members.values[RECORD_NAME], record->name, sizeof record->name);
    record->failures = members_number(&members.values[RECORD_FAILURES]);
    record->runs = members_number(&members.values[RECORD_RUNS]);
    record->last_used = members_number(&members.values[RECORD_LAST_USED]);
    record->last_failed = members_number(&members.values[RECORD_LAST_FAILED]);
    record->warned_end = members_number(&members.values[RECORD_WARNED_END]);
    record->last_class = take_class(&members.values[RECORD_LAST_CLASS]);
    record->windows_at = members_number(&members.values[RECORD_WINDOWS_AT]);
    int r = members_items(&members.values[RECORD_WINDOWS], add_window, record);
    return r < 0 ? r : members_items(&members.values[RECORD_COOLDOWNS], add_cooldown, record);
}

static int compare_records(const void *left, const void *right)
{
    return strcmp(((const struct record *)left)->id, ((const struct record *)right)->id);
}

/* What this program wrote is sorted already. */
static void sort_table(struct record_table *table)
{
    for (size_t i = 1; i < table->count; i++)
        if (compare_records(&table->records[i - 1], &table->records[i]) > 0) {
            qsort(table->records, table->count, sizeof *table->records, compare_records);
            return;
        }
}

/* The cursor is before the value, which is large, so it is read in one pass. Returns 0, -EINVAL if
 * it is not a value, -ENOMEM. */
static int read_table(struct scan *scan, struct record_table *table)
{
    struct part name, value;
    size_t count = 0;
    enum scan_step step;
    if (!scan_enter(scan, '{'))
        return scan_value(scan, &value) ? 0 : -EINVAL;
    while ((step = scan_member(scan, &count, &name)) == SCAN_NEXT) {
        if (!grow((void **)&table->records, table->count, sizeof *table->records))
            return -ENOMEM;
        struct record *record = &table->records[table->count++];
        *record = (struct record){0};
        int r = read_record(scan, &name, record);
        if (r < 0)
            return r;
    }
    sort_table(table);
    return step == SCAN_END ? 0 : -EINVAL;
}

static void read_lease(const struct part *item, struct lease *ret_lease)
{
    char namespace[24] = "";
    struct members members;
    *ret_lease = (struct lease){0};
    members_take(item, lease_names, &members);
    members_text(&members.values[LEASE_KEY], ret_lease->key, sizeof ret_lease->key);
    members_text(&members.values[LEASE_BOOT], ret_lease->owner.boot, sizeof ret_lease->owner.boot);
    members_text(&members.values[LEASE_NAMESPACE], namespace, sizeof namespace);
    ret_lease->owner.pid_namespace = strtoll(namespace, NULL, 10);
    ret_lease->owner.pid = members_number(&members.values[LEASE_PID]);
    ret_lease->owner.start = members_number(&members.values[LEASE_START]);
    ret_lease->since = members_number(&members.values[LEASE_SINCE]);
    members_text(&members.values[LEASE_QUEUE], ret_lease->queue, sizeof ret_lease->queue);
    ret_lease->ticket = members_number(&members.values[LEASE_TICKET]);
    ret_lease->count = members_number(&members.values[LEASE_COUNT]);
    if (ret_lease->count > LEASE_MOST)
        ret_lease->count = LEASE_MOST;
}

static int add_lease(void *context, const struct part *item)
{
    struct lease lease;
    read_lease(item, &lease);
    return state_add_lease(context, &lease);
}

static int add_master_use(void *context, const struct part *item)
{
    struct state *state = context;
    int64_t when = 0;
    if (!part_integer(item, &when) || when < 1 || when >= 1000000000000000)
        return 0;
    if (!grow((void **)&state->master_uses, state->master_use_count, sizeof when))
        return -ENOMEM;
    state->master_uses[state->master_use_count++] = when;
    return 0;
}

static int read_pools(const struct part *object, struct state *state)
{
    struct scan scan = members_scan(object->text, object->length);
    struct part name, value;
    size_t count = 0;
    if (!scan_enter(&scan, '{'))
        return 0;
    while (scan_member(&scan, &count, &name) == SCAN_NEXT && scan_value(&scan, &value)) {
        char kind[KIND_VARIABLE];
        struct members members;
        struct pool_place place;
        if (name.length >= sizeof kind)
            continue;
        part_name(&name, kind, sizeof kind);
        members_take(&value, statefile_pool_names, &members);
        int r = state_pool(state, kind, &place);
        if (r < 0)
            return r;
        members_text(&members.values[POOL_CURSOR], place.cursor, IDENTITY_TEXT);
        *place.warned_undersized = members_number(&members.values[POOL_WARNED]);
    }
    return 0;
}

static bool is_salt(const char *text)
{
    return strlen(text) == IDENTITY_SALT - 1 &&
           strspn(text, "0123456789abcdef") == IDENTITY_SALT - 1;
}

/* All members but the tables, which were read on the way. */
static int read_rest(const struct members *members, struct state *state)
{
    int64_t version;
    char salt[IDENTITY_SALT + 1] = ""; /* a longer one must not be cut to a right one */
    const struct part *values = members->values;
    if (!values[STATE_VERSION_AT].text || !part_integer(&values[STATE_VERSION_AT], &version) ||
        version < 1)
        return -EINVAL;
    if (version > STATE_VERSION)
        return -ENOTSUP;
    members_text(&values[STATE_SALT], salt, sizeof salt);
    if (!is_salt(salt))
        return -EINVAL;
    memcpy(state->salt, salt, sizeof state->salt);
    members_text(&values[STATE_CURSOR], state->cursor, sizeof state->cursor);
    state->warned_undersized = members_number(&values[STATE_WARNED]);
    state->stands_in_since = members_number(&values[STATE_STANDS_IN]);
    int r = read_pools(&values[STATE_POOLS], state);
    const struct part *users = &values[STATE_USERS];
    if (r == 0 && users->text && !(state->users = strndup(users->text, users->length)))
        r = -ENOMEM;
    if (r == 0)
        r = members_items(&values[STATE_LEASES], add_lease, state);
    return r < 0 ? r : members_items(&values[STATE_MASTER_USES], add_master_use, state);
}

/* Moves past a top-level value, and reads the tables in it on the way. */
static int read_value(struct scan *scan, int place, struct state *state)
{
    struct part value;
    if (place == STATE_KEYS)
        return read_table(scan, &state->keys);
    if (place == STATE_ORGANIZATIONS)
        return read_table(scan, &state->organizations);
    return scan_value(scan, &value) ? 0 : -EINVAL;
}

static int read_member(struct scan *scan, const struct part *name, struct members *members,
                       struct state *state)
{
    int place = members_place(statefile_names, name);
    bool first = place >= 0 && !members->values[place].text;
    state->has_unknown |= place < 0;
    (void)scan_peek(scan);
    const char *start = scan->at;
    int r = read_value(scan, first ? place : -1, state);
    if (r == 0 && first)
        members->values[place] = (struct part){start, (size_t)(scan->at - start)};
    return r;
}

static int read_state(struct state *state)
{
    struct scan scan = {state->text, state->text + state->text_length};
    struct members members = {0};
    struct part name;
    size_t count = 0;
    enum scan_step step;
    if (!scan_enter(&scan, '{'))
        return -EINVAL;
    while ((step = scan_member(&scan, &count, &name)) == SCAN_NEXT) {
        int r = read_member(&scan, &name, &members, state);
        if (r < 0)
            return r;
    }
    if (step == SCAN_WRONG || scan_peek(&scan) != '\0' || scan.at != scan.end)
        return -EINVAL;
    return read_rest(&members, state);
}

int state_parse(const char *text, size_t length, struct state *ret_state)
{
    struct state state = {.text = malloc(length + 1), .text_length = length};
    int r = -ENOMEM;
    if (state.text) {
        memcpy(state.text, text, length);
        r = read_state(&state);
    }
    if (r < 0)
        state_finish(&state);
    else
        *ret_state = state;
    return r;
}

int leases_parse(const char *text, size_t length, struct state *state)
{
    struct scan scan = {text, text + length};
    struct part array;
    if (!scan_value(&scan, &array) || *array.text != '[')
        return -EINVAL;
    return members_items(&array, add_lease, state);
}
