#include "core/pool/keyedit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_in(char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static int check_names(const cJSON *file, char *const *names, size_t count, struct buffer *error)
{
    const char *master = keyedit_master(file);
    size_t pool = keyedit_count(file) - (master != NULL);
    for (size_t i = 0; i < count; i++) {
        if (!keyedit_find(file, names[i]))
            return keyedit_refuse_unknown(file, names[i], error);
        if (master && strcmp(master, names[i]) == 0)
            buffer_append_format(error, "\"%s\" is the master key, which always comes last",
                                 names[i]);
        else if (is_in(names, i, names[i]))
            buffer_append_format(error, "\"%s\" is named twice", names[i]);
        if (error->length > 0)
            return -EINVAL;
    }
    if (count == pool)
        return 0;
    buffer_append_format(error, "expected all %zu keys of the pool in their order, found %zu", pool,
                         count);
    return -EINVAL;
}

int keyedit_order(cJSON *file, char *const *names, size_t count, struct buffer *error)
{
    bool changed = false;
    int r = check_names(file, names, count, error);
    for (size_t i = 0; i < count && r == 0; i++) {
        cJSON *entry = keyedit_find(file, names[i]);
        int64_t priority = 0;
        if (json_integer(entry, "priority", &priority) && priority == (int64_t)i + 1)
            continue;
        changed = true;
        if (!json_set_integer(entry, "priority", (int64_t)i + 1))
            r = -ENOMEM;
    }
    return r < 0 ? r : changed ? 0 : 1;
}

/* "MODEL=MODEL[,MODEL...]", which is cut up. */
static int add_rule(cJSON *rules, char *text, struct buffer *error)
{
    char *equals = strchr(text, '='), *rest = equals ? equals + 1 : NULL, *name;
    if (!equals || equals == text || !equals[1]) {
        buffer_append_format(error, "expected MODEL=MODEL[,MODEL...], found \"%s\"", text);
        return -EINVAL;
    }
    *equals = '\0';
    if (json_get(rules, text)) {
        buffer_append_format(error, "\"%s\" has two rules", text);
        return -EINVAL;
    }
    cJSON *next = cJSON_CreateArray();
    bool fine = next != NULL;
    while (fine && (name = strsep(&rest, ","))) {
        cJSON *item = cJSON_CreateString(name);
        fine = item && cJSON_AddItemToArray(next, item);
    }
    if (fine)
        return json_set(rules, text, next) ? 0 : -ENOMEM;
    json_destroy(next);
    return -ENOMEM;
}

int keyedit_set_fallback(cJSON *file, const char *text, struct buffer *error)
{
    cJSON *rules = cJSON_CreateObject();
    char *copy = strdup(text), *rest = *text ? copy : NULL, *rule;
    int r = rules && copy ? 0 : -ENOMEM;
    while (r == 0 && (rule = strsep(&rest, ";")))
        r = add_rule(rules, rule, error);
    free(copy);
    if (r < 0) {
        json_destroy(rules);
        return r;
    }
    if (*text)
        return json_set(file, "model_fallback", rules) ? 0 : -ENOMEM;
    json_destroy(rules);
    if (!json_get(file, "model_fallback"))
        return 1;
    cJSON_DeleteItemFromObjectCaseSensitive(file, "model_fallback");
    return 0;
}
