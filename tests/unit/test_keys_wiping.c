/* As test_wiping, for what changes key files: no token is left in memory that was given back. */
#include "base/secret.h"
#include "core/pool/import.h"
#include "core/pool/keyedit.h"
#include "core/pool/seal.h"
#include "support.h"
#include "watch.h"

#include <stdlib.h>
#include <string.h>

static void test_import(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"accounts\":{\"a\":{\"accessToken\":\"" OAUTH_1 "\",\"refreshToken\":\"FAKE\"}}}",
        "{\"keys\":{\"" OAUTH_1 "\":{\"token\":\"" OAUTH_2 "\",\"label\":\"" OAUTH_3 "\"}}}",
        "{\"keys\":[{\"token\":\"" OAUTH_1 "\"}],\"master\":{\"token\":\"" API_1 "\"}}",
        "{\"keys\":[{\"token\":\"" OAUTH_1 "\"",
        "CLAUDE_CODE_OAUTH_TOKEN=\"" OAUTH_1 "\"\nX=FAKE\nANTHROPIC_API_KEYS='" API_1 ",b=FAKE'\n",
        "FAKE=FAKE\nname=" OAUTH_1 "\n" OAUTH_1 "\n",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct import import;
        struct buffer added = {0}, text = {0};
        size_t count;
        cJSON *file = keyedit_new();
        if (import_read(texts[i], strlen(texts[i]), "/x", 1795132800, &import) == 0)
            assert_int_equal(import_merge(&import, "", file, &added, &count), 0);
        keyedit_print(file, &text);
        import_finish(&import);
        buffer_finish(&added);
        buffer_finish_wiping(&text);
        json_destroy(file);
        watch_expect_none(texts[i]);
    }
}

static void test_edits(void **state)
{
    (void)state;
    struct buffer error = {0}, notes = {0};
    cJSON *file = keyedit_new();
    for (size_t i = 0; i < 3; i++) {
        cJSON *entry = cJSON_CreateObject();
        assert_true(json_set_string(entry, "token", OAUTH_1));
        (void)keyedit_add(file, entry, false, &error);
    }
    assert_int_equal(keyedit_rename(file, "key1", "x", &error), 0);
    assert_int_equal(keyedit_remove(file, "x", &notes, &error), 0);
    json_destroy(file);
    buffer_finish(&error);
    buffer_finish(&notes);
    watch_expect_none("edits");
}

static void test_seal(void **state)
{
    (void)state;
    static const unsigned char nonce[SEAL_NONCE] = {1};
    struct seal seal = {.operations = 1, .memory = 8192};
    struct buffer text = {0};
    char *opened;
    size_t length;
    assert_int_equal(seal_derive(&seal, "x"), 0);
    assert_int_equal(seal_close(&seal, nonce, OAUTH_1, strlen(OAUTH_1), &text), 0);
    assert_int_equal(seal_open(&seal, text.data, text.length, &opened, &length), 0);
    assert_string_equal(opened, OAUTH_1);
    secret_free(opened);
    buffer_finish(&text);
    seal_finish(&seal);
    watch_expect_none("seal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(watch_sees),
        cmocka_unit_test(test_import),
        cmocka_unit_test(test_edits),
        cmocka_unit_test(test_seal),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
