#include "core/pool/seal.h"

#include "base/secret.h"
#include "support.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define PASSPHRASE "correct horse"
#define SECRET     "{\"keys\":[{\"token\":\"" OAUTH_1 "\"}]}\n"

/* The cheapest that libsodium does: the tests are about the rest. */
static void prepare(struct seal *seal, const char *passphrase)
{
    *seal = (struct seal){.operations = 1, .memory = 8192, .salt = "0123456789abcde"};
    assert_int_equal(seal_derive(seal, passphrase), 0);
}

static void close_text(const char *bytes, size_t length, struct buffer *text)
{
    static const unsigned char nonce[SEAL_NONCE] = "a nonce of the tests";
    struct seal seal;
    prepare(&seal, PASSPHRASE);
    assert_int_equal(seal_close(&seal, nonce, bytes, length, text), 0);
    seal_finish(&seal);
}

/* As a command would: the header tells what to derive. In memory of its own size. */
static int open_text(const char *text, size_t length, const char *passphrase, char **ret_bytes,
                     size_t *ret_length, struct buffer *error)
{
    struct seal seal;
    char *copy = test_malloc(length + 1);
    memcpy(copy + 1, text, length);
    int r = seal_read(copy + 1, length, &seal, error);
    if (r == 0) {
        assert_null(seal.key);
        assert_int_equal(seal_derive(&seal, passphrase), 0);
        r = seal_open(&seal, copy + 1, length, ret_bytes, ret_length);
        seal_finish(&seal);
    }
    test_free(copy);
    return r;
}

static void test_there_and_back(void **state)
{
    (void)state;
    char bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7);
    static const size_t lengths[] = {0, 1, 40, 41, 42, 56, 57, 58, 113, 114, 999, 1000};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct buffer text = {0}, error = {0};
        char *opened = NULL;
        size_t length = 0;
        close_text(bytes, lengths[i], &text);
        assert_int_equal(
            open_text(buffer_text(&text), text.length, PASSPHRASE, &opened, &length, &error), 0);
        assert_int_equal(length, lengths[i]);
        assert_memory_equal(opened, bytes, length);
        assert_int_equal(opened[length], 0);
        secret_free(opened);
        buffer_finish(&text);
        assert_int_equal(error.length, 0);
    }
}

static void test_the_text(void **state)
{
    (void)state;
    struct buffer text = {0};
    close_text(SECRET, strlen(SECRET), &text);
    assert_true(seal_is_sealed(buffer_text(&text), text.length));
    expect_part("header", buffer_text(&text),
                "tcr-run sealed keys, version 1; opened by: tcr-run keys unseal\n"
                "argon2id operations=1 memory=8192 salt=30313233343536373839616263646500\n"
                "xchacha20poly1305 nonce=61206e6f6e6365");
    expect_no_secret("sealed", buffer_text(&text));
    for (const char *line = buffer_text(&text); *line; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 76 && strcspn(line, "\n") > 0);
    assert_false(seal_is_sealed(SECRET, strlen(SECRET)));
    assert_false(seal_is_sealed("tcr-run sealed", 14));
    assert_false(seal_is_sealed("", 0));
    buffer_finish(&text);
}

static void test_wrong_passphrases(void **state)
{
    (void)state;
    static const char *const others[] = {"", "correct hors", "correct horse ", "Correct horse"};
    struct buffer text = {0}, error = {0};
    close_text(SECRET, strlen(SECRET), &text);
    for (size_t i = 0; i < COUNT(others); i++) {
        char *opened = NULL;
        size_t length = 42;
        assert_int_equal(
            open_text(buffer_text(&text), text.length, others[i], &opened, &length, &error),
            -EBADMSG);
        assert_null(opened);
        assert_int_equal(length, 42);
    }
    buffer_finish(&text);
}

/* No byte may be another one: neither those of the header nor those of the rest. A change of white
 * space alone is none. */
static void test_every_byte_counts(void **state)
{
    (void)state;
    struct buffer text = {0};
    close_text(SECRET, strlen(SECRET), &text);
    size_t first = strcspn(text.data, "\n");
    for (size_t i = 0; i < text.length; i++) {
        struct buffer error = {0};
        char kept = text.data[i], *opened = NULL;
        size_t length;
        text.data[i] = kept == '0' ? '1' : '0';
        bool opens = open_text(text.data, text.length, PASSPHRASE, &opened, &length, &error) == 0;
        /* What follows the version in the first line is for people. */
        bool may = i > strlen("tcr-run sealed keys, version 1") && i < first;
        if (opens && !may)
            fail_msg("byte %zu (%c) may be another", i, kept);
        text.data[i] = kept;
        secret_free(opened);
        expect_no_secret("error", buffer_text(&error));
        buffer_finish(&error);
    }
    buffer_finish(&text);
}

static void test_every_cut(void **state)
{
    (void)state;
    struct buffer text = {0};
    close_text(SECRET, strlen(SECRET), &text);
    for (size_t length = 0; length < text.length - 1; length++) {
        struct buffer error = {0};
        char *opened = NULL;
        size_t opened_length;
        if (open_text(text.data, length, PASSPHRASE, &opened, &opened_length, &error) == 0)
            fail_msg("the first %zu of %zu bytes are enough", length, text.length);
        buffer_finish(&error);
    }
    buffer_finish(&text);
}

