#include "base/json.h"
#include "commands/command.h"
#include "commands/keys/keys.h"
#include "commands/output.h"
#include "commands/pool.h"
#include "commands/table.h"
#include "core/show/render.h"
#include "system/log.h"
#include "system/zone.h"

#include <string.h>

/* How one key is told from another without revealing it. */
static void shown_secret(const struct key *key, char shown[SECRET_REDACTED + 16])
{
    if (key->token)
        secret_redact(key->token, shown);
    else if (key->source == KEY_COMMAND)
        strcpy(shown, key->keychain ? "(keychain)" : "(command)");
    else if (key->source == KEY_CONFIG_DIR)
        strcpy(shown, "(login folder)");
    else
        strcpy(shown, "(unreadable)");
}

enum list_column { NAME, KIND, TOKEN, ORGANIZATION, STATE, COLUMN_COUNT };

static const struct table_column columns[COLUMN_COUNT] = {
    [NAME] = {"NAME", false},   [KIND] = {"KIND", false},
    [TOKEN] = {"TOKEN", false}, [ORGANIZATION] = {"ORGANIZATION", false},
    [STATE] = {"STATE", false},
};

static const struct table_step steps[] = {
    {TABLE_STRIP, STATE, 0},
    {TABLE_CUT, ORGANIZATION, TABLE_NAME_LEAST},
    {TABLE_CUT, NAME, TABLE_NAME_LEAST},
    {TABLE_DROP, KIND, 0},
    {TABLE_DROP, ORGANIZATION, 0},
    {TABLE_BARE, STATE, 0},
    {TABLE_DROP, TOKEN, 0},
    {TABLE_CUT, STATE, TABLE_NAME_LEAST},
    {TABLE_CUT, NAME, 1},
    {TABLE_CUT, STATE, 1},
    {TABLE_WHOLE, 0, 0},
};

static void fill_row(struct table_row *row, const struct candidate *candidate, bool is_master,
                     int64_t now)
{
    char shown[SECRET_REDACTED + 16];
    const struct key *key = candidate->key;
    shown_secret(key, shown);
    buffer_append_text(&row->cells[NAME], key->name);
    buffer_append_text(&row->cells[KIND], is_master         ? "master"
                                          : key->kind_known ? kind_name(&key->kind)
                                                            : "?");
    buffer_append_text(&row->cells[TOKEN], shown);
    buffer_append_text(&row->cells[ORGANIZATION], key->organization ? key->organization : "-");
    render_standing(&row->cells[STATE], candidate, now, &zone_system);
}

static void append_table(struct buffer *text, const struct rotation *rotation, int64_t now)
{
    const struct screen screen = screen_look();
    size_t count = rotation->count + rotation->has_master;
    struct table table = {.columns = columns,
                          .column_count = COLUMN_COUNT,
                          .styled = COLUMN_COUNT,
                          .steps = steps,
                          .screen = &screen};
    if (table_init(&table, count) < 0)
        text->failed = true;
    for (size_t i = 0; i < table.count; i++)
        fill_row(&table.rows[i], &rotation->candidates[i], i == rotation->count, now);
    table_append(text, &table);
    table_finish(&table);
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
    CLEANUP_JSON cJSON *root = output_begin_json();
    cJSON *array = cJSON_AddArrayToObject(root, "keys");
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        cJSON_AddItemToArray(array, describe(&rotation->candidates[i], i == rotation->count));
    output_append_json(text, root);
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
    if (json)
        append_json(&text, rotation);
    else
        append_table(&text, rotation, now);
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
    const struct flag flags[] = {{"json", 0, &json, NULL}, SCREEN_FLAG, {0}};
    int words = keys_take(argc, argv, flags, &options);
    if (words != 0)
        return keys_say_usage(argv[0]);
    int status = pool_open(&pool, &options);
    if (status == 0)
        status = print_keys(&pool, json);
    pool_close(&pool);
    return status;
}
