#include "fuzz.h"

#include "core/evidence/message.h"
#include "core/evidence/trigger.h"
#include "core/evidence/window.h"

#include <stdlib.h>
#include <string.h>

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
    EXPECT(finding->scope == SCOPE_MODEL || finding->model[0] == '\0');
    for (const char *p = finding->line; *p; p++)
        EXPECT((unsigned char)*p >= ' ' && *p != 0x7f);
}

/* Output is only looked at where one of the triggers stands: no message may be without. */
static void check_trigger(const char *line, size_t length)
{
    static struct trigger trigger;
    EXPECT(trigger_find(&trigger, line, length) < length);
    EXPECT(trigger_stands_in(line, length));
}

static void classify(const char *line, size_t length, const struct reading_time *time)
{
    struct finding finding = {.class = CLASS_COUNT};
    bool chained = false;
    if (message_classify(line, length, time, &finding) > 0) {
        check_finding(&finding);
        check_trigger(line, length);
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
    if (message_classify_structured(status, error, *text ? text : NULL, time, &finding) > 0)
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
