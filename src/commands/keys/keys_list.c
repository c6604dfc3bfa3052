#include "base/json.h"
#include "base/text.h"
#include "commands/command.h"
#include "commands/keys/keys.h"
#include "commands/output.h"
#include "commands/pool.h"
#include "core/show/render.h"
#include "system/log.h"
#include "system/zone.h"

#include <string.h>

/* How a key is told from another without giving it away. */
static void shown_secret(const struct key *key, char shown[SECRET_REDACTED + 16])
{
    if (key->token)
        secret_redact(key->token, shown);
    else if (key->source == KEY_COMMAND)
        strcpy(shown, "(command)");
    else if (key->source == KEY_CONFIG_DIR)
        strcpy(shown, "(login folder)");
    else
        strcpy(shown, "(unreadable)");
}

static void append_key(struct buffer *text, const struct candidate *candidate, bool is_master,
                       int64_t now)
{
    char shown[SECRET_REDACTED + 16];
    struct buffer standing = {0};
    const struct key *key = candidate->key;
    shown_secret(key, shown);
    render_standing(&standing, candidate, now, &zone_system);
    size_t start = text->length;
    buffer_append_format(text, "%-20s %-7s %-24s %-16s %s", key->name,
                         is_master         ? "master"
                         : key->kind_known ? kind_name(&key->kind)
                                           : "?",
                         shown, key->organization ? key->organization : "-",
                         buffer_text(&standing));
    if (!text->failed)
        text_replace_controls(text->data + start, text->length - start, ' ');
    buffer_append_char(text, '\n');
    buffer_finish(&standing);
}

static cJSON *describe(const struct candidate *candidate, bool is_master)
{
    char shown[SECRET_REDACTED + 16];
    const struct key *key = candidate->key;
    cJSON *object = cJSON_CreateObject();
    shown_secret(key, shown);
    json_set_string(object, "name", key->name);
    if (key->kind_known)
        json_set_string(object, "kind", kind_name(&key->kind));
    json_set(object, "master", cJSON_CreateBool(is_master));
    json_set_string(object, "token", shown);
    if (key->organization)
        json_set_string(object, "organization", key->organization);
    json_set_integer(object, "priority", key->priority);
    json_set(object, "disabled", cJSON_CreateBool(key->disabled));
    if (key_end(key) > 0)
        json_set_integer(object, "ends", key_end(key));
    json_set_string(object, "state", standing_name(candidate->standing));
    return object;
}

static void append_json(struct buffer *text, const struct rotation *rotation)
{
    CLEANUP_JSON cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        cJSON_AddItemToArray(array, describe(&rotation->candidates[i], i == rotation->count));
    output_append_json(text, array);
}

static void warn_of_end(const struct pool *pool, const struct key *key, int64_t now)
{
    struct buffer line = {0};
    if (!key_ends_soon(key, now) || key->disabled)
        return;
    render_key_end(&line, key, now);
    log_warn("%s: %s: %s", pool->origin, key->place, buffer_text(&line));
    buffer_finish(&line);
}

static int print_keys(struct pool *pool, bool json)
{
    const struct demand demand = {0};
    const struct rotation *rotation = &pool->rotation;
    struct buffer text = {0};
    int64_t now;
    if (!pool_survey(pool, &demand, &now))
        return EXIT_OWN_FAILURE;
    if (json) {
        append_json(&text, rotation);
    } else {
        buffer_append_format(&text, "%-20s %-7s %-24s %-16s %s\n", "NAME", "KIND", "TOKEN",
                             "ORGANIZATION", "STATE");
        for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
            append_key(&text, &rotation->candidates[i], i == rotation->count, now);
    }
    int status = output_print(&text);
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        warn_of_end(pool, rotation->candidates[i].key, now);
    return status;
}

int keys_list(int argc, char **argv)
{
    bool json = false;
    struct options options;
    struct pool pool = {0};
    const struct flag flags[] = {{"json", 0, &json, NULL}, {0}};
    int words = keys_take(argc, argv, flags, &options);
    if (words != 0)
        return keys_say_usage(argv[0]);
    int status = pool_open(&pool, &options);
    if (status == 0)
        status = print_keys(&pool, json);
    pool_close(&pool);
    return status;
}
