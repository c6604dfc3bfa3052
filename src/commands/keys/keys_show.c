#include "base/json.h"
#include "base/money.h"
#include "base/shellword.h"
#include "base/text.h"
#include "commands/command.h"
#include "commands/keys/keys.h"
#include "commands/output.h"
#include "commands/pool.h"
#include "core/show/render.h"
#include "system/zone.h"

#include <stdio.h>
#include <string.h>

extern char **environ;

#define LABEL_WIDTH 14

/* Only the names: a header or a variable may hold another secret. */
static void add_names(cJSON *object, const char *member, const struct key_variable *variables)
{
    cJSON *names = variables && variables->name ? cJSON_CreateArray() : NULL;
    for (; names && variables->name; variables++)
        cJSON_AddItemToArray(names, cJSON_CreateString(variables->name));
    if (names)
        json_set(object, member, names);
}

static void add_source(cJSON *object, const struct key *key)
{
    char shown[SECRET_REDACTED];
    cJSON *words;
    if (key->token) {
        secret_redact(key->token, shown);
        json_set_string(object, "token", shown);
    }
    if (key->token_file)
        json_set_string(object, "token_file", key->token_file);
    if (key->config_dir)
        json_set_string(object, "config_dir", key->config_dir);
    if (key->keychain)
        json_set_string(object, "keychain", key->keychain);
    if (key->source != KEY_COMMAND || key->keychain || !(words = cJSON_CreateArray()))
        return;
    for (const char *const *word = key->command; *word; word++)
        cJSON_AddItemToArray(words, cJSON_CreateString(*word));
    json_set(object, "token_command", words);
}

static void add_profiles(cJSON *object, const struct pool *pool, const char *name)
{
    const cJSON *profile, *member;
    cJSON *names = cJSON_CreateArray();
    cJSON_ArrayForEach (profile, (const cJSON *)pool->keyring.profiles) {
        cJSON_ArrayForEach (member, json_get(profile, "keys"))
            if (cJSON_IsString(member) && strcmp(member->valuestring, name) == 0)
                cJSON_AddItemToArray(names, cJSON_CreateString(profile->string));
    }
    if (cJSON_GetArraySize(names) > 0)
        json_set(object, "profiles", names);
    else
        json_destroy(names);
}

static void add_limit(cJSON *object, const struct key *key)
{
    char limit[48];
    if (key->at_most <= 0)
        return;
    snprintf(limit, sizeof limit, "%lld/%s", (long long)key->at_most,
             key->at_most_period == 3600 ? "hour" : "day");
    json_set_string(object, "at_most", limit);
}

static void add_budget(cJSON *object, const struct key *key)
{
    struct buffer text = {0};
    if (key->budget > 0) {
        money_append_number(&text, key->budget);
        buffer_append_text(&text, "/day");
        json_set_string(object, "budget", buffer_text(&text));
    }
    buffer_finish(&text);
}

/* What the file says. */
static void add_fields(cJSON *object, const struct pool *pool, const struct key *key)
{
    const struct destination to = destination_of(key, environ);
    struct buffer address = {0};
    json_set_string(object, "name", key->name);
    json_set_string(object, "place", key->place);
    json_set_string(object, "from", pool->origin);
    if (key->kind_known)
        json_set_string(object, "kind", kind_name(&key->kind));
    if (key->kind_known && *key->kind.variable)
        json_set_string(object, "variable", key->kind.variable);
    add_source(object, key);
    json_set(object, "master", cJSON_CreateBool(key == &pool->keyring.master));
    if (key->organization)
        json_set_string(object, "organization", key->organization);
    json_set_integer(object, "priority", key->priority);
    add_limit(object, key);
    add_budget(object, key);
    render_destination(&address, &to);
    if (to.from != DESTINATION_UNKNOWN)
        json_set_string(object, "goes_to", buffer_text(&address));
    buffer_finish(&address);
    add_names(object, "env", key->variables);
    add_names(object, "headers", key->headers);
    add_names(object, "models", key->models);
    add_profiles(object, pool, key->name);
    json_set(object, "disabled", cJSON_CreateBool(key->disabled));
    if (key->added > 0)
        json_set_integer(object, "added", key->added);
    if (key_end(key) > 0)
        json_set_integer(object, "ends", key_end(key));
}

