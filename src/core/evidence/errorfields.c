#include "core/evidence/errorfields.h"

#include "core/evidence/window.h"

#include <stdio.h>
#include <string.h>

/* A member that streams write in one way and transcripts in another. */
static const cJSON *get(const cJSON *row, const char *name, const char *other)
{
    const cJSON *value = json_get(row, name);
    return value ? value : json_get(row, other);
}

static const char *get_text(const cJSON *row, const char *name, const char *other)
{
    const cJSON *value = get(row, name, other);
    return cJSON_IsString(value) ? value->valuestring : NULL;
}

const char *errorfields_first_text(const cJSON *message)
{
    const cJSON *block;
    cJSON_ArrayForEach (block, json_get(message, "content"))
        if (json_string(block, "text"))
            return json_string(block, "text");
    return NULL;
}

bool errorfields_is_error(const cJSON *row)
{
    const char *error = json_string(row, "error");
    return cJSON_IsTrue(get(row, "is_api_error_message", "isApiErrorMessage")) ||
           json_is_true(row, "is_error") || (error && *error) ||
           get_text(row, "api_error", "apiError");
}

bool errorfields_read_window(const cJSON *info, struct finding *ret_window)
{
    const char *status = json_string(info, "status"), *type = json_string(info, "rateLimitType");
    struct finding window = {.class = CLASS_LIMIT, .source = SOURCE_RESULT};
    if (!status || strcmp(status, "rejected") != 0 || json_is_true(info, "isUsingOverage"))
        return false;
    (void)json_integer(info, "resetsAt", &window.until);
    if (type)
        window_apply(type, &window);
    /* Without a window it is the provider's own throttle, which the message will name. */
    if (!type && !window.until)
        return false;
    *ret_window = window;
    return true;
}

void errorfields_apply_window(const struct finding *window, struct finding *finding)
{
    if (finding->class != CLASS_LIMIT && finding->class != CLASS_THROTTLED)
        return;
    struct finding exact = *window;
    /* Of a window that has no name here the sentence may still say which one it is. */
    if (!*window->what && finding->class == CLASS_LIMIT)
        exact = *finding;
    /* A refusal of the model in use stays that, whichever window it came with. */
    if (finding->scope == SCOPE_MODEL && !*finding->model && exact.scope == SCOPE_KEY)
        exact.scope = SCOPE_MODEL;
    exact.class = CLASS_LIMIT;
    exact.source = finding->source;
    exact.provider = finding->provider;
    exact.until = window->until ? window->until : finding->until;
    memcpy(exact.line, finding->line, sizeof exact.line);
    *finding = exact;
}

int errorfields_read(const cJSON *row, const char *text, const struct reading_time *time,
                     struct finding *ret_finding)
{
    struct refusal refusal = {.text = text,
                              .api_error = get_text(row, "api_error", "apiError"),
                              .type = get_text(row, "api_error_type", "apiErrorType"),
                              .error = json_string(row, "error")};
    const cJSON *status = get(row, "api_error_status", "apiErrorStatus");
    struct finding window;
    if (cJSON_IsNumber(status) && status->valuedouble > 0 && status->valuedouble < 1000)
        refusal.status = (int)status->valuedouble;
    int r = message_classify_refusal(&refusal, time, ret_finding);
    const cJSON *params = get(row, "api_error_params", "apiErrorParams");
    if (r > 0 && errorfields_read_window(get(params, "rate_limit_info", "rateLimitInfo"), &window))
        errorfields_apply_window(&window, ret_finding);
    return r;
}
