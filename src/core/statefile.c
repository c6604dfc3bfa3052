#include "core/statefile.h"

#include "base/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_REST (400 * (int64_t)86400)

void statefile_free_tree(void *tree)
{
    json_destroy(tree);
}

static void copy_text(char *target, size_t size, const char *text)
{
    snprintf(target, size, "%s", text ? text : "");
}

static int64_t whole(const cJSON *object, const char *name)
{
    int64_t number = 0;
    (void)json_integer(object, name, &number);
    return number < 0 ? 0 : number;
}

static enum failure_class read_class(const cJSON *object, const char *name)
{
    const char *text = json_string(object, name);
    enum failure_class class = text ? failure_class_parse(text, strlen(text)) : CLASS_NONE;
    return class == CLASS_COUNT ? CLASS_NONE : class;
}

static bool read_cooldown(const cJSON *item, struct cooldown *ret_cooldown)
{
    struct cooldown cooldown = {.class = read_class(item, "class"),
                                .until = whole(item, "until"),
                                .length = whole(item, "length")};
    copy_text(cooldown.model, sizeof cooldown.model, json_string(item, "model"));
    copy_text(cooldown.what, sizeof cooldown.what, json_string(item, "what"));
    if (cooldown.class == CLASS_NONE || cooldown.length > LONGEST_REST)
        return false;
    *ret_cooldown = cooldown;
    return true;
}

static int read_cooldowns(const cJSON *array, struct record *record)
{
    int count = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : 0;
    if (count == 0)
        return 0;
    record->cooldowns = calloc((size_t)count, sizeof *record->cooldowns);
    if (!record->cooldowns)
        return -ENOMEM;
    const cJSON *item;
    cJSON_ArrayForEach (item, array)
        if (read_cooldown(item, &record->cooldowns[record->cooldown_count]))
            record->cooldown_count++;
    return 0;
}

static int read_record(cJSON *node, struct record *record)
{
    copy_text(record->id, sizeof record->id, node->string);
    copy_text(record->name, sizeof record->name, json_string(node, "name"));
    record->failures = whole(node, "failures");
    record->runs = whole(node, "runs");
    record->last_used = whole(node, "last_used");
    record->last_failed = whole(node, "last_failed");
    record->last_class = read_class(node, "last_class");
    record->node = node;
    return read_cooldowns(json_get(node, "cooldowns"), record);
}

static int compare_records(const void *left, const void *right)
{
    return strcmp(((const struct record *)left)->id, ((const struct record *)right)->id);
}

static int read_table(const cJSON *object, struct record_table *table)
{
    int count = cJSON_IsObject(object) ? cJSON_GetArraySize(object) : 0;
    if (count == 0)
        return 0;
    table->records = calloc((size_t)count, sizeof *table->records);
    if (!table->records)
        return -ENOMEM;
    cJSON *node;
    cJSON_ArrayForEach (node, object) {
        int r = read_record(node, &table->records[table->count++]);
        if (r < 0)
            return r;
    }
    qsort(table->records, table->count, sizeof *table->records, compare_records);
    return 0;
}

static void read_lease(const cJSON *item, struct lease *lease)
{
    copy_text(lease->key, sizeof lease->key, json_string(item, "key"));
    copy_text(lease->owner.boot, sizeof lease->owner.boot, json_string(item, "boot"));
    lease->owner.pid = whole(item, "pid");
    lease->owner.start = whole(item, "start");
    const char *namespace = json_string(item, "pid_namespace");
    lease->owner.pid_namespace = namespace ? strtoll(namespace, NULL, 10) : 0;
    lease->since = whole(item, "since");
}

static int read_leases(const cJSON *array, struct state *state)
{
    int count = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : 0;
    if (count == 0)
        return 0;
    state->leases = calloc((size_t)count, sizeof *state->leases);
    if (!state->leases)
        return -ENOMEM;
    const cJSON *item;
    cJSON_ArrayForEach (item, array)
        read_lease(item, &state->leases[state->lease_count++]);
    return 0;
}

static int read_master_uses(const cJSON *array, struct state *state)
{
    int count = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : 0;
    if (count == 0)
        return 0;
    state->master_uses = calloc((size_t)count, sizeof *state->master_uses);
    if (!state->master_uses)
        return -ENOMEM;
    const cJSON *item;
    cJSON_ArrayForEach (item, array)
        if (cJSON_IsNumber(item) && item->valuedouble >= 1 && item->valuedouble < 1e15)
            state->master_uses[state->master_use_count++] = (int64_t)item->valuedouble;
    return 0;
}

static bool is_salt(const char *text)
{
    return text && strlen(text) == IDENTITY_SALT - 1 &&
           strspn(text, "0123456789abcdef") == IDENTITY_SALT - 1;
}

static int read_state(cJSON *json, struct state *state)
{
    int64_t version;
    const char *salt = json_string(json, "salt");
    if (!json_integer(json, "version", &version) || version < 1)
        return -EINVAL;
    if (version > STATE_VERSION)
        return -ENOTSUP;
    if (!is_salt(salt))
        return -EINVAL;
    copy_text(state->salt, sizeof state->salt, salt);
    copy_text(state->cursor, sizeof state->cursor, json_string(json, "cursor"));
    state->warned_undersized = whole(json, "warned_undersized");
    int r = read_table(json_get(json, "keys"), &state->keys);
    if (r == 0)
        r = read_table(json_get(json, "organizations"), &state->organizations);
    if (r == 0)
        r = read_leases(json_get(json, "leases"), state);
    if (r == 0)
        r = read_master_uses(json_get(json, "master_uses"), state);
    return r;
}

