#include "core/translate/fault.h"

#include "base/jsontext.h"
#include "core/translate/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One row for each kind: what each format calls it, and the status it has there. */
static const struct {
    const char *type; /* Anthropic's */
    int status;
    const char *openai_type, *code;
    int openai_status;
} kinds[] = {
    {"invalid_request_error", 400, "invalid_request_error", NULL, 400},
    {"authentication_error", 401, "invalid_request_error", "invalid_api_key", 401},
    {"billing_error", 402, "insufficient_quota", "insufficient_quota", 429},
    {"permission_error", 403, "invalid_request_error", "insufficient_permissions", 403},
    {"not_found_error", 404, "invalid_request_error", "model_not_found", 404},
    {"request_too_large", 413, "invalid_request_error", "request_too_large", 413},
    {"rate_limit_error", 429, "rate_limit_error", "rate_limit_exceeded", 429},
    {"api_error", 500, "server_error", "server_error", 500},
    {"timeout_error", 504, "server_error", "timeout", 504},
    {"overloaded_error", 529, "server_error", "overloaded", 503},
};

/* What OpenAI's type or code says beyond the status. */
static const struct {
    const char *name, *type;
} names[] = {
    {"insufficient_quota", "billing_error"},
    {"billing_hard_limit_reached", "billing_error"},
    {"invalid_api_key", "authentication_error"},
    {"model_not_found", "not_found_error"},
    {"rate_limit_exceeded", "rate_limit_error"},
    {"tokens", "rate_limit_error"},
    {"requests", "rate_limit_error"},
    {"context_length_exceeded", "invalid_request_error"},
    {"server_error", "api_error"},
    {"server_overloaded", "overloaded_error"},
    {"overloaded", "overloaded_error"},
};

static const char *type_of_name(struct part name)
{
    for (size_t i = 0; i < COUNT(names); i++)
        if (raw_equals(name, names[i].name))
            return names[i].type;
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (raw_equals(name, kinds[i].type))
            return kinds[i].type;
    return NULL;
}

static const char *type_of_status(int status)
{
    if (status == 503)
        return "overloaded_error";
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (kinds[i].status == status)
            return kinds[i].type;
    return status >= 400 && status < 500 ? "invalid_request_error" : "api_error";
}

static size_t kind_of(const char *type)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strcmp(kinds[i].type, type) == 0)
            return i;
    return 7;
}

/* Some say so in their sentence alone. */
static bool is_overlong(struct part code, const char *text)
{
    return raw_equals(code, "context_length_exceeded") ||
           strstr(text, "maximum context length") != NULL ||
           strstr(text, "exceeds the context window") != NULL;
}

void fault_read(struct part body, int status, char ret_type[FAULT_TYPE], char *ret_text,
                size_t size)
{
    struct part error = raw_member(body, "error");
    struct part from = raw_is(error, '{') ? error : body;
    struct part code = raw_member(from, "code"), message = raw_member(from, "message");
    const char *type = type_of_name(code);
    if (!type && !(type = type_of_name(raw_member(from, "type"))))
        type = type_of_status(status);
    if (raw_equals(raw_member(from, "type"), "invalid_request_error") && status > 400 &&
        !type_of_name(code))
        type = type_of_status(status);
    part_text(raw_is(error, '"') ? &error : &message, ret_text, size);
    if (!*ret_text && status > 0)
        snprintf(ret_text, size, "the provider answered with status %d and no reason", status);
    else if (!*ret_text)
        snprintf(ret_text, size, "the provider's answer cannot be read");
    if (is_overlong(code, ret_text)) {
        char told[TRANSLATION_TEXT];
        snprintf(told, sizeof told, "prompt is too long: %.*s", TRANSLATION_TEXT - 32, ret_text);
        snprintf(ret_text, size, "%s", told);
        type = "invalid_request_error";
    }
    snprintf(ret_type, FAULT_TYPE, "%s", type);
}

void fault_append(struct buffer *out, enum format format, const char *type, const char *message,
                  const char *code)
{
    size_t kind = kind_of(type);
    if (format == FORMAT_MESSAGES) {
        buffer_append_text(out, "{\"type\":\"error\",\"error\":{");
        jsontext_add_string(out, "type", type);
        jsontext_add_string(out, "message", message);
        buffer_append_text(out, "}}");
        return;
    }
    if (!code)
        code = strncmp(message, "prompt is too long", 18) == 0 ? "context_length_exceeded"
                                                               : kinds[kind].code;
    buffer_append_text(out, "{\"error\":{");
    jsontext_add_string(out, "message", message);
    jsontext_add_string(out, "type", kinds[kind].openai_type);
    buffer_append_text(out, ",\"param\":null,\"code\":");
    if (code)
        jsontext_string(out, code);
    else
        buffer_append_text(out, "null");
    buffer_append_text(out, "}}");
}

int fault_translate(const struct translation *translation, int status, const char *body,
                    size_t length, struct buffer *out)
{
    char type[FAULT_TYPE], text[2 * TRANSLATION_TEXT];
    fault_read((struct part){body, length}, status, type, text, sizeof text);
    size_t kind = kind_of(type);
    fault_append(out, translation->client, type, text, NULL);
    return translation->client == FORMAT_MESSAGES ? kinds[kind].status : kinds[kind].openai_status;
}
