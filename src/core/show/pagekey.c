#include "core/show/pagekey.h"

#include "core/pool/failure.h"
#include "core/show/account.h"

static cJSON *text_or_null(const char *text)
{
    return text && *text ? cJSON_CreateString(text) : cJSON_CreateNull();
}

static cJSON *describe_windows(const struct record *known)
{
    cJSON *windows = cJSON_CreateArray();
    for (size_t i = 0; known && i < known->window_count; i++) {
        const struct usage_window *window = &known->windows[i];
        cJSON *object = cJSON_CreateObject();
        json_set_string(object, "name", window->name);
        json_set(object, "used",
                 window->used >= 0 ? cJSON_CreateNumber(window->used / 1000.0)
                                   : cJSON_CreateNull());
        json_set(object, "resets",
                 window->reset > 0 ? cJSON_CreateNumber((double)window->reset)
                                   : cJSON_CreateNull());
        if (window->status != USAGE_UNKNOWN)
            json_set_string(object, "status", usage_status_name(window->status));
        cJSON_AddItemToArray(windows, object);
    }
    return windows;
}

static void add_rests(cJSON *rests, const struct record *record, int64_t now)
{
    for (size_t i = 0; record && i < record->cooldown_count; i++) {
        const struct cooldown *cooldown = &record->cooldowns[i];
        const char *class = failure_class_name(cooldown->class);
        if (cooldown->until <= now)
            continue;
        cJSON *object = cJSON_CreateObject();
        json_set(object, "model", text_or_null(cooldown->model));
        json_set_integer(object, "until", cooldown->until);
        json_set_string(object, "reason", *cooldown->what ? cooldown->what : class);
        json_set_string(object, "class", class);
        cJSON_AddItemToArray(rests, object);
    }
}

cJSON *pagekey_describe(const struct pagekey *shown, const struct state *state, int64_t now)
{
    const struct candidate *candidate = shown->candidate;
    const struct key *key = candidate->key;
    const struct record *known = state_find(&state->keys, candidate->id);
    cJSON *object = account_describe(candidate, state, shown->is_master, now);
    cJSON *rests = cJSON_CreateArray();
    add_rests(rests, known, now);
    if (key->organization)
        add_rests(rests, state_find(&state->organizations, key->organization), now);
    json_set_integer(object, "order", (int64_t)shown->order);
    json_set(object, "base_url", text_or_null(key->base_url));
    json_set(object, "billed", cJSON_CreateBool(shown->is_master));
    json_set(object, "disabled", cJSON_CreateBool(key->disabled));
    json_set(object, "refreshable",
             cJSON_CreateBool(key_renews(key) || key->source == KEY_CONFIG_DIR));
    json_set(object, "windows", describe_windows(known));
    json_set(object, "rests", rests);
    json_set_integer(object, "sessions", (int64_t)shown->sessions);
    return object;
}
