#include "core/pool/import_parts.h"

#include "base/text.h"
#include "core/pool/keyedit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool import_clean_name(const char *name, char ret_name[IMPORT_NAME + 1])
{
    char copy[IMPORT_NAME + 8];
    if (!name || !*name)
        return false;
    snprintf(copy, sizeof copy, "%s", name);
    copy[text_fit(copy, IMPORT_NAME)] = '\0';
    text_replace_controls(copy, strlen(copy), '-');
    for (char *p = copy; *p; p++)
        if (*p == '"' || *p == ',')
            *p = '-';
    if (strstr(copy, "sk-ant-"))
        return false;
    memcpy(ret_name, copy, strlen(copy) + 1);
    return true;
}

/* Where a person looks for it: before the secret. */
static bool put_name_first(cJSON *entry, const char *name)
{
    if (json_get(entry, "name"))
        return json_set_string(entry, "name", name);
    if (!json_set_string(entry, "name", name))
        return false;
    cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(entry, "name");
    return cJSON_InsertItemInArray(entry, 0, item);
}

/* The first free name: its own, or that with a number appended. */
static bool name_entry(const cJSON *file, cJSON *entry, const char *prefix, bool master,
                       struct buffer *notes)
{
    char own[2 * IMPORT_NAME], name[2 * IMPORT_NAME + 24];
    const char *told = json_string(entry, "name");
    bool numbered = !told && !master;
    size_t number = numbered ? keyedit_count(file) + 1 : 1;
    snprintf(own, sizeof own, "%s%s", prefix, told ? told : master ? "master" : "key");
    own[text_fit(own, IMPORT_NAME)] = '\0';
    snprintf(name, sizeof name, "%s", own);
    if (numbered)
        snprintf(name, sizeof name, "%s%zu", own, number);
    while (keyedit_find(file, name)) {
        own[text_fit(own, IMPORT_NAME - 5)] = '\0';
        snprintf(name, sizeof name, "%s%s%zu", own, numbered ? "" : "-", ++number);
    }
    if (told && number > 1)
        buffer_append_format(notes, "the name \"%s%s\" is taken: it comes in as \"%s\"\n", prefix,
                             told, name);
    return put_name_first(entry, name);
}

/* `holder` gets the name of the key that has its secret already. */
static bool may_come_in(struct import *import, const cJSON *entry, bool master, const cJSON *file,
                        char holder[KEYEDIT_NAME])
{
    char name[IMPORT_NAME + 1];
    const char *there = NULL, *master_name = keyedit_master(file);
    if (keyedit_holder(file, entry, holder)) {
        there = "has the same secret";
    } else if (master && master_name) {
        snprintf(holder, KEYEDIT_NAME, "%s", master_name);
        there = "is the master key already, and there is only one";
    }
    if (!there)
        return true;
    if (!import_clean_name(json_string(entry, "name"), name))
        snprintf(name, sizeof name, "%s", master ? "the master key" : "a key without a name");
    import->skipped++;
    buffer_append_format(&import->notes, "%s: \"%s\" %s; skipped\n", name, holder, there);
    return false;
}

static int merge_array(struct import *import, bool master, const char *prefix, cJSON *file,
                       cJSON *names, struct buffer *added, size_t *count)
{
    const cJSON *item, *array = master ? import->masters : import->keys;
    struct buffer error = {0};
    char holder[KEYEDIT_NAME];
    int r = 0;
    cJSON_ArrayForEach (item, array) {
        if (!may_come_in(import, item, master, file, holder)) {
            cJSON_AddItemToArray(names, cJSON_CreateString(holder));
            continue;
        }
        cJSON *entry = cJSON_Duplicate(item, true);
        if (!entry || !name_entry(file, entry, prefix, master, &import->notes)) {
            json_destroy(entry);
            r = -ENOMEM;
            break;
        }
        keyedit_describe(entry, added);
        cJSON_AddItemToArray(names, cJSON_CreateString(json_string(entry, "name")));
        buffer_append_text(added, master ? ", as the master key\n" : "\n");
        r = keyedit_add(file, entry, master, &error);
        if (r < 0)
            break;
        (*count)++;
    }
    buffer_finish(&error);
    return r;
}

int import_merge(struct import *import, const char *prefix, cJSON *file, struct buffer *added,
                 size_t *ret_added)
{
    size_t count = 0;
    CLEANUP_JSON cJSON *names = cJSON_CreateArray();
    import->profiles_added = 0;
    int r = names ? merge_array(import, false, prefix, file, names, added, &count) : -ENOMEM;
    if (r == 0 && cJSON_GetArraySize(names) < cJSON_GetArraySize(import->keys))
        r = -ENOMEM;
    if (r == 0)
        r = import_merge_profiles(import, names, file, added);
    if (r == 0)
        r = merge_array(import, true, prefix, file, names, added, &count);
    if (r == 0 && (added->failed || import->notes.failed))
        r = -ENOMEM;
    if (r == 0)
        *ret_added = count;
    return r;
}
