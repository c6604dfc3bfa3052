#include "base/nearest.h"

#include "support.h"

#include <string.h>

static const char *const words[] = {"status",   "log",     "keys", "doctor",  "reset",  "explain",
                                    "classify", "gateway", "help", "version", "rename", "remove"};

static const char *find(const char *typed)
{
    struct nearest nearest = nearest_begin(typed, strlen(typed));
    for (size_t i = 0; i < COUNT(words); i++)
        nearest_consider(&nearest, words[i]);
    return nearest.word;
}

static void test_words(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"stauts", "status"},
        {"statu", "status"},
        {"status", "status"},
        {"sttaus", "status"},
        {"staatuus", "status"},
        {"key", "keys"},
        {"kesy", "keys"},
        {"lgo", "log"},
        {"lo", "log"},
        {"verison", "version"},
        {"dotcro", "doctor"},
        {"gatway", "gateway"},
        {"renmae", "rename"},
        {"remvoe", "remove"},
        {"xstatusxx", NULL},
        {"claude", NULL},
        {"", NULL},
        {"x", NULL},
        {"git", NULL},
        {"lxx", NULL},
        {"make", NULL},
        {"npx", NULL},
        {"STATUS", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *found = find(rows[i][0]);
        if (!found != !rows[i][1] || (found && strcmp(found, rows[i][1]) != 0))
            fail_msg("%s: expected %s, found %s", rows[i][0], rows[i][1] ? rows[i][1] : "none",
                     found ? found : "none");
    }
}

static void test_long(void **state)
{
    (void)state;
    char word[200];
    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    struct nearest nearest = nearest_begin(word, sizeof word - 1);
    nearest_consider(&nearest, "aaa");
    assert_null(nearest.word);
    nearest = nearest_begin("aaaa", 4);
    nearest_consider(&nearest, word);
    assert_null(nearest.word);
    nearest = nearest_begin(word, 64);
    nearest_consider(&nearest, word + sizeof word - 1 - 64);
    assert_int_equal(nearest.distance, 0);
    /* Only so much of it counts. */
    nearest = nearest_begin("keys=x", 4);
    nearest_consider(&nearest, "keys");
    assert_int_equal(nearest.distance, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
