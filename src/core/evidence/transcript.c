#include "core/evidence/transcript.h"

#include "base/json.h"
#include "core/evidence/errorfields.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Rows that the client inserts when it resumes: nobody's words. */
static bool is_filler(const cJSON *message)
{
    const char *model = json_string(message, "model");
    return model && strcmp(model, "<synthetic>") == 0;
}

static void read_error(struct transcript *transcript, const cJSON *row)
{
    transcript->last_was_error = true;
    *transcript->answer = '\0';
    transcript->last = (struct finding){0};
    int r = errorfields_read(row, errorfields_first_text(json_get(row, "message")),
                             &transcript->time, &transcript->last);
    if (r > 0)
        transcript->last.source = SOURCE_TRANSCRIPT;
    if (r > 0 && transcript->last.class == CLASS_LIMIT)
        transcript->limit = transcript->last;
    transcript->unread |= r < 0;
}

void transcript_read_row(struct transcript *transcript, const char *row, size_t length)
{
    static const char assistant[] = "\"assistant\"";
    transcript->any_row = true;
    if (!memmem(row, length, assistant, sizeof assistant - 1))
        return;
    CLEANUP_JSON cJSON *json = NULL;
    transcript->unread |= json_read(row, length, &json, NULL) == -ENOMEM;
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
        const char *text = errorfields_first_text(json_get(json, "message"));
        snprintf(transcript->answer, sizeof transcript->answer, "%s", text ? text : "");
    }
}

enum last_word transcript_last_word(const struct transcript *transcript, const char *text,
                                    size_t length)
{
    const char *answer = transcript->answer + strspn(transcript->answer, " \r\n");
    size_t known = strlen(answer);
    if (transcript->last_was_error)
        return LAST_WORD_FAILURE;
    for (; length > 0 && strchr(" \r\n", *text); text++)
        length--;
    while (known > 0 && strchr(" \r\n", answer[known - 1]))
        known--;
    /* Of a text of which only the beginning was read yet that has to be the answer's. */
    size_t both = length < known ? length : known;
    while (both > 0 && strchr(" \r\n", text[both - 1]) && both == length)
        both--, length--;
    return both > 0 && memcmp(text, answer, both) == 0 ? LAST_WORD_ANSWER : LAST_WORD_UNKNOWN;
}
