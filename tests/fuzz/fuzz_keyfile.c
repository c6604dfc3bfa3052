#include "fuzz.h"

#include "base/json.h"
#include "core/pool/keyfile.h"
#include "core/state/rotation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void check_key(struct keyring *keyring, struct key *key)
{
    EXPECT(key->name && key->place);
    EXPECT(keyring_find(keyring, key->name) == key);
    EXPECT(key->source != KEY_INLINE || (key->token && key->kind_known));
    EXPECT(key->source != KEY_FILE || key->token_file);
    EXPECT(key->source != KEY_COMMAND || (key->command && key->command[0]));
    EXPECT(key->source != KEY_CONFIG_DIR || key->config_dir);
    for (const char *const *word = key->command; word && *word; word++)
        EXPECT(strlen(*word) < SIZE_MAX);
}

static void check_profiles(struct keyring *keyring)
{
    const cJSON *profile, *profiles = keyring->profiles;
    struct buffer error = {0};
    EXPECT(keyring_apply_profile(keyring, "no such profile", &error) < 0 || profiles);
    cJSON_ArrayForEach (profile, profiles)
        EXPECT(keyring_apply_profile(keyring, profile->string, &error) == 0);
    buffer_finish(&error);
}

/* What a run does with the pool before it chooses. */
static void use(struct keyring *keyring)
{
    static const char salt[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    struct state state;
    struct rotation rotation;
    const struct demand demand = {0};
    EXPECT(state_create(salt, &state) == 0 && rotation_init(&rotation, keyring) == 0);
    EXPECT(rotation_survey(&rotation, &state, &demand, FUZZ_NOW) == 0);
    (void)rotation_choose(&rotation, "");
    (void)rotation_master(&rotation);
    rotation_finish(&rotation);
    state_finish(&state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keyring keyring;
    struct keyring_report report = {0};
    char *text = fuzz_copy((const char *)data, size);
    int r = keyfile_parse(text, size, &keyring, &report);
    EXPECT(r == 0 || r == -EINVAL);
    EXPECT((r < 0) == (report.errors.length > 0));
    for (size_t i = 0; i < keyring.count; i++)
        check_key(&keyring, &keyring.keys[i]);
    if (keyring.has_master)
        check_key(&keyring, &keyring.master);
    if (r == 0) {
        EXPECT(keyring_drop_duplicates(&keyring, &report) == 0);
        use(&keyring);
        check_profiles(&keyring);
    } else {
        EXPECT(keyring.count == 0 && !keyring.store);
    }
    fuzz_check_report(&report.errors);
    fuzz_check_report(&report.warnings);
    keyring_finish(&keyring);
    keyring_report_finish(&report);
    free(text);
    return 0;
}
