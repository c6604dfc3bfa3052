#include "core/pool/import_parts.h"

#include <errno.h>
#include <string.h>

/* {"port", "keyOrder": [ID…]}, {"keys": [ID…]} or the IDs alone. */
static const cJSON *ids_of(const cJSON *profile)
{
    const cJSON *order = json_get(profile, "keyOrder"), *keys = json_get(profile, "keys");
    return cJSON_IsArray(profile) ? profile
           : cJSON_IsArray(order) ? order
           : cJSON_IsArray(keys)  ? keys
                                  : NULL;
}

static bool read_profile(struct importer *importer, const cJSON *profile, const char *name)
{
    const cJSON *ids = ids_of(profile);
    int64_t port;
    if (!ids) {
        buffer_append_format(&importer->import->notes,
                             "profiles.%s: it has no list of keys; skipped\n", name);
        return true;
    }
    cJSON *copy = cJSON_CreateObject();
    bool fine = copy && json_set(copy, "keys", cJSON_Duplicate(ids, true));
    if (fine && json_integer(profile, "port", &port) && port >= 1 && port <= 65535)
        fine = json_set_integer(copy, "port", port);
    if (fine)
        return json_set(importer->import->profiles, name, copy);
    json_destroy(copy);
    return false;
}

void importer_read_profiles(struct importer *importer, const cJSON *profiles)
{
    const cJSON *profile;
    char name[IMPORT_NAME + 1];
    importer->import->profiles = cJSON_CreateObject();
    importer->out_of_memory |= !importer->import->profiles;
    cJSON_ArrayForEach (profile, profiles) {
        if (importer->out_of_memory || !import_clean_name(profile->string, name))
            continue;
        importer->out_of_memory |= !read_profile(importer, profile, name);
    }
}

static bool holds(const cJSON *array, const char *text)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, array)
        if (strcmp(item->valuestring, text) == 0)
            return true;
    return false;
}

/* The names that the keys have now, each once; NULL if out of memory. */
static cJSON *translate(const struct import *import, const cJSON *ids, const cJSON *names)
{
    const cJSON *id;
    cJSON *list = cJSON_CreateArray();
    cJSON_ArrayForEach (id, ids) {
        int64_t at;
        const char *name = cJSON_IsString(id) && json_integer(import->ids, id->valuestring, &at)
                               ? cJSON_GetStringValue(cJSON_GetArrayItem(names, (int)at))
                               : NULL;
        if (!list || !name || holds(list, name))
            continue;
        if (!cJSON_AddItemToArray(list, cJSON_CreateString(name))) {
            json_destroy(list);
            return NULL;
        }
    }
    return list;
}

static void describe(const char *name, const cJSON *keys, struct buffer *added)
{
    const cJSON *key;
    buffer_append_format(added, "profile \"%s\":", name);
    cJSON_ArrayForEach (key, keys)
        buffer_append_format(added, "%s \"%s\"", key == keys->child ? "" : ",", key->valuestring);
    buffer_append_char(added, '\n');
}

static int add_profile(struct import *import, const cJSON *profile, cJSON *keys, cJSON *file,
                       struct buffer *added)
{
    cJSON *profiles = json_get(file, "profiles"), *copy = cJSON_Duplicate(profile, true);
    if (!profiles && !json_set(file, "profiles", profiles = cJSON_CreateObject()))
        profiles = NULL;
    if (!copy || !profiles || !json_set(copy, "keys", keys)) {
        json_destroy(copy);
        return -ENOMEM;
    }
    if (!json_set(profiles, profile->string, copy))
        return -ENOMEM;
    describe(profile->string, keys, added);
    import->profiles_added++;
    return 0;
}

static int merge_profile(struct import *import, const cJSON *profile, const cJSON *names,
                         cJSON *file, struct buffer *added)
{
    cJSON *keys = translate(import, json_get(profile, "keys"), names);
    const char *reason = json_get(json_get(file, "profiles"), profile->string) ? "is there already"
                         : keys && !keys->child ? "has none of these keys"
                                                : NULL;
    if (!keys)
        return -ENOMEM;
    if (!reason)
        return add_profile(import, profile, keys, file, added);
    json_destroy(keys);
    buffer_append_format(&import->notes, "the profile \"%s\" %s; skipped\n", profile->string,
                         reason);
    return 0;
}

int import_merge_profiles(struct import *import, const cJSON *names, cJSON *file,
                          struct buffer *added)
{
    const cJSON *profile;
    int r = 0;
    cJSON_ArrayForEach (profile, import->profiles)
        r = r == 0 ? merge_profile(import, profile, names, file, added) : r;
    return r;
}
