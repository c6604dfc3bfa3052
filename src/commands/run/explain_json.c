#include "commands/run/explain_json.h"

#include "core/show/render.h"

#include <string.h>

static void add_bool(cJSON *object, const char *name, bool value)
{
    json_set(object, name, cJSON_CreateBool(value));
}

static cJSON *add_array(cJSON *object, const char *name)
{
    cJSON *array = cJSON_CreateArray();
    return json_set(object, name, array) ? array : NULL;
}

/* Takes ownership of the item. */
static void add_item(cJSON *array, cJSON *item)
{
    if (!cJSON_AddItemToArray(array, item))
        json_destroy(item);
}

/* The lines that begin with `mark` ("" for all), without the mark. */
static void add_lines(cJSON *object, const char *name, const char *lines, const char *mark)
{
    cJSON *array = add_array(object, name);
    size_t skipped = strlen(mark);
    while (*lines) {
        size_t length = strcspn(lines, "\n");
        struct buffer line = {0};
        if (length >= skipped && strncmp(lines, mark, skipped) == 0) {
            buffer_append(&line, lines + skipped, length - skipped);
            add_item(array, cJSON_CreateString(buffer_text(&line)));
        }
        buffer_finish(&line);
        lines += length + (lines[length] == '\n');
    }
}

void explain_json_key(cJSON *keys, const struct session *session, const struct slot *slot,
                      const struct candidate *candidate)
{
    const struct rotation *rotation = &session->pool.rotation;
    cJSON *object = cJSON_CreateObject();
    json_set_string(object, "name", candidate->key->name);
    json_set_string(object, "asked_kind", slot->kind);
    if (candidate->key->kind_known)
        json_set_string(object, "kind", kind_name(&candidate->key->kind));
    json_set_string(object, "state", standing_name(candidate->standing));
    if (candidate->cooling)
        json_set_integer(object, "until", candidate->cooling->until);
    add_bool(object, "master",
             rotation->has_master && candidate == &rotation->candidates[rotation->count]);
    add_bool(object, "chosen", candidate == slot->candidate);
    add_item(keys, object);
}

static void add_taught(cJSON *root, const struct taught *taught)
{
    cJSON *markers = add_array(root, "markers"), *codes = add_array(root, "exit_classes");
    for (size_t i = 0; i < taught->marker_count; i++) {
        cJSON *item = cJSON_CreateObject();
        json_set_string(item, "regex", taught->markers[i].text);
        json_set_string(item, "class", failure_class_name(taught->markers[i].class));
        add_item(markers, item);
    }
    for (int code = 1; code < 256; code++) {
        if (taught->exit_class[code] == CLASS_NONE)
            continue;
        cJSON *item = cJSON_CreateObject();
        json_set_integer(item, "status", code);
        json_set_string(item, "class", failure_class_name(taught->exit_class[code]));
        add_item(codes, item);
    }
}

void explain_json_policy(cJSON *root, const struct session *session)
{
    const struct policy *policy = &session->pool.policy;
    json_set_string(root, "client", client_name(session->call.id));
    add_bool(root, "interactive", session->call.interactive);
    add_bool(root, "mask", session->options->mask);
    cJSON *classes = add_array(root, "carries_on_after");
    for (int class = CLASS_NONE + 1; class < CLASS_COUNT; class ++)
        if (policy_rotates(policy, (enum failure_class) class))
            add_item(classes, cJSON_CreateString(failure_class_name((enum failure_class) class)));
    json_set_integer(root, "retries", policy->retries);
    if (policy->max_per_key > 0)
        json_set_integer(root, "max_per_key", policy->max_per_key);
    add_taught(root, &session->options->taught);
}

void explain_json_gateway(cJSON *root, const struct private_gateway *gateway, const char *why)
{
    static const char *const ways[] = {
        [GATEWAY_NONE] = "none", [GATEWAY_SOCKET] = "socket", [GATEWAY_PORT] = "port"};
    cJSON *object = cJSON_CreateObject();
    json_set_string(object, "way", ways[gateway->way]);
    json_set_string(object, "why", why);
    json_set(root, "gateway", object);
}

static void add_environment(cJSON *root, const struct session *session,
                            const struct handover *handover)
{
    struct buffer names = {0};
    cJSON *object = cJSON_CreateObject();
    environment_describe(session->environment, handover->environment.entries, &names);
    add_lines(object, "removed", buffer_text(&names), "- ");
    add_lines(object, "set", buffer_text(&names), "+ ");
    json_set(root, "environment", object);
    buffer_finish(&names);
}

static void add_addresses(cJSON *root, const struct session *session)
{
    cJSON *object = cJSON_CreateObject();
    for (size_t i = 0; i < session->slot_count; i++) {
        const struct key *key = session->slots[i].candidate->key;
        const struct destination to = destination_of(key, session->environment);
        struct buffer address = {0};
        render_destination(&address, &to);
        json_set_string(object, key->name, buffer_text(&address));
        buffer_finish(&address);
    }
    json_set(root, "goes_to", object);
}

void explain_json_handover(cJSON *root, const struct session *session,
                           const struct handover *handover)
{
    bool hidden = session->gateway && session->gateway->way == GATEWAY_PORT;
    add_environment(root, session, handover);
    add_addresses(root, session);
    json_set_string(root, "secret",
                    hidden                     ? "gateway"
                    : handover->secret_fd >= 0 ? "descriptor"
                                               : "variable");
    add_lines(root, "shadows", buffer_text(&handover->shield.shadows), "");
    add_lines(root, "managed", buffer_text(&handover->shield.managed), "");
    cJSON *words = add_array(root, "arguments");
    for (char **word = handover->argv; *word; word++)
        add_item(words, cJSON_CreateString(*word));
}
