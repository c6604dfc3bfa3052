#include "base/json.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/output.h"
#include "commands/pool.h"
#include "core/render.h"
#include "system/log.h"
#include "system/zone.h"

#include <string.h>
#include <time.h>

/* Columns that the eye counts: a UTF-8 continuation byte is none. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void append_padded(struct buffer *text, const char *cell, size_t width)
{
    buffer_append_text(text, cell);
    for (size_t used = width_of(cell); used < width; used++)
        buffer_append_char(text, ' ');
    buffer_append_text(text, "  ");
}

static size_t name_width(const struct rotation *rotation)
{
    size_t widest = 4;
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        size_t width = width_of(rotation->candidates[i].key->name);
        widest = width > widest ? width : widest;
    }
    return widest;
}

struct table {
    struct pool *pool;
    const struct state *state;
    const struct candidate *next;
    int64_t now;
    size_t name_width;
};

static void append_row(struct buffer *text, const struct table *table,
                       const struct candidate *candidate, bool is_master)
{
    const struct record *known = state_find(&table->state->keys, candidate->id);
    struct buffer standing = {0}, used = {0};
    render_standing(&standing, candidate, table->now, &zone_system);
    if (known && known->last_used > 0)
        render_time(&used, known->last_used, table->now, &zone_system);
    buffer_append_text(text, candidate == table->next ? "> " : "  ");
    append_padded(text, candidate->key->name, table->name_width);
    append_padded(text, is_master ? "master" : kind_name(&candidate->key->kind), 6);
    append_padded(text, buffer_text(&standing), 32);
    buffer_append_format(text, "%4lld  %-12s  %s\n", known ? (long long)known->failures : 0LL,
                         buffer_text(&used),
                         known && known->last_class ? failure_class_name(known->last_class) : "");
    buffer_finish(&standing);
    buffer_finish(&used);
}

static void append_table(struct buffer *text, const struct table *table)
{
    const struct rotation *rotation = &table->pool->rotation;
    buffer_append_text(text, "  ");
    append_padded(text, "KEY", table->name_width);
    buffer_append_text(text, "KIND    STATE                             FAIL  LAST USED     LAST "
                             "FAILURE\n");
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        append_row(text, table, &rotation->candidates[i], i == rotation->count);
    if (table->next)
        buffer_append_format(text, "\nnext: %s\n", table->next->key->name);
    else
        buffer_append_text(text, "\nnext: none is ready\n");
}

static cJSON *describe(const struct table *table, const struct candidate *candidate, bool is_master)
{
    const struct record *known = state_find(&table->state->keys, candidate->id);
    cJSON *object = cJSON_CreateObject();
    json_set_string(object, "name", candidate->key->name);
    json_set_string(object, "kind", kind_name(&candidate->key->kind));
    json_set(object, "master", cJSON_CreateBool(is_master));
    json_set_string(object, "state", standing_name(candidate->standing));
    json_set_integer(object, "runs_now", (int64_t)candidate->leases);
    if (candidate->key->organization)
        json_set_string(object, "organization", candidate->key->organization);
    if (candidate->cooling) {
        json_set_string(object, "class", failure_class_name(candidate->cooling->class));
        json_set_integer(object, "until", candidate->cooling->until);
        if (*candidate->cooling->model)
            json_set_string(object, "model", candidate->cooling->model);
    }
    json_set_integer(object, "failures", known ? known->failures : 0);
    json_set_integer(object, "runs", known ? known->runs : 0);
    json_set_integer(object, "last_used", known ? known->last_used : 0);
    json_set_integer(object, "last_failed", known ? known->last_failed : 0);
    if (known && known->last_class != CLASS_NONE)
        json_set_string(object, "last_class", failure_class_name(known->last_class));
    return object;
}

static void append_json(struct buffer *text, const struct table *table)
{
    const struct rotation *rotation = &table->pool->rotation;
    CLEANUP_JSON cJSON *root = cJSON_CreateObject();
    cJSON *keys = cJSON_CreateArray();
    json_set_integer(root, "version", 1);
    json_set_integer(root, "now", table->now);
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        cJSON_AddItemToArray(keys, describe(table, &rotation->candidates[i], i == rotation->count));
    json_set(root, "keys", keys);
    json_set(root, "next",
             table->next ? cJSON_CreateString(table->next->key->name) : cJSON_CreateNull());
    char *printed = json_print(root, true);
    if (printed)
        buffer_append_format(text, "%s\n", printed);
    else
        text->failed = true;
    json_free_text(printed);
}

static int print_status(struct pool *pool, bool json)
{
    const struct demand demand = {0};
    struct buffer text = {0};
    struct table table = {.pool = pool, .now = time(NULL)};
    table.state = pool_survey(pool, &demand, table.now);
    if (!table.state)
        return EXIT_OWN_FAILURE;
    table.next = rotation_choose(&pool->rotation, table.state->cursor);
    if (!table.next)
        table.next = rotation_master(&pool->rotation);
    table.name_width = name_width(&pool->rotation);
    if (json)
        append_json(&text, &table);
    else
        append_table(&text, &table);
    return output_print(&text);
}

int command_status(int argc, char **argv)
{
    bool json = false;
    struct options options;
    struct pool pool = {0};
    const struct flag flags[] = {{"--json", &json, NULL}, {NULL, NULL, NULL}};
    int words = arguments_parse(argc, argv, flags, &options);
    if (words != 0) {
        if (words > 0)
            log_say("status takes no names; usage: tcr-run status [--json]");
        return EXIT_OWN_FAILURE;
    }
    int status = pool_open(&pool, &options);
    if (status == 0)
        status = print_status(&pool, json);
    pool_close(&pool);
    return status;
}