int state_parse(const char *text, size_t length, struct state *ret_state)
{
    struct state state = {0};
    cJSON *json = json_parse(text, length, NULL);
    int r = !json && json_ran_out_of_memory() ? -ENOMEM : -EINVAL;
    if (cJSON_IsObject(json))
        r = read_state(json, &state);
    state.tree = json;
    if (r < 0)
        state_finish(&state);
    else
        *ret_state = state;
    return r;
}

/* NULL unless all of it could be made: half of it would be remembered as the whole. */
static cJSON *only_if(bool done, cJSON *made)
{
    if (done)
        return made;
    json_destroy(made);
    return NULL;
}

static bool add_item(cJSON *array, cJSON *item)
{
    bool done = cJSON_AddItemToArray(array, item);
    if (!done)
        json_destroy(item);
    return done;
}

static cJSON *print_cooldown(const struct cooldown *cooldown)
{
    cJSON *item = cJSON_CreateObject();
    bool done = json_set_string(item, "class", failure_class_name(cooldown->class));
    if (*cooldown->model)
        done &= json_set_string(item, "model", cooldown->model);
    if (*cooldown->what)
        done &= json_set_string(item, "what", cooldown->what);
    done &= json_set_integer(item, "until", cooldown->until);
    done &= json_set_integer(item, "length", cooldown->length);
    return only_if(done, item);
}

static bool print_record(const struct record *record, cJSON *node)
{
    cJSON *cooldowns = cJSON_CreateArray();
    bool done = true;
    for (size_t i = 0; i < record->cooldown_count; i++)
        done &= add_item(cooldowns, print_cooldown(&record->cooldowns[i]));
    done &= json_set(node, "cooldowns", cooldowns);
    if (*record->name)
        done &= json_set_string(node, "name", record->name);
    done &= json_set_integer(node, "failures", record->failures);
    done &= json_set_integer(node, "runs", record->runs);
    done &= json_set_integer(node, "last_used", record->last_used);
    done &= json_set_integer(node, "last_failed", record->last_failed);
    if (record->last_class != CLASS_NONE)
        done &= json_set_string(node, "last_class", failure_class_name(record->last_class));
    return done;
}

static bool print_table(cJSON *tree, const char *name, struct record_table *table)
{
    cJSON *object = json_get(tree, name);
    if (!cJSON_IsObject(object)) {
        object = cJSON_CreateObject();
        if (!json_set(tree, name, object))
            return false;
    }
    bool done = true;
    for (size_t i = 0; i < table->count; i++) {
        struct record *record = &table->records[i];
        if (record->changed && !cJSON_IsObject(record->node)) {
            json_destroy(cJSON_DetachItemViaPointer(object, record->node));
            record->node = cJSON_CreateObject();
            if (!cJSON_AddItemToObject(object, record->id, record->node)) {
                json_destroy(record->node);
                record->node = NULL;
                return false;
            }
        }
        if (record->changed)
            done &= print_record(record, record->node);
    }
    return done;
}

static cJSON *print_lease(const struct lease *lease)
{
    char namespace[24];
    cJSON *item = cJSON_CreateObject();
    bool done = json_set_string(item, "key", lease->key);
    done &= json_set_integer(item, "pid", lease->owner.pid);
    done &= json_set_integer(item, "start", lease->owner.start);
    /* As text: cJSON prints a number over 2^31 a hundred times slower. */
    snprintf(namespace, sizeof namespace, "%lld", (long long)lease->owner.pid_namespace);
    done &= json_set_string(item, "pid_namespace", namespace);
    done &= json_set_string(item, "boot", lease->owner.boot);
    done &= json_set_integer(item, "since", lease->since);
    return only_if(done, item);
}

static cJSON *print_leases(const struct state *state)
{
    cJSON *array = cJSON_CreateArray();
    bool done = array != NULL;
    for (size_t i = 0; i < state->lease_count; i++)
        done &= add_item(array, print_lease(&state->leases[i]));
    return only_if(done, array);
}

static cJSON *print_master_uses(const struct state *state)
{
    cJSON *array = cJSON_CreateArray();
    bool done = array != NULL;
    for (size_t i = 0; i < state->master_use_count; i++)
        done &= add_item(array, cJSON_CreateNumber((double)state->master_uses[i]));
    return only_if(done, array);
}

char *state_print(struct state *state)
{
    cJSON *tree = state->tree;
    bool done = json_set_string(tree, "cursor", state->cursor) &&
                print_table(tree, "keys", &state->keys) &&
                print_table(tree, "organizations", &state->organizations) &&
                json_set(tree, "leases", print_leases(state)) &&
                json_set(tree, "master_uses", print_master_uses(state)) &&
                json_set_integer(tree, "warned_undersized", state->warned_undersized);
    return done ? json_print(tree, false) : NULL;
}

char *lease_print(const struct lease *lease)
{
    CLEANUP_JSON cJSON *item = print_lease(lease);
    return item ? json_print(item, false) : NULL;
}

int lease_parse(const char *text, size_t length, struct lease *ret_lease)
{
    CLEANUP_JSON cJSON *item = json_parse(text, length, NULL);
    struct lease lease = {0};
    read_lease(item, &lease);
    if (!*lease.key)
        return !item && json_ran_out_of_memory() ? -ENOMEM : -EINVAL;
    *ret_lease = lease;
    return 0;
}
