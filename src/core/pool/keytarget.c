#include "core/pool/keytarget.h"

#include "core/pool/address.h"

#include <stdlib.h>
#include <string.h>

static const char *fault_of_variable(const char *name)
{
    struct kind kind;
    if (!kind_from_variable(name, &kind))
        return "is not a variable name";
    if (strncmp(name, "TCR_", 4) == 0)
        return "is tcr-run's own; a command never gets it";
    if (kind_owns_variable(name))
        return "is set by tcr-run itself, from the key's secret and its \"base_url\"";
    return NULL;
}

static bool check_variable(struct reader *reader, const char *place, const cJSON *item)
{
    const char *fault = fault_of_variable(item->string);
    if (fault)
        fields_mistake(reader, place, "env", "\"%s\" %s", item->string, fault);
    else if (!cJSON_IsString(item))
        fields_mistake(reader, place, "env", "%s: expected a string, found %s", item->string,
                       json_type_name(item));
    else
        return true;
    return false;
}

void keytarget_read_env(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    struct key *key = target;
    size_t count = 0;
    if (!cJSON_IsObject(item)) {
        fields_wrong_type(reader, place, item, "an object such as {\"ANTHROPIC_MODEL\": \"...\"}");
        return;
    }
    struct key_variable *variables =
        calloc((size_t)cJSON_GetArraySize(item) + 1, sizeof *variables);
    if (!variables) {
        reader->out_of_memory = true;
        return;
    }
    const cJSON *variable;
    cJSON_ArrayForEach (variable, item) {
        if (!check_variable(reader, place, variable))
            continue;
        if (json_get(item, variable->string) != variable)
            fields_mistake(reader, place, "env", "%s found twice, expected once", variable->string);
        variables[count++] = (struct key_variable){fields_keep(reader, variable->string),
                                                   fields_keep(reader, variable->valuestring)};
    }
    free((void *)key->variables);
    key->variables = variables;
}

void keytarget_read_plain_http(struct reader *reader, const char *place, const cJSON *item,
                               void *target)
{
    (void)target;
    if (!cJSON_IsBool(item))
        fields_wrong_type(reader, place, item, "true or false");
}

static bool has_version_path(const char *address)
{
    size_t length = strlen(address);
    return length > 3 && strcmp(address + length - 3, "/v1") == 0;
}

/* The kind of a key whose command has yet to tell its token is one of Anthropic's. */
static bool is_anthropic(const struct key *key)
{
    return !key->kind_known || kind_is_anthropic(&key->kind);
}

static void take_address(struct reader *reader, const char *text, bool plain_http, struct key *key)
{
    char address[ADDRESS_TEXT];
    struct buffer fault = {0};
    if (address_parse(text, plain_http, address, &fault) < 0) {
        fields_mistake(reader, key->place, "base_url", "%s%s; expected an address such as %s",
                       buffer_text(&fault),
                       strstr(buffer_text(&fault), "unencrypted")
                           ? "; use https://, or say \"plain_http\": true beside it"
                           : "",
                       is_anthropic(key) ? "\"https://proxy.example/anthropic\""
                                         : "\"https://proxy.example/v1\"");
        buffer_finish(&fault);
        return;
    }
    if (is_anthropic(key) && has_version_path(address))
        fields_oddity(reader, key->place, "base_url",
                      "ends in /v1, which Claude Code adds by itself");
    struct kind kind = key->kind_known ? key->kind : kind_make(KIND_OAUTH);
    key->at_provider = strcmp(address, kind_base(&kind)) == 0;
    key->base_url = key->at_provider ? NULL : fields_keep(reader, address);
}

void keytarget_read_address(struct reader *reader, const cJSON *object, struct key *key)
{
    const cJSON *item = json_get(object, "base_url");
    if (!item)
        return;
    if (!cJSON_IsString(item))
        fields_wrong_type(reader, key->place, item, "an address such as \"https://proxy.example\"");
    else if (key->kind_known && !kind_base_variable(&key->kind))
        fields_mistake(reader, key->place, "base_url",
                       "no variable is known for the address of this kind; set it with \"env\"");
    else
        take_address(reader, item->valuestring, cJSON_IsTrue(json_get(object, "plain_http")), key);
}
