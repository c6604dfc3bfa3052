#include "core/client/claude_settings.h"

#include "base/json.h"
#include "core/client/environment.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char simple_name[] = "CLAUDE_CODE_SIMPLE";

static bool is_true(const char *value)
{
    static const char *const no[] = {"", "0", "false", "no", "off"};
    for (size_t i = 0; value && i < sizeof no / sizeof *no; i++)
        if (strcasecmp(value, no[i]) == 0)
            return false;
    return value != NULL;
}

/* Beside what environment.c scrubs: names that replace or redirect the credential from a settings
 * file's "env". */
static bool is_shadow(const struct shield_request *request, const struct settings_source *source,
                      const cJSON *item)
{
    const char *value = cJSON_GetStringValue(item);
    if (strcmp(item->string, simple_name) == 0)
        return source->project && !request->bare && is_true(value);
    if (strcmp(item->string, "ANTHROPIC_CUSTOM_HEADERS") == 0)
        return value && (strcasestr(value, "authorization") || strcasestr(value, "x-api-key"));
    return strcmp(item->string, "ANTHROPIC_BASE_URL") == 0 ||
           environment_is_scrubbed(item->string, strlen(item->string));
}

/* What the shield puts in the name's place, NULL for "leave it alone". */
static const char *replacement(const struct shield_request *request, const char *name, char *number,
                               size_t size)
{
    const char *descriptor = kind_descriptor_variable(request->kind);
    if (strcmp(name, "ANTHROPIC_BASE_URL") == 0)
        return request->base_url ? request->base_url : "";
    if (descriptor && strcmp(name, descriptor) == 0) {
        snprintf(number, size, "%d", request->descriptor);
        return number;
    }
    bool own = strcmp(name, request->kind->variable) == 0;
    if (own && (request->bare || request->via == VIA_ENV || !descriptor))
        return request->token; /* blank would wipe the very variable that carries it */
    return "";
}

static bool is_own_name(const struct shield_request *request, const char *name)
{
    const char *descriptor = kind_descriptor_variable(request->kind);
    return strcmp(name, request->kind->variable) == 0 ||
           (descriptor && strcmp(name, descriptor) == 0);
}

struct builder {
    const struct shield_request *request;
    struct shield *shield;
    cJSON *settings; /* NULL until something needs it */
    bool failed;
};

static cJSON *member_object(cJSON *parent, const char *name)
{
    cJSON *object = json_get(parent, name);
    if (cJSON_IsObject(object))
        return object;
    object = cJSON_CreateObject();
    return json_set(parent, name, object) ? object : NULL;
}

static void note(struct builder *builder, const struct settings_source *source, const char *name)
{
    buffer_append_format(source->managed ? &builder->shield->managed : &builder->shield->shadows,
                         "%s sets %s\n", source->path, name);
}

static cJSON *settings_of(struct builder *builder)
{
    if (!builder->settings)
        builder->settings = cJSON_CreateObject();
    return builder->settings;
}

static void blank_variable(struct builder *builder, const cJSON *item)
{
    char number[16];
    const char *value = replacement(builder->request, item->string, number, sizeof number);
    if (!value)
        return;
    cJSON *env = member_object(settings_of(builder), "env");
    if (!json_set_string(env, item->string, value))
        builder->failed = true;
    if (is_own_name(builder->request, item->string))
        builder->shield->needs_descriptor = true;
    builder->shield->holds_secret |= value == builder->request->token;
}

static bool holds(const struct settings_source *source, const char *word)
{
    return memmem(source->text, source->length, word, strlen(word)) != NULL;
}

/* ~/.claude.json may hold megabytes of history and nothing that shadows. A name may be written with
 * escapes. */