static void test_other_line_ends(void **state)
{
    (void)state;
    struct buffer text = {0}, changed = {0}, error = {0};
    char *opened = NULL;
    size_t length;
    close_text(SECRET, strlen(SECRET), &text);
    for (size_t i = 0; i < text.length; i++)
        buffer_append_text(&changed, text.data[i] == '\n' ? "\r\n" : (char[]){text.data[i], 0});
    buffer_append_text(&changed, "\r\n\r\n");
    assert_int_equal(
        open_text(buffer_text(&changed), changed.length, PASSPHRASE, &opened, &length, &error), 0);
    assert_string_equal(opened, SECRET);
    secret_free(opened);
    buffer_finish(&changed);
    buffer_finish(&text);
}

#define REST                                                                                       \
    "; x\nargon2id operations=1 memory=8192 salt=30313233343536373839616263646500\n"               \
    "xchacha20poly1305 nonce=61206e6f6e6365206f66207468652074657374730000000000\nAAAA\n"

static void test_headers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"tcr-run sealed keys, version 1" REST, NULL},
        {"tcr-run sealed keys, version 2" REST, "version 2"},
        {"tcr-run sealed keys, version 99", "version 99"},
        {"tcr-run sealed keys, version 0" REST, "damaged"},
        {"tcr-run sealed keys, version ", "damaged"},
        {"tcr-run sealed keys, version 1", "damaged"},
        {"tcr-run sealed keys, version 1;\nargon2id operations=1 memory=8192 salt=30\n"
         "xchacha20poly1305 nonce=61206e6f6e6365206f66207468652074657374730000000000\n",
         "damaged"},
        {"tcr-run sealed keys, version 1;\nargon2id operations=99 memory=8192 "
         "salt=30313233343536373839616263646500\n"
         "xchacha20poly1305 nonce=61206e6f6e6365206f66207468652074657374730000000000\nAAAA\n",
         "more work"},
        {"tcr-run sealed keys, version 1;\nargon2id operations=0 memory=8192 "
         "salt=30313233343536373839616263646500\n"
         "xchacha20poly1305 nonce=61206e6f6e6365206f66207468652074657374730000000000\nAAAA\n",
         "more work"},
        {"tcr-run sealed keys, version 1;\nargon2id operations=1 memory=99999999999999999999 "
         "salt=30313233343536373839616263646500\n"
         "xchacha20poly1305 nonce=61206e6f6e6365206f66207468652074657374730000000000\nAAAA\n",
         "more work"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer error = {0};
        struct seal seal = {.operations = 42};
        int r = seal_read(rows[i].text, strlen(rows[i].text), &seal, &error);
        assert_int_equal(r, rows[i].error ? -EINVAL : 0);
        expect_part(rows[i].text, buffer_text(&error), rows[i].error ? rows[i].error : "");
        assert_int_equal(seal.operations, rows[i].error ? 42 : 1);
        buffer_finish(&error);
    }
}

/* The same bytes sealed again are others: nobody sees whether a key came or went back. */
static void test_nonce(void **state)
{
    (void)state;
    struct seal seal;
    struct buffer one = {0}, other = {0};
    unsigned char nonce[SEAL_NONCE] = {1};
    prepare(&seal, PASSPHRASE);
    assert_int_equal(seal_close(&seal, nonce, SECRET, strlen(SECRET), &one), 0);
    nonce[23] = 1;
    assert_int_equal(seal_close(&seal, nonce, SECRET, strlen(SECRET), &other), 0);
    const char *a = strrchr(one.data, '='), *b = strrchr(other.data, '=');
    assert_true(a && b &&
                strcmp(strstr(one.data, "nonce=") + 60, strstr(other.data, "nonce=") + 60));
    seal_finish(&seal);
    buffer_finish(&one);
    buffer_finish(&other);
}

static void test_limits(void **state)
{
    (void)state;
    assert_int_equal(seal_limits_default.memory, 64 * 1024 * 1024);
    assert_ptr_equal(seal_limits_find("interactive"), &seal_limits_default);
    assert_int_equal(seal_limits_find("moderate")->memory, 256 * 1024 * 1024);
    assert_true(seal_limits_find("moderate")->operations > seal_limits_default.operations);
    assert_null(seal_limits_find(""));
    assert_null(seal_limits_find("weak"));
}

/* A key of other salt or limits does not fit, whatever the passphrase. */
static void test_alike(void **state)
{
    (void)state;
    struct seal seal, other;
    struct buffer text = {0};
    char *opened = NULL;
    size_t length;
    close_text(SECRET, strlen(SECRET), &text);
    prepare(&seal, PASSPHRASE);
    other = seal;
    assert_true(seal_is_alike(&seal, &other));
    other.salt[15] ^= 1;
    assert_false(seal_is_alike(&seal, &other));
    assert_int_equal(seal_open(&other, text.data, text.length, &opened, &length), -EINVAL);
    other = seal;
    other.operations++;
    assert_false(seal_is_alike(&seal, &other));
    other = seal;
    other.memory++;
    assert_false(seal_is_alike(&seal, &other));
    assert_int_equal(seal_open(&seal, text.data, text.length, &opened, &length), 0);
    assert_string_equal(opened, SECRET);
    secret_free(opened);
    seal_finish(&seal);
    buffer_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_the_text),
        cmocka_unit_test(test_wrong_passphrases),
        cmocka_unit_test(test_every_byte_counts),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_other_line_ends),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_nonce),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_alike),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
