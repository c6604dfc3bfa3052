#include "core/evidence/transcript.h"

#include "base/json.h"
#include "core/evidence/typed.h"

#include <string.h>

static const char *first_text(const cJSON *message)
{
    const cJSON *block;
    cJSON_ArrayForEach (block, json_get(message, "content"))
        if (json_string(block, "text"))
            return json_string(block, "text");
    return NULL;
}

/* Rows that the client puts in on resume: said by nobody. */
static bool is_filler(const cJSON *message)
{
    const char *model = json_string(message, "model");
    return model && strcmp(model, "<synthetic>") == 0;
}

static void read_error(struct transcript *transcript, const cJSON *row)
{
    transcript->last_was_error = true;
    transcript->last = (struct finding){0};
    int r =
        typed_read(row, first_text(json_get(row, "message")), &transcript->time, &transcript->last);
    if (r > 0)
        transcript->last.source = SOURCE_TRANSCRIPT;
    transcript->unread |= r < 0;
}

void transcript_read_row(struct transcript *transcript, const char *row, size_t length)
{
    static const char assistant[] = "\"assistant\"";
    transcript->any_row = true;
    if (!memmem(row, length, assistant, sizeof assistant - 1))
        return;
    CLEANUP_JSON cJSON *json = json_parse(row, length, NULL);
    transcript->unread |= json_ran_out_of_memory();
    const char *type = json_string(json, "type");
    const char *stamp = json_string(json, "timestamp");
    if (!type || strcmp(type, "assistant") != 0 || json_is_true(json, "isSidechain") ||
        (stamp && strcmp(stamp, transcript->since) < 0))
        return;
    if (json_is_true(json, "isApiErrorMessage")) {
        read_error(transcript, json);
    } else if (!is_filler(json_get(json, "message"))) {
        transcript->work_begun = true;
        transcript->last_was_error = false;
        transcript->last = (struct finding){0};
    }
}
