#include "core/pool/failure.h"

#include "base/nearest.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int64_t cooldown;
    const char *phrase;
} classes[CLASS_COUNT] = {
    [CLASS_NONE] = {"none", 0, "failed for a reason of the command's own"},
    [CLASS_LIMIT] = {"limit", 300, "reached its usage limit"},
    [CLASS_THROTTLED] = {"throttled", 60, "is being rate limited (429)"},
    [CLASS_AUTH] = {"auth", 3600, "was refused (not authenticated)"},
    [CLASS_FORBIDDEN] = {"forbidden", 3600, "is not allowed to do this (403)"},
    [CLASS_BILLING] = {"billing", 3600, "has no credit left"},
    [CLASS_SERVER] = {"server", 15, "ran into trouble on the provider's side"},
    [CLASS_NETWORK] = {"network", 15, "could not reach the provider"},
};

const char *failure_class_name(enum failure_class class)
{
    return classes[class].name;
}

const char *failure_phrase(enum failure_class class)
{
    return classes[class].phrase;
}

const char *failure_scope_name(enum failure_scope scope)
{
    static const char *const names[] = {"key", "model", "organization"};
    return names[scope];
}

const char *failure_source_name(enum failure_source source)
{
    static const char *const names[] = {
        "nothing",        "exit status", "a line of output", "a marker", "the session transcript",
        "an error result"};
    return names[source];
}

enum failure_class failure_class_parse(const char *name, size_t length)
{
    int i = 0;
    while (i < CLASS_COUNT &&
           (strlen(classes[i].name) != length || memcmp(classes[i].name, name, length) != 0))
        i++;
    return (enum failure_class)i;
}

void failure_append_unknown(const char *name, size_t length, struct buffer *text)
{
    struct nearest nearest = nearest_begin(name, length);
    buffer_append_format(text, "unknown class \"%.*s\"; ", (int)length, name);
    for (int i = CLASS_NONE + 1; i < CLASS_COUNT; i++)
        nearest_consider(&nearest, classes[i].name);
    if (nearest_append(&nearest, text))
        return;
    buffer_append_text(text, "the classes are ");
    for (int i = CLASS_NONE + 1; i < CLASS_COUNT; i++)
        buffer_append_format(text, "%s%s", i > 1 ? ", " : "", classes[i].name);
}

int64_t failure_default_cooldown(enum failure_class class)
{
    return classes[class].cooldown;
}

bool failure_is_transient(enum failure_class class)
{
    return class == CLASS_SERVER || class == CLASS_NETWORK;
}

void finding_name_model(struct finding *finding, const char *model)
{
    if (finding->scope != SCOPE_MODEL || *finding->model)
        return;
    bool is_long = strcasestr(finding->line, "long context") != NULL;
    size_t length = model ? strcspn(model, is_long ? "" : "[") : 0;
    if (length == 0)
        snprintf(finding->model, sizeof finding->model, FINDING_DEFAULT_MODEL);
    else
        snprintf(finding->model, sizeof finding->model, "%.*s", (int)length, model);
}
