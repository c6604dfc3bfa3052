#include "gateway/page_state.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/path.h"
#include "config.h"
#include "core/pool/modelmap.h"
#include "core/show/pagekey.h"
#include "gateway/desk.h"
#include "gateway/gateway.h"
#include "gateway/page.h"
#include "system/clock.h"
#include "system/keys/keysource.h"
#include "system/keys/passphrase.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SESSIONS_MOST 200
#define SHORT         8 /* characters of a session's id */

#define DEFAULT_PROFILE "default"

/* ---- whether keys can be changed ---- */

static bool has_passphrase(void)
{
    CLEANUP_CLOSE int fd = passphrase_hand_over();
    return fd >= 0;
}

const char *page_state_why_not(const struct gateway *gateway)
{
    const char *origin = gateway->roster->origin;
    if (strcmp(origin, KEYSOURCE_ENVIRONMENT) == 0)
        return "the keys are in the environment; tcr-run keys add NAME begins a key file";
    CLEANUP_FREE char *folder = path_folder(origin);
    if (access(origin, R_OK | W_OK) < 0 || !folder || access(folder, W_OK) < 0)
        return "the key file, or its folder, cannot be written";
    if (passphrase_guards(origin) && !has_passphrase())
        return "the key file is sealed, and the gateway does not have its passphrase; start the "
               "gateway again to be asked for it";
    return NULL;
}

/* ---- keys and sessions ---- */

/* How many sessions hold each candidate. */
static size_t *count_sessions(const struct gateway *gateway)
{
    const struct roster *roster = gateway->roster;
    const struct rotation *rotation = &roster->rotation;
    size_t all = rotation->count + rotation->has_master;
    size_t *counts = calloc(all + 1, sizeof *counts);
    for (const struct holder *holder = gateway->holders.newest; counts && holder;
         holder = holder->older)
        if (holder->roster == roster && holder->slot.candidate)
            counts[holder->slot.candidate - rotation->candidates]++;
    return counts;
}

static int by_priority(const void *a, const void *b)
{
    const struct candidate *const *one = a, *const *other = b;
    int64_t first = (*one)->key->priority, second = (*other)->key->priority;
    if (first != second)
        return first < second ? -1 : 1;
    return *one < *other ? -1 : *one > *other; /* as in the file */
}

/* The pool's keys by priority, the master last; NULL if out of memory. */
static struct candidate **order_keys(const struct rotation *rotation, size_t all)
{
    struct candidate **order = calloc(all + 1, sizeof *order);
    for (size_t i = 0; order && i < all; i++)
        order[i] = &rotation->candidates[i];
    if (order && rotation->count > 1)
        qsort(order, rotation->count, sizeof *order, by_priority);
    return order;
}

static cJSON *list_keys(struct gateway *gateway)
{
    const struct rotation *rotation = &gateway->roster->rotation;
    size_t all = rotation->count + rotation->has_master;
    CLEANUP_FREE size_t *sessions = count_sessions(gateway);
    CLEANUP_FREE struct candidate **order = order_keys(rotation, all);
    cJSON *keys = cJSON_CreateArray();
    for (size_t i = 0; order && sessions && i < all; i++) {
        size_t index = (size_t)(order[i] - rotation->candidates);
        const struct pagekey key = {order[i], index == rotation->count, i, sessions[index]};
        cJSON_AddItemToArray(keys, pagekey_describe(&key, book_state(gateway), book_now(gateway)));
    }
    return keys;
}

/* Ids of sessions are long, and objects are none. */
static cJSON *describe_session(const struct holder *holder, int64_t now, int64_t now_ms)
{
    cJSON *object = cJSON_CreateObject();
    bool is_connection = strncmp(holder->id, "connection:", strlen("connection:")) == 0;
    char id[sizeof holder->id];
    snprintf(id, sizeof id, "%.*s", is_connection ? (int)sizeof id - 1 : SHORT, holder->id);
    json_set_string(object, "id", id);
    json_set_string(object, "key", holder->key);
    json_set_integer(object, "last", now - (now_ms - holder->used) / 1000);
    json_set_integer(object, "requests", (int64_t)holder->requests);
    json_set_integer(object, "open", holder->open);
    return object;
}

static cJSON *list_sessions(const struct gateway *gateway)
{
    cJSON *sessions = cJSON_CreateArray();
    int64_t now = book_now(gateway), now_ms = clock_now_ms();
    size_t count = 0;
    for (const struct holder *holder = gateway->holders.newest; holder && count < SESSIONS_MOST;
         holder = holder->older) {
        if (holder->requests == 0)
            continue;
        cJSON_AddItemToArray(sessions, describe_session(holder, now, now_ms));
        count++;
    }
    return sessions;
}

