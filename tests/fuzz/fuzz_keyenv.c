/* An environment, its entries divided by NUL: the keys it holds, and what a child would get. */
#include "fuzz.h"

#include "core/client/environment.h"
#include "core/pool/keyenv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool passes(const char *entry)
{
    return !environment_is_scrubbed(entry, strcspn(entry, "="));
}

/* Everything that is no credential in its order, then exactly one credential. */
static void check_child(char *const *environment)
{
    static const struct assignment set[] = {{"CLAUDE_CODE_OAUTH_TOKEN", "the one"}};
    const struct environment_plan plan = {.set = set, .set_count = COUNT(set)};
    struct environment built;
    size_t n = 0;
    EXPECT(environment_build(environment, &plan, &built) == 0);
    for (char *const *entry = environment; *entry; entry++) {
        if (!passes(*entry))
            continue;
        const char *kept = built.entries[n++];
        bool headers = strncmp(*entry, "ANTHROPIC_CUSTOM_HEADERS=", 25) == 0;
        EXPECT(kept && (headers ? strncmp(kept, *entry, 25) == 0 : kept == *entry));
    }
    EXPECT(built.entries[n] && strcmp(built.entries[n], "CLAUDE_CODE_OAUTH_TOKEN=the one") == 0);
    EXPECT(!built.entries[n + 1]);
    struct buffer text = {0};
    environment_describe(environment, built.entries, &text);
    buffer_finish(&text);
    environment_finish(&built);
}

static void check_keyring(int r, const struct keyring *keyring, const struct keyring_report *report)
{
    EXPECT(r == 0 || r == 1 || r == -EINVAL);
    EXPECT((r < 0) == (report->errors.length > 0));
    EXPECT((r == 1) == (keyring->count > 0 || keyring->has_master));
    for (size_t i = 0; i < keyring->count; i++)
        EXPECT(keyring->keys[i].name && keyring->keys[i].token && keyring->keys[i].kind_known);
    EXPECT(!keyring->has_master || keyring->master.token);
    fuzz_check_report(&report->errors);
    fuzz_check_report(&report->warnings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct words entries = input_words(&input, '\0');
    struct keyring keyring;
    struct keyring_report report = {0};
    int r = keyenv_parse(entries.list, &keyring, &report);
    if (r == 1)
        EXPECT(keyring_drop_duplicates(&keyring, &report) == 0);
    check_keyring(r, &keyring, &report);
    check_child(entries.list);
    keyring_finish(&keyring);
    keyring_report_finish(&report);
    words_finish(&entries);
    return 0;
}
