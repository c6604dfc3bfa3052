#include "fuzz.h"

#include "core/evidence/message.h"
#include "core/evidence/window.h"

#include <stdlib.h>
#include <string.h>

/* Beyond this every prefix of a line would be too many. */
#define PREFIXES_MOST 512

static bool ends(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static void check_finding(const struct finding *finding)
{
    EXPECT(finding->class > CLASS_NONE && finding->class < CLASS_COUNT);
    EXPECT(finding->scope <= SCOPE_ORGANIZATION);
    EXPECT(ends(finding->model, sizeof finding->model));
    EXPECT(ends(finding->what, sizeof finding->what));
    EXPECT(ends(finding->line, sizeof finding->line));
    EXPECT((finding->scope == SCOPE_MODEL) == (finding->model[0] != '\0'));
    for (const char *p = finding->line; *p; p++)
        EXPECT((unsigned char)*p >= ' ' && *p != 0x7f);
}

/* A line that is a message is one from its first byte on, and with its end: else a split read would
 * hide it. */
static void check_prefixes(const char *line, size_t length)
{
    if (length > 0 && memchr(line, '\n', length))
        return;
    for (size_t i = 0; i <= length && i <= PREFIXES_MOST; i++) {
        char *part = fuzz_copy(line, i);
        EXPECT(message_may_start(part, i));
        free(part);
    }
    struct buffer ended = {0};
    buffer_append(&ended, line, length);
    buffer_append_char(&ended, '\n');
    EXPECT(message_may_start(ended.data, ended.length));
    buffer_finish(&ended);
}

static void classify(const char *line, size_t length, const struct reading_time *time)
{
    struct finding finding = {.class = CLASS_COUNT};
    bool chained = false;
    if (message_classify(line, length, time, &finding)) {
        check_finding(&finding);
        check_prefixes(line, length);
    } else {
        EXPECT(finding.class == CLASS_COUNT);
    }
    (void)message_is_other_error(line, length, &chained);
}

/* The first two bytes are a status and an error's name for the structured form. */
static void classify_structured(const uint8_t *data, size_t size, const struct reading_time *time)
{
    static const char *const errors[] = {NULL, "rate_limit", "authentication_failed",
                                         "billing_error", "?"};
    static const int statuses[] = {0, 400, 401, 402, 403, 404, 429, 500, 529, 599, 600, -1};
    struct input input = {data, size};
    struct finding finding = {.class = CLASS_COUNT};
    int status = statuses[input_byte(&input) % COUNT(statuses)];
    const char *error = errors[input_byte(&input) % COUNT(errors)];
    char *text = input_text(&input);
    if (message_classify_structured(status, error, *text ? text : NULL, time, &finding))
        check_finding(&finding);
    else
        EXPECT(finding.class == CLASS_COUNT);
    finding = (struct finding){0};
    window_apply(text, &finding);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct reading_time time = {FUZZ_NOW, &fuzz_zones};
    char *line = fuzz_copy((const char *)data, size);
    classify(line, size, &time);
    free(line);
    classify_structured(data, size, &time);
    return 0;
}