/* ---- the rest ---- */

static const char *profile_of(const struct gateway *gateway)
{
    return gateway->options->profile ? gateway->options->profile : DEFAULT_PROFILE;
}

static cJSON *describe_profile(const char *name, const cJSON *profile)
{
    static const char *const shown[] = {"keys", "master", "port"};
    cJSON *object = cJSON_CreateObject();
    json_set_string(object, "name", name);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (json_get(profile, shown[i]))
            json_set(object, shown[i], cJSON_Duplicate(json_get(profile, shown[i]), true));
    return object;
}

static cJSON *list_profiles(const struct gateway *gateway)
{
    cJSON *names = cJSON_CreateArray();
    const cJSON *profile;
    cJSON_AddItemToArray(names, describe_profile(DEFAULT_PROFILE, NULL));
    cJSON_ArrayForEach (profile, (const cJSON *)gateway->roster->keyring.profiles)
        if (strcmp(profile->string, DEFAULT_PROFILE) != 0)
            cJSON_AddItemToArray(names, describe_profile(profile->string, profile));
    return names;
}

static cJSON *list_fallbacks(const struct keyring *keyring)
{
    cJSON *rules = cJSON_CreateObject();
    for (size_t i = 0; i < keyring->chain_count; i++) {
        const struct model_chain *chain = &keyring->chains[i];
        cJSON *next = cJSON_CreateArray();
        for (size_t k = 0; chain->next[k]; k++)
            cJSON_AddItemToArray(next, cJSON_CreateString(chain->next[k]));
        json_set(rules, chain->pattern, next);
    }
    return rules;
}

static cJSON *list_setups(const struct gateway *gateway)
{
    static const char *const clients[][2] = {
        {"Claude Code", "claude"}, {"Shell", "shell"}, {"aider", "aider"}, {"Cursor", "cursor"}};
    cJSON *setups = cJSON_CreateArray();
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
        struct buffer command = {0};
        buffer_append_format(&command, "tcr-run setup %s", clients[i][1]);
        page_append_profile(&command, gateway->options->profile);
        cJSON *object = cJSON_CreateObject();
        json_set_string(object, "client", clients[i][0]);
        json_set_string(object, "command", buffer_text(&command));
        cJSON_AddItemToArray(setups, object);
        buffer_finish(&command);
    }
    return setups;
}

static cJSON *describe_gateway(const struct gateway *gateway)
{
    const struct page *page = gateway->page;
    cJSON *object = cJSON_CreateObject(), *addresses = cJSON_CreateArray();
    for (size_t i = 0; i < page->address_count; i++)
        cJSON_AddItemToArray(addresses, cJSON_CreateString(page->addresses[i]));
    json_set_string(object, "version", TCR_VERSION);
    json_set(object, "address", addresses);
    json_set_string(object, "profile", profile_of(gateway));
    json_set_integer(object, "started", page->started);
    json_set_integer(object, "requests_open", (int64_t)gateway_requests(gateway));
    return object;
}

void page_state_append(struct gateway *gateway, struct buffer *text)
{
    cJSON *root = cJSON_CreateObject();
    if (!root || !desk_survey(gateway)) {
        text->failed = true;
        json_destroy(root);
        return;
    }
    const char *why = page_state_why_not(gateway);
    json_set(root, "gateway", describe_gateway(gateway));
    json_set(root, "profiles", list_profiles(gateway));
    json_set(root, "editable", cJSON_CreateBool(!why));
    json_set_string(root, "why_not", why ? why : "");
    json_set(root, "keys", list_keys(gateway));
    json_set(root, "sessions", list_sessions(gateway));
    json_set(root, "model_fallback", list_fallbacks(&gateway->roster->keyring));
    json_set(root, "setup", list_setups(gateway));
    char *printed = json_print(root, false);
    if (printed)
        buffer_append(text, printed + 1, strlen(printed) - 1);
    text->failed |= !printed;
    json_free_text(printed);
    json_destroy(root);
}

void page_state_wrap(const struct gateway *gateway, const struct buffer *members,
                     struct buffer *text)
{
    buffer_append_format(text, "{\"version\":1,\"now\":%lld,", (long long)book_now(gateway));
    buffer_append(text, members->data, members->length);
    text->failed |= members->failed;
}
