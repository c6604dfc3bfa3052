/* A command line, its words divided by line ends. */
#include "fuzz.h"

#include "core/client/options.h"

#include <errno.h>
#include <string.h>

/* What the C library makes of a person's own expression is not what is tested here: some take
 * gigabytes to compile. */
static bool is_too_costly(const char *word)
{
    size_t costly = 0;
    for (; *word; word++)
        costly += strchr("{(*+?|", *word) != NULL;
    return costly > 8;
}

static bool is_borrowed(const struct words *words, const char *text)
{
    for (size_t i = 0; text && i < words->count; i++)
        if (text >= words->list[i] && text <= words->list[i] + strlen(words->list[i]))
            return true;
    return !text;
}

static void check_options(const struct options *options, const struct words *words)
{
    struct policy policy = policy_default();
    struct buffer error = {0};
    EXPECT(options_apply_policy(options, &policy, &error) == 0 && error.length == 0);
    EXPECT(policy.retries >= 0 && policy.retries <= POLICY_MAX_RETRIES);
    EXPECT(options->help || options->version || (options->command && *options->command));
    EXPECT(!options->command ||
           (options->command > words->list && options->command < words->list + words->count));
    EXPECT(is_borrowed(words, options->keys_file) && is_borrowed(words, options->key));
    EXPECT(is_borrowed(words, options->profile) && is_borrowed(words, options->client));
    for (size_t i = 0; i < options->keep.count; i++)
        EXPECT(is_borrowed(words, options->keep.names[i]));
    for (size_t i = 0; i < options->taught.marker_count; i++)
        EXPECT(options->taught.markers[i].class < CLASS_COUNT && options->taught.markers[i].text);
    EXPECT(!options->waits || options->wait_longest >= 0);
    buffer_finish(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct words words = input_words(&input, '\n');
    struct options options;
    struct buffer error = {0};
    bool costly = false;
    for (size_t i = 0; i < words.count; i++)
        costly |= is_too_costly(words.list[i]);
    if (!costly) {
        int r = options_parse((int)words.count, words.list, &options, &error);
        EXPECT(r == 0 || r == -EINVAL);
        EXPECT((r < 0) == (error.length > 0));
        if (r == 0)
            check_options(&options, &words);
        options_finish(&options);
    }
    buffer_finish(&error);
    words_finish(&words);
    return 0;
}
