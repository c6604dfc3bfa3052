#include "core/pool/modelfields.h"

#include "base/cursor.h"
#include "core/pool/modelmap.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool take_next(struct reader *reader, const cJSON *rule, const cJSON *name, size_t at,
                      struct model_chain *chain)
{
    const char *text = cJSON_GetStringValue(name);
    const char *fault =
        text ? modelmap_fault_of_target(rule->string, text) : "expected the name of a model";
    if (!fault && at == MODELMAP_CHAIN)
        fault = "a chain has at most 5 models";
    if (fault) {
        fields_mistake(reader, "model_fallback", rule->string, "%s", fault);
        return false;
    }
    chain->next[at] = fields_keep(reader, text);
    return true;
}

static bool read_chain(struct reader *reader, const cJSON *rule, struct model_chain *chain)
{
    const char *fault = modelmap_fault_of_name(rule->string);
    size_t count = 0;
    if (fault)
        fields_mistake(reader, "model_fallback", "", "%s", fault);
    if (fault || (!cJSON_IsArray(rule) && !cJSON_IsString(rule))) {
        if (!fault)
            fields_mistake(reader, "model_fallback", rule->string,
                           "expected an array of models such as [\"claude-sonnet-*\"], found %s",
                           json_type_name(rule));
        return false;
    }
    chain->pattern = fields_keep(reader, rule->string);
    if (cJSON_IsString(rule))
        return take_next(reader, rule, rule, 0, chain);
    const cJSON *name;
    cJSON_ArrayForEach (name, rule)
        if (!take_next(reader, rule, name, count++, chain))
            return false;
    return true;
}

void modelfields_read_fallback(struct reader *reader, const char *place, const cJSON *item,
                               void *target)
{
    struct keyring *keyring = target;
    int count = cJSON_IsObject(item) ? cJSON_GetArraySize(item) : -1;
    if (count < 0) {
        fields_wrong_type(reader, place, item,
                          "an object such as {\"claude-opus-*\": [\"claude-sonnet-*\"]}");
        return;
    }
    if (count > MODELMAP_RULES) {
        fields_mistake(reader, place, "model_fallback", "expected at most %d rules, found %d",
                       MODELMAP_RULES, count);
        return;
    }
    keyring->chains = calloc((size_t)count + 1, sizeof *keyring->chains);
    if (!keyring->chains) {
        reader->out_of_memory = true;
        return;
    }
    const cJSON *rule;
    cJSON_ArrayForEach (rule, item)
        if (read_chain(reader, rule, &keyring->chains[keyring->chain_count]) &&
            keyring->chains[keyring->chain_count].pattern)
            keyring->chain_count++;
    const char *loop = modelmap_find_loop(keyring->chains, keyring->chain_count);
    if (loop)
        fields_mistake(reader, place, "model_fallback",
                       "\"%s\" leads back to itself; a model can come once on its way", loop);
}

/* Pairs of a name and a text; `fault_of` says what is wrong with one. */
static struct key_variable *read_pairs(struct reader *reader, const char *place, const cJSON *item,
                                       const char *example,
                                       const char *(*fault_of)(const char *name, const char *value))
{
    size_t count = 0;
    if (!cJSON_IsObject(item)) {
        fields_wrong_type(reader, place, item, example);
        return NULL;
    }
    struct key_variable *pairs = calloc((size_t)cJSON_GetArraySize(item) + 1, sizeof *pairs);
    if (!pairs) {
        reader->out_of_memory = true;
        return NULL;
    }
    const cJSON *one;
    cJSON_ArrayForEach (one, item) {
        const char *value = cJSON_GetStringValue(one);
        const char *fault = value ? fault_of(one->string, value) : "expected a string";
        if (fault)
            fields_mistake(reader, place, item->string, "%s", fault);
        else
            pairs[count++] =
                (struct key_variable){fields_keep(reader, one->string), fields_keep(reader, value)};
    }
    return pairs;
}

static const char *fault_of_model(const char *name, const char *value)
{
    const char *fault = modelmap_fault_of_name(name);
    return fault ? fault : modelmap_fault_of_target(name, value);
}

void modelfields_read_models(struct reader *reader, const char *place, const cJSON *item,
                             void *target)
{
    struct key *key = target;
    free((void *)key->models);
    key->models = read_pairs(reader, place, item, "an object such as {\"claude-*\": \"gpt-5.4\"}",
                             fault_of_model);
}

/* The credential is the key's own, and the body's headers are the gateway's. */
static const char *fault_of_header(const char *name, const char *value)
{
    static const char *const own[] = {"authorization",     "x-api-key",  "host",
                                      "content-length",    "connection", "content-type",
                                      "transfer-encoding", "expect",     "accept-encoding"};
    for (size_t i = 0; i < COUNT(own); i++)
        if (strcasecmp(name, own[i]) == 0)
            return "a header that the gateway sets by itself";
    for (const char *p = name; *p; p++)
        if (!char_is_alnum(*p) && !char_is_among(*p, "-_"))
            return "a header's name has letters, digits, '-' and '_'";
    for (const char *p = value; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return "a header's value has no control characters";
    return *name ? NULL : "a header's name cannot be empty";
}

void modelfields_read_headers(struct reader *reader, const char *place, const cJSON *item,
                              void *target)
{
    struct key *key = target;
    free((void *)key->headers);
    key->headers = read_pairs(reader, place, item, "an object such as {\"X-Title\": \"...\"}",
                              fault_of_header);
}

void modelfields_read_api(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct key *key = target;
    const char *name = cJSON_GetStringValue(item);
    char text[FIELDS_QUOTE];
    if (!name || (strcmp(name, "chat") != 0 && strcmp(name, "responses") != 0))
        fields_mistake(reader, place, "api", "expected \"chat\" or \"responses\", found %s",
                       fields_quote(item, text));
    else
        key->has_responses = strcmp(name, "responses") == 0;
}
