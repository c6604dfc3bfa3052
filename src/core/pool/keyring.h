/* The pool: what a key file or the environment says, checked and in memory. */
#pragma once

#include "base/buffer.h"
#include "base/secret.h"
#include "core/pool/kind.h"
#include "core/pool/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYRING_VERSION 1

/* Where a key's secret comes from. */
enum key_source { KEY_INLINE, KEY_FILE, KEY_COMMAND, KEY_CONFIG_DIR };

/* A variable that the command gets together with a key. */
struct key_variable {
    const char *name, *value;
};

/* Strings live in the keyring's secret store. */
struct key {
    const char *name;
    const char *place; /* "keys[3]", "master", or a variable's name: for messages */
    enum key_source source;
    const char *token;          /* NULL until it is known (KEY_FILE, KEY_COMMAND) */
    const char *token_file;     /* KEY_FILE: as written, "~/" not yet expanded */
    const char *const *command; /* KEY_COMMAND: NULL-terminated */
    const char *keychain;       /* the item that the command reads; NULL: it is the user's own */
    const char *config_dir;     /* KEY_CONFIG_DIR: as written */
    struct kind kind;
    bool kind_known;
    const char *organization; /* NULL if not said */
    /* Where it is sent, as address_parse gives it. NULL: see destination.h. */
    const char *base_url;
    bool at_provider; /* at its provider's own address, whatever the environment says */
    const struct key_variable *variables; /* set with it; ends with a NULL name; may be NULL */
    /* Of an OpenAI key; the next two end with a NULL name and may be NULL. */
    const struct key_variable *models;  /* patterns of models, and what is asked for instead */
    const struct key_variable *headers; /* that its requests get besides */
    bool has_responses;                 /* its API is Responses; else Chat Completions */
    int64_t priority;                   /* lower comes first; 0 if not said */
    bool disabled;
    int64_t expires;        /* seconds since 1970; 0 if not said */
    bool has_refresh_token; /* which stays in the file: renewal.h */
    int64_t refresh_after;  /* nothing is sent with it before; 0 if not said */
    int64_t refresh_ended;  /* when the provider refused it; 0: it did not */
    int64_t added;          /* when it came into the file; 0 if not said */
    bool renewed;           /* by a run, after a refusal */
    bool left_out;          /* by the profile, or as a duplicate */
    int64_t at_most;        /* master: uses per at_most_period; 0 is no limit */
    int64_t at_most_period; /* seconds */
    int64_t budget;         /* of base/money.h, for a day; 0: the file's */
};

struct model_chain;

/* Claude Code as a service of the gateway: "agent" in the policy. */
struct agent_policy {
    const char *folder;     /* in which it runs; NULL: there is no such service */
    const char *tools;      /* as --allowedTools takes them; NULL: none */
    const char *built_in;   /* those of them that are Claude Code's own, as --tools; NULL: none */
    const char *mcp_config; /* a file; NULL: none but the folder's own */
    int at_most;            /* at once */
};

struct keyring {
    struct key *keys;
    size_t count;
    bool has_master;
    struct key master;
    struct policy policy;
    struct secret_store *store;
    struct model_chain *chains; /* modelmap.h */
    size_t chain_count;
    struct agent_policy agent;
    int64_t budget_per_key;                        /* of base/money.h, for a day; 0: none */
    const char *oauth_token_url, *oauth_client_id; /* NULL: the provider's own */
    void *profiles;                                /* a cJSON object without secrets, or NULL */
};

/* One line per mistake or oddity, each ended by '\n', beginning with the place in the file. */
struct keyring_report {
    struct buffer errors, warnings;
};
void keyring_report_finish(struct keyring_report *report);

/* An empty keyring to be filled; 0 or -ENOMEM. */
int keyring_init(struct keyring *ret_keyring);
void keyring_finish(struct keyring *keyring);

/* Gives a key the bytes its file or command printed: trims white space, checks, finds the kind.
 * Returns 0, or -EINVAL with one sentence in `error`, or -ENOMEM. */
int keyring_set_token(struct keyring *keyring, struct key *key, const char *bytes, size_t length,
                      struct buffer *error);

/* Leaves out a key whose token an earlier key has for the same address, each with a warning. */
int keyring_drop_duplicates(struct keyring *keyring, struct keyring_report *report);

/* Keeps only the profile's keys in, in the file's order. Returns 0, or -EINVAL with one sentence.
 */
int keyring_apply_profile(struct keyring *keyring, const char *profile, struct buffer *error);

/* By exact name, the master included; NULL if there is none. */
struct key *keyring_find(struct keyring *keyring, const char *name);

/* That no key has this name: a clause for messages, with the nearest name if one is near. */
void keyring_append_unknown(const struct keyring *keyring, const char *name, struct buffer *text);

/* What a key may cost in a day, of base/money.h; 0: any. The file's per_key is not the master's. */
int64_t keyring_budget(const struct keyring *keyring, const struct key *key);

/* True for a login that can be renewed: a subscription's token in the key file with a refresh token
 * beside it, and without an address of its own, for which that token was not meant. */
bool key_renews(const struct key *key);

/* The same for a login in a folder of Claude Code's, if there is a refresh token in it. */
bool key_renews_in_folder(const struct key *key);

/* When its secret ends, in seconds since 1970: as the file says, or, for a setup token, a year
 * after it was added. 0 if that is not known, and for what is renewed. */
int64_t key_end(const struct key *key);

/* True if that is less than 30 days ahead, or over: time enough to get another. */
bool key_ends_soon(const struct key *key, int64_t now);

/* The bytes whose hash is a key's identity in the state: its token, or what represents it if the
 * token is not known before the key is chosen (command, login folder) or changes (a login that is
 * renewed: its name), and its own address if it has one. Appended to `bytes`. */
void key_identity_source(const struct key *key, struct buffer *bytes);
