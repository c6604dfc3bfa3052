/* People who use a gateway from other machines, each with a key of its own. They live in the state,
 * so that who is revoked is so for every gateway that shares it. Of a key only its hash is kept:
 * keys are random, so that no slow one is needed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USER_NAME   64
#define USER_HASH   65 /* hexadecimal digits, and NUL */
#define USER_MODELS 256

struct user {
    char name[USER_NAME];
    char hash[USER_HASH];
    char models[USER_MODELS]; /* patterns, separated by commas; "": any */
    int64_t created, expires; /* seconds since 1970; expires 0: never */
    bool revoked;
    int64_t money_per_day; /* of base/money.h; 0: any */
    int64_t requests_per_day;
};

struct users {
    struct user *list;
    size_t count;
};

/* Reads the state's text (NULL: none). One that is not understood holds nobody, and a user of whom
 * something is not understood is revoked: neither allows more than was meant. Returns 0 or -ENOMEM;
 * ended with users_finish either way. */
int users_parse(const char *text, struct users *ret_users);
void users_finish(struct users *users);

/* The text, the caller's; NULL if out of memory. */
char *users_print(const struct users *users);

/* NULL if there is none of this name. */
struct user *users_find(struct users *users, const char *name);

/* Adds one. Returns 0 or -ENOMEM. */
int users_add(struct users *users, const struct user *user);
void users_remove(struct users *users, struct user *user);

void user_hash(const char *key, size_t length, char ret_hash[USER_HASH]);

/* Whose key it is; NULL: nobody's. The time it takes tells nothing of the keys. */
const struct user *users_identify(const struct users *users, const char *key, size_t length);

bool user_may_enter(const struct user *user, int64_t now);

/* True if the model is one of theirs. */
bool user_may_use(const struct user *user, const char *model);
