/* The shield: settings files of Claude Code beat the environment, so what would replace the
 * credential there is blanked by a --settings of ours, merged with the user's own (claude-code.md,
 * "Credentials": seen to work against every one of them). */
#pragma once

#include "base/buffer.h"
#include "core/client/options.h"
#include "core/pool/kind.h"

#include <stdbool.h>
#include <stddef.h>

/* One settings file, or the user's own --settings, as read; `path` is for messages. */
struct settings_source {
    const char *path;
    const char *text;
    size_t length;
    bool managed; /* an administrator's: respected, reported */
    bool project; /* the current folder's: whoever wrote the code there may have written it */
};

struct shield_request {
    const struct settings_source *sources;
    size_t source_count;
    const struct settings_source *own; /* the user's --settings; NULL if none was given */
    const struct kind *kind;           /* of the credential to protect */
    /* The secret, where the variable alone can carry it; NULL: what stands in its place in a file
     * is left alone, and wins. */
    const char *token;
    enum via via;
    bool bare;            /* --bare takes an API key from the variable alone */
    const char *base_url; /* ANTHROPIC_BASE_URL of the child's environment; NULL if unset */
    int descriptor;       /* the number the child would read the secret from */
};

struct shield {
    char *settings;        /* JSON for --settings, freed with json_free_text; NULL: none needed */
    bool needs_descriptor; /* the variable itself is shadowed: hand over by descriptor */
    bool holds_secret;     /* `settings` may be in no argument vector */
    struct buffer shadows; /* one line each: "PATH sets NAME" */
    struct buffer managed; /* the same for what cannot be helped */
    bool sent_elsewhere;   /* an administrator's address differs from `base_url` */
    bool replaced;         /* by one of those: the key is not what the client will use */
};

/* Returns 0; -EINVAL with one sentence in `error` if the user's own settings are not a JSON object;
 * -ENOMEM. Of other sources that are not JSON the client complains itself. */
int shield_build(const struct shield_request *request, struct shield *ret_shield,
                 struct buffer *error);
void shield_finish(struct shield *shield);

/* What the "env" of settings sets a variable to, which wins over the environment: an
 * administrator's, else the user's own --settings (NULL: none), else the last file that sets it;
 * the current folder's only with `project`. False if none does; a long value is cut. */
bool settings_variable(const struct settings_source *sources, size_t count,
                       const struct settings_source *own, bool project, const char *name,
                       char *ret_value, size_t size);

/* True if CLAUDE_CODE_SIMPLE, which is --bare by another name, is set by these settings or, if none
 * sets it, to the environment's `value` (NULL: unset). Newer clients do not take it from the
 * current folder; for older ones the shield blanks it there. */
bool settings_are_simple(const struct settings_source *sources, size_t count,
                         const struct settings_source *own, const char *value);
