#include "core/translate/modellist.h"

#include "base/jsontext.h"
#include "core/translate/raw.h"

static void append_model(struct buffer *out, struct part model)
{
    buffer_append_char(out, '{');
    raw_add(out, "id", raw_member(model, "id"));
    buffer_append_text(out, ",\"object\":\"model\",\"created\":0,\"owned_by\":\"anthropic\"}");
}

bool modellist_to_openai(const char *body, size_t length, struct buffer *out)
{
    struct part whole = {body, length}, data = raw_member(whole, "data"), model;
    struct raw_items items = raw_items(data);
    if (raw_has_text(raw_member(whole, "id"))) {
        append_model(out, whole);
        return !out->failed;
    }
    if (!raw_is(data, '['))
        return false;
    buffer_append_text(out, "{\"object\":\"list\",\"data\":[");
    while (raw_next(&items, &model)) {
        if (!raw_has_text(raw_member(model, "id")))
            continue;
        jsontext_comma(out);
        append_model(out, model);
    }
    buffer_append_text(out, "]}");
    return !out->failed;
}
