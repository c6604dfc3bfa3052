#include "base/json.h"
#include "commands/output.h"
#include "commands/status/status.h"
#include "core/show/account.h"

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
        cJSON_AddItemToArray(keys, account_describe(&rotation->candidates[i], view->state,
                                                    i == rotation->count, view->now));
    json_set(root, "keys", keys);
    json_set(root, "next",
             view->next ? cJSON_CreateString(view->next->key->name) : cJSON_CreateNull());
    json_set(root, "master", describe_master(view));
    output_append_json(text, root);
}
