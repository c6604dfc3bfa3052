#include "base/json.h"
#include "commands/output.h"
#include "commands/status/status.h"

static void describe_rest(cJSON *object, const struct cooldown *cooling)
{
    json_set_string(object, "class", failure_class_name(cooling->class));
    json_set_integer(object, "until", cooling->until);
    if (*cooling->what)
        json_set_string(object, "what", cooling->what);
    if (*cooling->model)
        json_set_string(object, "model", cooling->model);
}

static cJSON *describe_windows(const struct record *known)
{
    cJSON *windows = cJSON_CreateArray();
    for (size_t i = 0; i < known->window_count; i++) {
        const struct usage_window *window = &known->windows[i];
        cJSON *object = cJSON_CreateObject();
        json_set_string(object, "name", window->name);
        if (window->used >= 0)
            json_set(object, "used", cJSON_CreateNumber(window->used / 1000.0));
        if (window->reset > 0)
            json_set_integer(object, "reset", window->reset);
        if (window->status != USAGE_UNKNOWN)
            json_set_string(object, "status", usage_status_name(window->status));
        cJSON_AddItemToArray(windows, object);
    }
    return windows;
}

static cJSON *describe(const struct status_view *view, const struct candidate *candidate,
                       bool is_master)
{
    const struct key *key = candidate->key;
    const struct record *known = state_find(&view->state->keys, candidate->id);
    cJSON *object = cJSON_CreateObject();
    json_set_string(object, "name", key->name);
    json_set(object, "kind",
             key->kind_known ? cJSON_CreateString(kind_name(&key->kind)) : cJSON_CreateNull());
    json_set(object, "master", cJSON_CreateBool(is_master));
    json_set_string(object, "state", standing_name(candidate->standing));
    json_set_integer(object, "runs_now", (int64_t)candidate->leases);
    json_set_integer(object, "priority", key->priority);
    if (key->organization)
        json_set_string(object, "organization", key->organization);
    if (candidate->cooling)
        describe_rest(object, candidate->cooling);
    json_set_integer(object, "failures", known ? known->failures : 0);
    json_set_integer(object, "runs", known ? known->runs : 0);
    json_set_integer(object, "last_used", known ? known->last_used : 0);
    json_set_integer(object, "last_failed", known ? known->last_failed : 0);
    if (known && known->last_class != CLASS_NONE)
        json_set_string(object, "last_class", failure_class_name(known->last_class));
    if (known && known->window_count > 0) {
        json_set(object, "windows", describe_windows(known));
        json_set_integer(object, "windows_at", known->windows_at);
    }
    if (key_end(key) > 0)
        json_set_integer(object, "ends", key_end(key));
    return object;
}

static cJSON *describe_master(const struct status_view *view)
{
    const struct keyring *keyring = &view->pool->keyring;
    const struct key *master = &keyring->master;
    if (!keyring->has_master)
        return cJSON_CreateNull();
    cJSON *object = cJSON_CreateObject();
    int64_t period = master->at_most > 0 ? master->at_most_period : 86400;
    json_set_string(object, "name", master->name);
    json_set_integer(object, "uses", state_master_uses_since(view->state, view->now - period));
    json_set(object, "at_most",
             master->at_most > 0 ? cJSON_CreateNumber((double)master->at_most)
                                 : cJSON_CreateNull());
    json_set_integer(object, "period", period);
    return object;
}

void status_append_json(struct buffer *text, const struct status_view *view)
{
    const struct rotation *rotation = &view->pool->rotation;
    CLEANUP_JSON cJSON *root = output_begin_json();
    cJSON *keys = cJSON_CreateArray();
    json_set_integer(root, "now", view->now);
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        cJSON_AddItemToArray(keys, describe(view, &rotation->candidates[i], i == rotation->count));
    json_set(root, "keys", keys);
    json_set(root, "next",
             view->next ? cJSON_CreateString(view->next->key->name) : cJSON_CreateNull());
    json_set(root, "master", describe_master(view));
    output_append_json(text, root);
}
