/* Two bytes say whose settings and what for, the rest are settings files divided by NUL. */
#include "fuzz.h"

#include "base/json.h"
#include "core/client/claude_settings.h"
#include "core/client/environment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SOURCES_MOST 4
#define DESCRIPTOR   11

/* With the first source the user's own --settings, or not. */
static size_t take_sources(const struct words *words, struct settings_source *sources,
                           uint8_t managed)
{
    size_t count = words->count < SOURCES_MOST ? words->count : SOURCES_MOST;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(words->list[i]);
        bool is_managed = (managed >> i & 1) && i > 0;
        sources[i] = (struct settings_source){.path = "a file",
                                              .text = fuzz_copy(words->list[i], length),
                                              .length = length,
                                              .managed = is_managed,
                                              .project = !is_managed && i % 2 == 1};
    }
    return count;
}

static bool may_stand(const struct shield_request *request, const char *name)
{
    return strcmp(name, request->kind->variable) == 0 &&
           (request->bare || request->via == VIA_ENV || !kind_descriptor_variable(request->kind));
}

static bool is_harmless(const struct shield_request *request, const char *value)
{
    return value && (!*value || strcmp(value, "11") == 0 ||
                     (request->base_url && strcmp(value, request->base_url) == 0));
}

static bool shadows(const char *name)
{
    return strcmp(name, "ANTHROPIC_BASE_URL") == 0 || environment_is_scrubbed(name, strlen(name));
}

/* Of members of one name the client takes the last, so every one counts. */
static void check_env(const struct shield_request *request, const cJSON *theirs, const cJSON *ours)
{
    const cJSON *item;
    if (!cJSON_IsObject(theirs))
        return;
    cJSON_ArrayForEach (item, theirs) {
        if (!shadows(item->string) || may_stand(request, item->string))
            continue;
        EXPECT(is_harmless(request, json_string(json_get(ours, "env"), item->string)));
    }
}

static void check_source(const struct shield_request *request, const struct settings_source *source,
                         const cJSON *ours)
{
    CLEANUP_JSON cJSON *theirs = json_parse(source->text, source->length, NULL);
    const cJSON *item;
    if (source->managed || !cJSON_IsObject(theirs))
        return;
    cJSON_ArrayForEach (item, theirs) {
        const char *text = cJSON_GetStringValue(item);
        if (strcmp(item->string, "env") == 0)
            check_env(request, item, ours);
        else if (strcmp(item->string, "apiKeyHelper") == 0 && text && *text)
            EXPECT(strcmp(json_string(ours, "apiKeyHelper"), "") == 0);
        else if (source == request->own)
            EXPECT(!ours || json_get(ours, item->string));
    }
}

static void check_lines(const struct buffer *lines)
{
    const char *text = buffer_text(lines);
    EXPECT(lines->length == 0 || text[lines->length - 1] == '\n');
}

static void check(const struct shield_request *request, const struct shield *shield)
{
    const char *text = shield->settings ? shield->settings : "";
    CLEANUP_JSON cJSON *ours = json_parse(text, strlen(text), NULL);
    EXPECT(!shield->settings || cJSON_IsObject(ours));
    EXPECT(!shield->settings || shield->shadows.length > 0);
    check_lines(&shield->shadows);
    check_lines(&shield->managed);
    for (size_t i = 0; i < request->source_count; i++)
        check_source(request, &request->sources[i], ours);
    if (request->own)
        check_source(request, request->own, ours);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    uint8_t how = input_byte(&input), managed = input_byte(&input);
    struct words words = input_words(&input, '\0');
    struct settings_source sources[SOURCES_MOST];
    size_t count = take_sources(&words, sources, managed);
    const struct kind kind = kind_make((enum kind_id)(how % (KIND_CONFIG_DIR + 1)));
    const bool has_own = how & 0x08;
    struct shield_request request = {.sources = sources + has_own,
                                     .source_count = count - has_own,
                                     .own = has_own ? sources : NULL,
                                     .kind = &kind,
                                     .via = (enum via)((how >> 4) % 3),
                                     .bare = how & 0x40,
                                     .base_url = how & 0x80 ? "http://localhost:1" : NULL,
                                     .descriptor = DESCRIPTOR};
    struct shield shield = {0};
    struct buffer error = {0};
    int r = shield_build(&request, &shield, &error);
    EXPECT(r == 0 || (r == -EINVAL && has_own && error.length > 0));
    if (r == 0)
        check(&request, &shield);
    shield_finish(&shield);
    buffer_finish(&error);
    for (size_t i = 0; i < count; i++)
        free((char *)sources[i].text);
    words_finish(&words);
    return 0;
}