/* What is known about the key. */
static void add_state(cJSON *object, const struct state *state, const struct candidate *candidate)
{
    const struct record *known = state_find(&state->keys, candidate->id);
    json_set_string(object, "state", standing_name(candidate->standing));
    if (candidate->cooling)
        json_set_integer(object, "until", candidate->cooling->until);
    if (!known)
        return;
    json_set_integer(object, "runs", known->runs);
    json_set_integer(object, "failures", known->failures);
    if (known->last_used > 0)
        json_set_integer(object, "last_used", known->last_used);
    if (known->last_failed > 0)
        json_set_integer(object, "last_failed", known->last_failed);
    if (known->last_failed > 0 && known->last_class != CLASS_NONE)
        json_set_string(object, "last_class", failure_class_name(known->last_class));
}

static bool is_time(const char *member)
{
    static const char *const times[] = {"added", "ends", "until", "last_used", "last_failed"};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        if (strcmp(times[i], member) == 0)
            return true;
    return false;
}

static void append_words(struct buffer *text, const cJSON *item, bool is_command)
{
    const cJSON *word;
    cJSON_ArrayForEach (word, item) {
        if (word != item->child)
            buffer_append_text(text, is_command ? " " : ", ");
        if (is_command)
            shellword_append(text, word->valuestring);
        else
            buffer_append_text(text, word->valuestring);
    }
}

static void append_line(struct buffer *text, const cJSON *item, int64_t now)
{
    char label[32];
    snprintf(label, sizeof label, "%s", item->string);
    for (char *p = label; *p; p++)
        *p = *p == '_' ? ' ' : *p;
    buffer_append_format(text, "%-*s", LABEL_WIDTH, label);
    size_t start = text->length;
    if (is_time(item->string))
        render_time(text, (int64_t)item->valuedouble, now, &zone_system);
    else if (cJSON_IsArray(item))
        append_words(text, item, strcmp(item->string, "token_command") == 0);
    else if (cJSON_IsString(item))
        buffer_append_text(text, item->valuestring);
    else if (cJSON_IsBool(item))
        buffer_append_text(text, cJSON_IsTrue(item) ? "yes" : "no");
    else
        buffer_append_format(text, "%.0f", item->valuedouble);
    if (!text->failed)
        text_replace_controls(text->data + start, text->length - start, ' ');
    buffer_append_char(text, '\n');
}

static int print_key(struct pool *pool, const struct candidate *candidate, bool json)
{
    const struct demand demand = {0};
    const cJSON *item;
    struct buffer text = {0};
    int64_t now;
    const struct state *state = pool_survey(pool, &demand, &now);
    CLEANUP_JSON cJSON *object = cJSON_CreateObject();
    if (!state || !object)
        return EXIT_OWN_FAILURE;
    if (json)
        json_set_integer(object, "version", 1);
    add_fields(object, pool, candidate->key);
    add_state(object, state, candidate);
    if (json)
        output_append_json(&text, object);
    else
        cJSON_ArrayForEach (item, object)
            append_line(&text, item, now);
    return output_print(&text);
}

static const struct candidate *find(struct pool *pool, char *const *name)
{
    if (!pool_knows(pool, name))
        return NULL;
    const struct rotation *rotation = &pool->rotation;
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        if (strcmp(rotation->candidates[i].key->name, *name) == 0)
            return &rotation->candidates[i];
    return NULL;
}

int keys_show(int argc, char **argv)
{
    bool json = false;
    struct options options;
    struct pool pool = {0};
    const struct flag flags[] = {{"json", 0, &json, NULL}, {0}};
    if (!keys_parse(argc, argv, flags, 1, 1, &options))
        return EXIT_OWN_FAILURE;
    int status = pool_open(&pool, &options);
    const struct candidate *candidate = status == 0 ? find(&pool, argv + 1) : NULL;
    if (status == 0)
        status = candidate ? print_key(&pool, candidate, json) : EXIT_OWN_FAILURE;
    pool_close(&pool);
    return status;
}
