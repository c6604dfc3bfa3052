/* The command line of a run: `tcr-run [options] -- COMMAND [ARG...]`, and of `explain`. */
#pragma once

#include "base/buffer.h"
#include "core/client/asked.h"
#include "core/evidence/taught.h"
#include "core/pool/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the secret reaches the command: VIA_AUTO is the variable, and a descriptor where a settings
 * file would shadow the variable. */
enum via { VIA_AUTO, VIA_ENV, VIA_FD };

#define OPTIONS_MAX_NAMES 64

struct name_list {
    const char *names[OPTIONS_MAX_NAMES];
    size_t count;
};

/* Strings are borrowed from argv. */
struct options {
    const char *keys_file;
    const char *key;                           /* --key NAME: this one and no other */
    const char *profile;                       /* --profile NAME */
    const char *client;                        /* --client NAME; NULL: by the command's base name */
    struct asked kinds;                        /* --kind; count 0: not said */
    const char *retries, *cooldown, *retry_on; /* as given, applied by options_apply_policy */
    const char *max_per_key;                   /* likewise */
    const char *gateway;                       /* --gateway: "on", --no-gateway: "off"; likewise */
    bool no_master;
    const char *model_fallback; /* applied by modelmap_apply, as the next */
    bool no_model_fallback;
    enum via via;
    struct name_list keep, scrub;
    bool clean_env;
    bool mask;
    struct taught taught;
    bool no_fast_fail, no_resume, carry_on_unasked;
    bool waits;             /* --wait */
    int64_t wait_longest;   /* seconds; meaningful if waits */
    const char *log_format; /* NULL: as the environment says */
    bool preflight;
    const char *on_exhausted; /* a shell command; NULL: none */
    bool notify;
    bool quiet, help, version;
    int verbosity;
    char **command; /* NULL-terminated, borrowed from argv; NULL with help or version */
};

/* argv[0] is skipped. Returns 0, or -EINVAL/-ENOMEM with one sentence appended to `error` that says
 * what was found and what was expected. The caller ends `options` with options_finish either way.
 */
int options_parse(int argc, char **argv, struct options *ret_options, struct buffer *error);
void options_finish(struct options *options);

/* The index of the first word after a run's options if no -- precedes it: perhaps a subcommand. 0
 * if there is none. */
int options_word(int argc, char **argv);

/* Lays --retries, --cooldown, --retry-on, --max-per-key and --gateway over a policy; errors as
 * above. */
int options_apply_policy(const struct options *options, struct policy *policy,
                         struct buffer *error);

/* The options as --help shows them: the usual ones with a line each, the others by name. */
void options_describe(struct buffer *text);