static bool is_worth_parsing(const struct settings_source *source)
{
    static const char *const words[] = {"\"env\"", "\"apiKeyHelper\"", "\\u"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (holds(source, words[i]))
            return true;
    return false;
}

static void read_helper(struct builder *builder, const struct settings_source *source,
                        const cJSON *item)
{
    const char *helper = cJSON_GetStringValue(item);
    if (!helper || !*helper)
        return;
    note(builder, source, "apiKeyHelper");
    if (source->managed)
        builder->shield->replaced = true;
    else if (!json_set_string(settings_of(builder), "apiKeyHelper", ""))
        builder->failed = true;
}

/* Another address still gets the key, and an API key beats an OAuth token. */
static bool replaces_key(const struct shield_request *request, const char *name)
{
    if (strcmp(name, "CLAUDE_CODE_OAUTH_TOKEN") == 0)
        return request->kind->id != KIND_API;
    return strcmp(name, "ANTHROPIC_BASE_URL") != 0;
}

/* An address may be written with or without a '/' at its end. */
static bool is_same_address(const char *one, const char *other)
{
    size_t length = strlen(one), longer = strlen(other);
    while (length > 0 && one[length - 1] == '/')
        length--;
    while (longer > 0 && other[longer - 1] == '/')
        longer--;
    return length == longer && strncasecmp(one, other, length) == 0;
}

static bool sends_elsewhere(const struct shield_request *request, const cJSON *item)
{
    const char *theirs = cJSON_GetStringValue(item);
    const char *own = request->base_url ? request->base_url : kind_base(request->kind);
    return strcmp(item->string, "ANTHROPIC_BASE_URL") == 0 && theirs && *theirs &&
           !(own && is_same_address(theirs, own));
}

static void read_env(struct builder *builder, const struct settings_source *source,
                     const cJSON *env)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, env) {
        if (!is_shadow(builder->request, source, item))
            continue;
        note(builder, source, item->string);
        if (source->managed) {
            builder->shield->replaced |= replaces_key(builder->request, item->string);
            builder->shield->sent_elsewhere |= sends_elsewhere(builder->request, item);
        } else {
            blank_variable(builder, item);
        }
    }
}

/* Of members of one name the client takes the last, so that each is looked at. */
static void read_source(struct builder *builder, const struct settings_source *source)
{
    if (!is_worth_parsing(source))
        return;
    CLEANUP_JSON cJSON *json = json_parse(source->text, source->length, NULL);
    const cJSON *item;
    if (!cJSON_IsObject(json))
        return;
    cJSON_ArrayForEach (item, json) {
        if (strcmp(item->string, "apiKeyHelper") == 0)
            read_helper(builder, source, item);
        else if (strcmp(item->string, "env") == 0 && cJSON_IsObject(item))
            read_env(builder, source, item);
    }
}

static int take_own(struct builder *builder, struct buffer *error)
{
    const struct settings_source *own = builder->request->own;
    if (!own || own->length == 0)
        return 0;
    builder->settings = json_parse(own->text, own->length, NULL);
    if (cJSON_IsObject(builder->settings))
        return 0;
    buffer_append_format(error, "--settings %s: expected a JSON object", own->path);
    return -EINVAL;
}

int shield_build(const struct shield_request *request, struct shield *ret_shield,
                 struct buffer *error)
{
    struct shield shield = {0};
    struct builder builder = {.request = request, .shield = &shield};
    int r = take_own(&builder, error);
    bool given = builder.settings != NULL;
    for (size_t i = 0; r == 0 && i < request->source_count; i++)
        read_source(&builder, &request->sources[i]);
    if (r == 0 && given)
        read_source(&builder, request->own);
    bool needed = shield.shadows.length > 0 && builder.settings;
    if (r == 0 && needed)
        shield.settings = json_print(builder.settings, false);
    if (r == 0 && (builder.failed || shield.shadows.failed || (needed && !shield.settings)))
        r = -ENOMEM;
    json_destroy(builder.settings);
    if (r < 0)
        shield_finish(&shield);
    else
        *ret_shield = shield;
    return r;
}

void shield_finish(struct shield *shield)
{
    json_free_text(shield->settings);
    buffer_finish(&shield->shadows);
    buffer_finish(&shield->managed);
    *shield = (struct shield){0};
}

/* Of members of one name the client takes the last. */
static void find_variable(const struct settings_source *source, const char *name, bool *found,
                          char *ret_value, size_t size)
{
    const cJSON *item, *variable;
    if (!holds(source, name) && !holds(source, "\\u"))
        return;
    CLEANUP_JSON cJSON *json = json_parse(source->text, source->length, NULL);
    cJSON_ArrayForEach (item, json)
        cJSON_ArrayForEach (variable, item)
            if (item->string && variable->string && strcmp(item->string, "env") == 0 &&
                strcmp(variable->string, name) == 0 && cJSON_IsString(variable)) {
                snprintf(ret_value, size, "%s", variable->valuestring);
                *found = true;
            }
}

bool settings_variable(const struct settings_source *sources, size_t count,
                       const struct settings_source *own, bool project, const char *name,
                       char *ret_value, size_t size)
{
    bool found = false;
    for (size_t i = 0; i < count; i++)
        if (!sources[i].managed && (project || !sources[i].project))
            find_variable(&sources[i], name, &found, ret_value, size);
    if (own && own->text)
        find_variable(own, name, &found, ret_value, size);
    for (size_t i = 0; i < count; i++)
        if (sources[i].managed)
            find_variable(&sources[i], name, &found, ret_value, size);
    return found;
}

bool settings_are_simple(const struct settings_source *sources, size_t count,
                         const struct settings_source *own, const char *value)
{
    char told[16];
    bool found = settings_variable(sources, count, own, false, simple_name, told, sizeof told);
    return is_true(found ? told : value);
}
