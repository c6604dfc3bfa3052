/* Names of models for other names: which one an OpenAI key is asked for, and which comes next when
 * every key rests for the one asked for. A pattern has '*' for any number of characters; so may a
 * name that a pattern leads to, where '*' stands for what the pattern's first one matched. */
#pragma once

#include "core/pool/keyring.h"

#include <stdbool.h>
#include <stddef.h>

#define MODELMAP_NAME  128
#define MODELMAP_CHAIN 5
#define MODELMAP_RULES 64

/* One rule of "model_fallback"; strings live in the keyring's store. */
struct model_chain {
    const char *pattern;
    const char *next[MODELMAP_CHAIN + 1]; /* NULL-terminated */
};

bool modelmap_matches(const char *pattern, const char *model);

/* The model that a key is asked for instead of `model`: by the first of its "models" that fits,
 * else the same if it has none and the model is not one of Claude's. False if it serves no such
 * model, or the name is too long. */
bool modelmap_of_key(const struct key *key, const char *model, char ret_model[MODELMAP_NAME]);

/* The model that comes after `step` others (0: the first) when `asked` cannot be had; false if
 * there is none. The first rule whose pattern fits counts, and what it leads to has no rule of its
 * own. A name that stands for `asked` itself, or for a model that came before, is left out. */
bool modelmap_next(const struct keyring *keyring, const char *asked, size_t step,
                   char ret_model[MODELMAP_NAME]);

/* Reads "opus=sonnet,haiku" (several joined by ';') as --model-fallback has it. Appends to the
 * keyring's rules, before those it has. Returns 0, -ENOMEM or -EINVAL with one sentence. */
int modelmap_parse(struct keyring *keyring, const char *text, struct buffer *error);

/* Lays --model-fallback (NULL: not given) and --no-model-fallback over the keyring's rules; errors
 * as above. */
int modelmap_apply(struct keyring *keyring, const char *rules, bool none, struct buffer *error);

/* The next model as Claude Code's command line has it, where `asked` may be an alias ("opus"): then
 * rules for "claude-opus-..." fit, and what they lead to may be an alias too. */
bool modelmap_next_alias(const struct keyring *keyring, const char *asked, size_t step,
                         char ret_model[MODELMAP_NAME]);

/* What is wrong with a model's name, and with one that a pattern leads to, or NULL. */
const char *modelmap_fault_of_name(const char *name);
const char *modelmap_fault_of_target(const char *pattern, const char *target);

/* The pattern of a rule that leads back to what it stands for: it names itself, or the rules of the
 * models that it leads to lead back to it. A pattern may fit a name that it leads to. NULL if there
 * is none. */
const char *modelmap_find_loop(const struct model_chain *chains, size_t count);
