#include "core/show/account.h"

#include "core/pool/failure.h"

/* Whose token has ended is tried last, and refused. */
static bool login_has_ended(const struct candidate *candidate, int64_t now)
{
    const struct key *key = candidate->key;
    bool is_over = key->refresh_ended > 0 &&
                   (key->source == KEY_CONFIG_DIR || (key->expires > 0 && key->expires <= now));
    return is_over || candidate->ended;
}

enum account_state account_state_of(const struct candidate *candidate, int64_t now)
{
    const struct cooldown *cooling = candidate->cooling;
    bool rests = candidate->standing == STANDING_COOLING && cooling;
    if (candidate->key->disabled || candidate->standing == STANDING_LEFT_OUT)
        return ACCOUNT_DISABLED;
    if (rests && (cooling->class == CLASS_AUTH || cooling->class == CLASS_FORBIDDEN))
        return ACCOUNT_AUTH_ERROR;
    if (login_has_ended(candidate, now))
        return ACCOUNT_AUTH_ERROR;
    return rests || candidate->standing == STANDING_SPENT ? ACCOUNT_RATE_LIMITED
                                                          : ACCOUNT_AVAILABLE;
}

const char *account_state_name(enum account_state state)
{
    static const char *const names[ACCOUNT_STATES] = {
        [ACCOUNT_AVAILABLE] = "available",
        [ACCOUNT_RATE_LIMITED] = "rate_limited",
        [ACCOUNT_AUTH_ERROR] = "auth_error",
        [ACCOUNT_DISABLED] = "disabled",
    };
    return names[state];
}

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

cJSON *account_describe(const struct candidate *candidate, const struct state *state,
                        bool is_master, int64_t now)
{
    const struct key *key = candidate->key;
    const struct record *known = state_find(&state->keys, candidate->id);
    cJSON *object = cJSON_CreateObject();
    json_set_string(object, "name", key->name);
    json_set(object, "kind",
             key->kind_known ? cJSON_CreateString(kind_name(&key->kind)) : cJSON_CreateNull());
    json_set(object, "master", cJSON_CreateBool(is_master));
    json_set_string(object, "state", standing_name(candidate->standing));
    json_set_string(object, "account_state", account_state_name(account_state_of(candidate, now)));
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
