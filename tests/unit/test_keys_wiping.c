/* As test_wiping, for what changes key files: no token is left in memory that was given back. */
#include "base/secret.h"
#include "core/import.h"
#include "core/keyedit.h"
#include "core/seal.h"
#include "support.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void __real_free(void *pointer);
void __wrap_free(void *pointer);

static int blocks_with_a_secret;

void __wrap_free(void *pointer)
{
    size_t size = pointer ? malloc_usable_size(pointer) : 0;
    if (size && memmem(pointer, size, SECRET_WORD, strlen(SECRET_WORD))) {
        blocks_with_a_secret++;
        /* Once is enough: the next who gets this block may not write all of it. */
        memset(pointer, 0, size);
    }
    __real_free(pointer);
}

static void expect_none_left(const char *step)
{
    if (blocks_with_a_secret > 0)
        fail_msg("%s: %d blocks were given back with a token in them", step, blocks_with_a_secret);
}

/* The watch itself has to see what it is there for. */
static void test_watch(void **state)
{
    (void)state;
    free(strdup("a token: " OAUTH_1));
    assert_int_equal(blocks_with_a_secret, 1);
    blocks_with_a_secret = 0;
}

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
        expect_none_left(texts[i]);
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
    expect_none_left("edits");
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
    expect_none_left("seal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watch),
        cmocka_unit_test(test_import),
        cmocka_unit_test(test_edits),
        cmocka_unit_test(test_seal),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
