#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PRINT_GUESS 4096

/* The size stands before each block, so that the hook for free knows what to wipe. */
union header {
    size_t size;
    max_align_t alignment;
};

/* cJSON does not tell why it failed. The model keeps the loader's library, which the general one
 * refers to, out of those that a launch searches. */
static _Thread_local bool ran_out_of_memory __attribute__((tls_model("initial-exec")));

static void *hook_malloc(size_t size)
{
    union header *header = size <= SIZE_MAX - sizeof *header ? malloc(sizeof *header + size) : NULL;
    if (!header) {
        ran_out_of_memory = true;
        return NULL;
    }
    header->size = size;
    return header + 1;
}

static void hook_free(void *pointer)
{
    if (!pointer)
        return;
    union header *header = (union header *)pointer - 1;
    sodium_memzero(pointer, header->size);
    free(header);
}

void json_init(void)
{
    cJSON_Hooks hooks = {.malloc_fn = hook_malloc, .free_fn = hook_free};
    cJSON_InitHooks(&hooks);
}

static struct json_place place_of(const char *text, const char *stop)
{
    struct json_place place = {1, 1};
    for (const char *p = text; p < stop; p++) {
        place.column++;
        if (*p == '\n')
            place = (struct json_place){place.line + 1, 1};
    }
    return place;
}

static bool is_blank(const char *p, const char *end)
{
    while (p < end && strchr(" \t\r\n", *p) && *p)
        p++;
    return p == end;
}

int json_read(const char *text, size_t length, cJSON **ret_json, struct json_place *ret_place)
{
    const char *stop = text;
    ran_out_of_memory = false;
    *ret_json = cJSON_ParseWithLengthOpts(text, length, &stop, 0);
    if (*ret_json && is_blank(stop, text + length))
        return 0;
    cJSON_Delete(*ret_json);
    *ret_json = NULL;
    if (ret_place)
        *ret_place = place_of(text, stop > text + length ? text + length : stop);
    return ran_out_of_memory ? -ENOMEM : -EINVAL;
}

cJSON *json_parse(const char *text, size_t length, struct json_place *ret_place)
{
    cJSON *json;
    (void)json_read(text, length, &json, ret_place);
    return json;
}

void json_destroy(cJSON *json)
{
    cJSON_Delete(json);
}

cJSON *json_get(const cJSON *object, const char *name)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

const char *json_string(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(json_get(object, name));
}

bool json_integer(const cJSON *object, const char *name, int64_t *ret_number)
{
    const cJSON *item = json_get(object, name);
    if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble) <= 9007199254740992.0) ||
        item->valuedouble != floor(item->valuedouble))
        return false;
    *ret_number = (int64_t)item->valuedouble;
    return true;
}

bool json_is_true(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(json_get(object, name));
}

bool json_set(cJSON *object, const char *name, cJSON *value)
{
    if (!value)
        return false;
    bool done = json_get(object, name) ? cJSON_ReplaceItemInObjectCaseSensitive(object, name, value)
                                       : cJSON_AddItemToObject(object, name, value);
    if (!done)
        cJSON_Delete(value);
    /* cJSON does not notice that it ran out of memory for a replaced member's name. */
    return done && value->string;
}

bool json_set_string(cJSON *object, const char *name, const char *value)
{
    return json_set(object, name, cJSON_CreateString(value));
}

bool json_set_integer(cJSON *object, const char *name, int64_t value)
{
    return json_set(object, name, cJSON_CreateNumber((double)value));
}

char *json_print(const cJSON *json, bool indented)
{
    /* A first guess of the size: growing means copying, because what is freed is wiped. */
    return cJSON_PrintBuffered(json, PRINT_GUESS, indented);
}

void json_free_text(char *text)
{
    cJSON_free(text);
}

const char *json_type_name(const cJSON *json)
{
    static const struct {
        int type;
        const char *name;
    } names[] = {{cJSON_False, "false"},     {cJSON_True, "true"},       {cJSON_NULL, "null"},
                 {cJSON_Number, "a number"}, {cJSON_String, "a string"}, {cJSON_Array, "an array"},
                 {cJSON_Object, "an object"}};
    for (size_t i = 0; json && i < sizeof names / sizeof names[0]; i++)
        if ((json->type & 0xFF) == names[i].type)
            return names[i].name;
    return "nothing";
}
