/* No token is left in memory that was given back. */
#include "base/json.h"
#include "base/secret.h"
#include "core/client/environment.h"
#include "core/evidence/mask.h"
#include "core/pool/identity.h"
#include "core/pool/keyenv.h"
#include "core/pool/keyfile.h"
#include "support.h"
#include "watch.h"

#include <stdlib.h>
#include <string.h>

static void test_buffer(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    for (int i = 0; i < 500; i++)
        buffer_append_text(&buffer, OAUTH_1);
    watch_expect_none("growing");
    buffer_drop_front(&buffer, 100);
    buffer_clear(&buffer);
    buffer_finish_wiping(&buffer);
    watch_expect_none("ending");
}

#define FILE_TEXT                                                                                  \
    "{\"keys\":[{\"name\":\"home\",\"token\":\"" OAUTH_1 "\"},{\"name\":\"env\",\"token\":"        \
    "\"FAKE-\\u0041\",\"kind\":{\"env\":\"X\"}}],\"master\":{\"token\":\"" API_1 "\"},"            \
    "\"profiles\":{\"p\":{\"keys\":[\"home\"]}}}"

static void test_json(void **state)
{
    (void)state;
    cJSON *json = json_parse(FILE_TEXT, strlen(FILE_TEXT), NULL);
    assert_non_null(json);
    assert_true(json_set_string(json, "master", "x"));
    watch_expect_none("replacing");
    json_free_text(json_print(json, false));
    json_free_text(json_print(json, true));
    watch_expect_none("printing");
    json_destroy(json);
    watch_expect_none("ending");
    assert_null(json_parse(FILE_TEXT "}", strlen(FILE_TEXT) + 1, NULL));
    assert_null(json_parse(FILE_TEXT, strlen(FILE_TEXT) - 1, NULL));
    watch_expect_none("refusing");
}

static void test_keyfile(void **state)
{
    (void)state;
    static const char *const texts[] = {
        FILE_TEXT,
        "{\"keys\":[{\"token\":\"" OAUTH_1 "\"},{\"token\":\"" OAUTH_1 "\"}]}",
        "{\"keys\":[{\"token\":\"FAKE of none\"},{\"name\":\"" OAUTH_1 "\"}],\"" OAUTH_2 "\":1}",
        "{\"keys\":[{\"token\":\"" OAUTH_1 "\"",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct keyring ring;
        struct keyring_report report = {0};
        if (keyfile_parse(texts[i], strlen(texts[i]), &ring, &report) == 0)
            assert_int_equal(keyring_drop_duplicates(&ring, &report), 0);
        keyring_finish(&ring);
        keyring_report_finish(&report);
        watch_expect_none(texts[i]);
    }
}

static void test_keyenv(void **state)
{
    (void)state;
    static const char *const texts[] = {
        ("TCR_KEYS=a=" OAUTH_1 "," OAUTH_2 "\n" API_1),
        ("TCR_KEYS=a=" OAUTH_1 ",FAKE of none"),
        ("ANTHROPIC_API_KEY=" API_1),
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        const char *entries[] = {texts[i], NULL};
        struct keyring ring;
        struct keyring_report report = {0};
        (void)keyenv_parse((char *const *)entries, &ring, &report);
        keyring_finish(&ring);
        keyring_report_finish(&report);
        watch_expect_none(texts[i]);
    }
}

static void test_identity(void **state)
{
    (void)state;
    const struct key key = {.source = KEY_INLINE, .token = OAUTH_1};
    char id[IDENTITY_TEXT];
    assert_int_equal(identity_of(&key, SALT, id), 0);
    watch_expect_none("identity");
}

static void test_environment(void **state)
{
    (void)state;
    static const char *const entries[] = {
        "ANTHROPIC_API_KEY=" API_1,
        "ANTHROPIC_CUSTOM_HEADERS=x-api-key: " API_2 "\nX-Team: a",
        "OTHER=FAKE",
        NULL,
    };
    static const struct name_list scrub = {.names = {"OTH*"}, .count = 1};
    const struct assignment set[] = {{"CLAUDE_CODE_OAUTH_TOKEN", OAUTH_1}};
    const struct environment_plan plan = {.scrub = &scrub, .set = set, .set_count = 1};
    struct environment environment;
    struct buffer text = {0};
    assert_int_equal(environment_build((char *const *)entries, &plan, &environment), 0);
    environment_describe((char *const *)entries, environment.entries, &text);
    buffer_finish(&text);
    environment_finish(&environment);
    watch_expect_none("environment");
}

static void take_nothing(void *context, const char *bytes, size_t length)
{
    (void)context, (void)bytes, (void)length;
}

static void test_mask(void **state)
{
    (void)state;
    static const char *const tokens[] = {OAUTH_1, API_1};
    static const char text[] = "is " OAUTH_1 " or sk-ant-api03-FAKE";
    struct mask_set *set = mask_set_create(tokens, COUNT(tokens));
    struct mask mask;
    assert_int_equal(mask_init(&mask, set, take_nothing, NULL), 0);
    for (size_t i = 0; i < strlen(text); i++)
        mask_feed(&mask, text + i, 1);
    mask_end(&mask);
    mask_finish(&mask);
    mask_set_destroy(set);
    watch_expect_none("mask");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(watch_sees),       cmocka_unit_test(test_buffer),
        cmocka_unit_test(test_json),        cmocka_unit_test(test_keyfile),
        cmocka_unit_test(test_keyenv),      cmocka_unit_test(test_identity),
        cmocka_unit_test(test_environment), cmocka_unit_test(test_mask),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
