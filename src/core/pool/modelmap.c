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

static const struct model_chain *chain_of(const struct model_chain *chains, size_t count,
                                          const char *model)
{
    for (size_t i = 0; i < count; i++)
        if (modelmap_matches(chains[i].pattern, model))
            return &chains[i];
    return NULL;
}

/* True if the first `count` names that a rule leads to, or `asked`, are this model. */
static bool was_tried(const struct model_chain *chain, size_t count, const char *asked,
                      const char *model)
{
    char name[MODELMAP_NAME];
    for (size_t i = 0; i < count; i++)
        if (resolve(chain->pattern, chain->next[i], asked, name) && strcmp(name, model) == 0)
            return true;
    return strcmp(asked, model) == 0;
}

bool modelmap_next(const struct keyring *keyring, const char *asked, size_t step,
                   char ret_model[MODELMAP_NAME])
{
    const struct model_chain *chain = chain_of(keyring->chains, keyring->chain_count, asked);
    char name[MODELMAP_NAME];
    for (size_t i = 0; chain && chain->next[i]; i++) {
        if (!resolve(chain->pattern, chain->next[i], asked, name) ||
            was_tried(chain, i, asked, name) || step-- > 0)
            continue;
        memcpy(ret_model, name, sizeof name);
        return true;
    }
    return false;
}

const char *modelmap_fault_of_name(const char *name)
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

const char *modelmap_fault_of_target(const char *pattern, const char *target)
{
    if (strchr(target, '*') && !has_one_star(pattern))
        return "a name with '*' needs a pattern with one '*' before it";
    return modelmap_fault_of_name(target);
}

/* ---- loops ---- */

/* Chains that a rule leads to: those of its names, where a '*' is a letter like any other. A name
 * that the rule itself fits stays in its own chain. */
static bool reaches(const struct model_chain *chains, size_t count, size_t from, size_t to,
                    bool *seen)
{
    for (const char *const *next = chains[from].next; *next; next++) {
        const struct model_chain *chain = chain_of(chains, count, *next);
        size_t at = chain ? (size_t)(chain - chains) : from;
        if (at == from || seen[at])
            continue;
        seen[at] = true;
        if (at == to || reaches(chains, count, at, to, seen))
            return true;
    }
    return false;
}

static bool names_itself(const struct model_chain *chain)
{
    for (size_t i = 0; chain->next[i]; i++)
        if (strcmp(chain->next[i], chain->pattern) == 0)
            return true;
    return false;
}

const char *modelmap_find_loop(const struct model_chain *chains, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool seen[MODELMAP_RULES] = {false};
        if (names_itself(&chains[i]) || reaches(chains, count, i, i, seen))
            return chains[i].pattern;
    }
    return NULL;
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
    const char *fault = modelmap_fault_of_name(text);
    *ret_chain = (struct model_chain){0};
    ret_chain->pattern = secret_store_add(keyring->store, text, strlen(text));
    while (!fault && (name = strsep(&rest, ","))) {
        fault = count == MODELMAP_CHAIN ? "a chain has at most 5 models"
                                        : modelmap_fault_of_target(text, name);
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
    if (r == 0 && modelmap_find_loop(chains, count)) {
        buffer_append_format(error, "\"%s\" leads back to itself",
                             modelmap_find_loop(chains, count));
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

int modelmap_apply(struct keyring *keyring, const char *rules, bool none, struct buffer *error)
{
    int r = rules && !none ? modelmap_parse(keyring, rules, error) : 0;
    if (none)
        keyring->chain_count = 0;
    if (r == -EINVAL) {
        struct buffer whole = {0};
        buffer_append_format(&whole, "--model-fallback: %s", buffer_text(error));
        buffer_clear(error);
        buffer_append_text(error, buffer_text(&whole));
        buffer_finish(&whole);
    }
    return r;
}

bool modelmap_next_alias(const struct keyring *keyring, const char *asked, size_t step,
                         char ret_model[MODELMAP_NAME])
{
    char name[MODELMAP_NAME];
    if (modelmap_next(keyring, asked, step, ret_model))
        return true;
    if (strchr(asked, '-') || snprintf(name, sizeof name, "claude-%s-", asked) >= MODELMAP_NAME ||
        !modelmap_next(keyring, name, step, ret_model))
        return false;
    size_t length = strlen(ret_model), before = strlen("claude-");
    if (strncmp(ret_model, "claude-", before) == 0 && ret_model[length - 1] == '-') {
        ret_model[length - 1] = '\0';
        memmove(ret_model, ret_model + before, length - before);
    }
    return true;
}
