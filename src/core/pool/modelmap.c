#include "core/pool/modelmap.h"

#include "base/cursor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool modelmap_matches(const char *pattern, const char *model)
{
    const char *star = NULL, *from = NULL;
    while (*model) {
        if (*pattern == '*') {
            star = pattern++;
            from = model;
        } else if (*pattern == *model) {
            pattern++, model++;
        } else if (star) {
            pattern = star + 1;
            model = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

/* What stands for a '*' in the name that a pattern leads to: that of the pattern, which has one. */
static void append_target(const char *pattern, const char *target, const char *model,
                          struct buffer *out)
{
    const char *star = strchr(pattern, '*');
    size_t before = star ? (size_t)(star - pattern) : 0, after = star ? strlen(star + 1) : 0;
    for (; *target; target++)
        if (*target == '*' && star)
            buffer_append(out, model + before, strlen(model) - before - after);
        else
            buffer_append_char(out, *target);
}

/* The name that `target` is for this model, which the pattern fits; false if it is too long. */
static bool resolve(const char *pattern, const char *target, const char *model,
                    char ret_model[MODELMAP_NAME])
{
    struct buffer name = {0};
    append_target(pattern, target, model, &name);
    bool fits = !name.failed && name.length > 0 && name.length < MODELMAP_NAME;
    if (fits)
        memcpy(ret_model, name.data, name.length + 1);
    buffer_finish(&name);
    return fits;
}

static bool has_one_star(const char *pattern)
{
    const char *star = strchr(pattern, '*');
    return star && !strchr(star + 1, '*');
}

static bool is_claude(const char *model)
{
    static const char *const names[] = {"claude", "opus", "sonnet", "haiku"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (strncasecmp(model, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

bool modelmap_of_key(const struct key *key, const char *model, char ret_model[MODELMAP_NAME])
{
    for (const struct key_variable *one = key->models; one && one->name; one++)
        if (modelmap_matches(one->name, model))
            return resolve(one->name, one->value, model, ret_model);
    if (key->models || is_claude(model))
        return false;
    return snprintf(ret_model, MODELMAP_NAME, "%s", model) < MODELMAP_NAME;
}

bool modelmap_next(const struct keyring *keyring, const char *asked, size_t step,
                   char ret_model[MODELMAP_NAME])
{
    for (size_t i = 0; i < keyring->chain_count; i++) {
        const struct model_chain *chain = &keyring->chains[i];
        if (!modelmap_matches(chain->pattern, asked))
            continue;
        return step < MODELMAP_CHAIN && chain->next[step] &&
               resolve(chain->pattern, chain->next[step], asked, ret_model);
    }
    return false;
}

static const char *fault_of_name(const char *name)
{
    if (!*name)
        return "a model's name cannot be empty";
    if (strlen(name) >= MODELMAP_NAME)
        return "a model's name has less than 128 bytes";
    for (const char *p = name; *p; p++)
        if (*p <= ' ' || *p > '~' || *p == '"' || *p == '\\')
            return "a model's name has letters, digits and marks, no spaces";
    return NULL;
}

static const char *fault_of_target(const char *pattern, const char *target)
{
    if (strchr(target, '*') && !has_one_star(pattern))
        return "a name with '*' needs a pattern with one '*' before it";
    return fault_of_name(target);
}

/* ---- loops ---- */

static bool leads_to(const struct model_chain *from, const struct model_chain *to)
{
    for (size_t i = 0; from->next[i]; i++)
        if (modelmap_matches(to->pattern, from->next[i]))
            return true;
    return false;
}

/* From rule to rule, as long as each has a way on: back at the first one is a loop. */
static bool reaches(const struct model_chain *chains, size_t count, size_t from, size_t to,
                    bool *seen)
{
    if (leads_to(&chains[from], &chains[to]))
        return true;
    for (size_t i = 0; i < count; i++) {
        if (seen[i] || !leads_to(&chains[from], &chains[i]))
            continue;
        seen[i] = true;
        if (reaches(chains, count, i, to, seen))
            return true;
    }
    return false;
}

static const char *find_loop(const struct model_chain *chains, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool seen[MODELMAP_RULES] = {false};
        seen[i] = true;
        if (reaches(chains, count, i, i, seen))
            return chains[i].pattern;
    }
    return NULL;
}

/* ---- the key file ---- */

static bool take_next(struct reader *reader, const cJSON *rule, const cJSON *name, size_t at,
                      struct model_chain *chain)
{
    const char *text = cJSON_GetStringValue(name);
    const char *fault = text ? fault_of_target(rule->string, text) : "expected the name of a model";
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
    const char *fault = fault_of_name(rule->string);
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

void modelmap_read_fallback(struct reader *reader, const char *place, const cJSON *item,
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
    const char *loop = find_loop(keyring->chains, keyring->chain_count);
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
    const char *fault = fault_of_name(name);
    return fault ? fault : fault_of_target(name, value);
}

void modelmap_read_models(struct reader *reader, const char *place, const cJSON *item, void *target)
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

void modelmap_read_headers(struct reader *reader, const char *place, const cJSON *item,
                           void *target)
{
    struct key *key = target;
    free((void *)key->headers);
    key->headers = read_pairs(reader, place, item, "an object such as {\"X-Title\": \"...\"}",
                              fault_of_header);
}

void modelmap_read_api(struct reader *reader, const char *place, const cJSON *item, void *target)
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

/* ---- the command line ---- */

static int parse_rule(struct keyring *keyring, char *text, struct model_chain *ret_chain,
                      struct buffer *error)
{
    char *equals = strchr(text, '='), *rest = equals ? equals + 1 : NULL, *name;
    size_t count = 0;
    if (!equals) {
        buffer_append_format(error, "expected MODEL=MODEL[,MODEL...], found \"%s\"", text);
        return -EINVAL;
    }
    *equals = '\0';
    const char *fault = fault_of_name(text);
    *ret_chain = (struct model_chain){0};
    ret_chain->pattern = secret_store_add(keyring->store, text, strlen(text));
    while (!fault && (name = strsep(&rest, ","))) {
        fault =
            count == MODELMAP_CHAIN ? "a chain has at most 5 models" : fault_of_target(text, name);
        if (!fault &&
            !(ret_chain->next[count++] = secret_store_add(keyring->store, name, strlen(name))))
            return -ENOMEM;
    }
    if (fault)
        buffer_append_text(error, fault);
    return fault ? -EINVAL : ret_chain->pattern ? 0 : -ENOMEM;
}

int modelmap_parse(struct keyring *keyring, const char *text, struct buffer *error)
{
    struct model_chain *chains = calloc(keyring->chain_count + MODELMAP_RULES, sizeof *chains);
    char *copy = strdup(text), *rest = copy, *rule;
    size_t count = 0;
    int r = chains && copy ? 0 : -ENOMEM;
    while (r == 0 && (rule = strsep(&rest, ";"))) {
        if (count == MODELMAP_RULES - 1) {
            buffer_append_text(error, "too many rules");
            r = -EINVAL;
        } else {
            r = parse_rule(keyring, rule, &chains[count++], error);
        }
    }
    if (r == 0 && find_loop(chains, count)) {
        buffer_append_format(error, "\"%s\" leads back to itself", find_loop(chains, count));
        r = -EINVAL;
    }
    free(copy);
    if (r < 0) {
        free(chains);
        return r;
    }
    if (keyring->chain_count > 0)
        memcpy(chains + count, keyring->chains, keyring->chain_count * sizeof *chains);
    free(keyring->chains);
    keyring->chains = chains;
    keyring->chain_count += count;
    return 0;
}
