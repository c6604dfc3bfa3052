#include "gateway/refusal.h"

#include "base/jsontext.h"
#include "gateway/exchange.h"
#include "gateway/front.h"

#include <stdio.h>

static const struct {
    int status;
    const char *type;
} types[] = {
    {400, "invalid_request_error"}, {401, "authentication_error"},
    {403, "permission_error"},      {404, "not_found_error"},
    {405, "invalid_request_error"}, {409, "invalid_request_error"},
    {413, "request_too_large"},     {421, "invalid_request_error"},
    {429, "rate_limit_error"},      {502, "api_error"},
    {503, "overloaded_error"},      {504, "timeout_error"},
    {529, "overloaded_error"},
};

const char *refusal_type(int status)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].status == status)
            return types[i].type;
    return "api_error";
}

/* Whoever reads this in a client has to know that it does not come from the provider. */
static void append_sentence(struct buffer *body, const char *sentence)
{
    struct buffer whole = {0};
    buffer_append_format(&whole, "tcr-run: %s", sentence);
    jsontext_string(body, buffer_text(&whole));
    body->failed |= whole.failed;
    buffer_finish(&whole);
}

void refusal_append_body(struct buffer *body, enum provider provider, int status,
                         const char *sentence)
{
    const char *type = refusal_type(status);
    if (provider == PROVIDER_OPENAI) {
        buffer_append_text(body, "{\"error\":{\"message\":");
        append_sentence(body, sentence);
        buffer_append_format(body, ",\"type\":\"%s\",\"param\":null,\"code\":null}}", type);
        return;
    }
    buffer_append_format(body, "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":", type);
    append_sentence(body, sentence);
    buffer_append_text(body, "}}");
}

void refusal_append_event(struct buffer *event, int status, const char *sentence)
{
    buffer_append_format(event,
                         "{\"type\":\"error\",\"sequence_number\":0,\"code\":\"%s\",\"message\":",
                         refusal_type(status));
    append_sentence(event, sentence);
    buffer_append_text(event, ",\"param\":null}");
}

bool refusal_set(struct exchange *exchange, int status, const char *sentence, const char *more)
{
    struct buffer body = {0}, head = {0};
    refusal_append_body(&body, exchange->route.provider, status, sentence);
    buffer_append_text(&head, "content-type: application/json\n");
    buffer_append_text(&head, more);
    bool fine = !body.failed && !head.failed &&
                front_set_whole_answer(exchange, status, buffer_text(&head), buffer_text(&body),
                                       body.length);
    buffer_finish(&body);
    buffer_finish(&head);
    return fine;
}

bool refusal_set_greeting(struct exchange *exchange)
{
    static const char text[] = "{\"gateway\":\"tcr-run\"}";
    return front_set_whole_answer(exchange, 200, "content-type: application/json\n", text,
                                  sizeof text - 1);
}
