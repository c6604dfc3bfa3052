#include "core/client/options.h"

#include "base/duration.h"
#include "base/getopts.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef int apply_option(struct options *options, const char *value, struct buffer *error);
typedef int check_policy(struct policy *policy, const char *value, struct buffer *error);

static int set_kind(struct options *options, const char *value, struct buffer *error)
{
    return asked_parse(value, &options->kinds, error);
}

static int set_wait(struct options *options, const char *value, struct buffer *error)
{
    options->waits = true;
    options->wait_longest = DURATION_MAX;
    int r = value ? duration_parse(value, &options->wait_longest) : 0;
    if (r == 0)
        return 0;
    buffer_append_format(error,
                         r == -ERANGE ? "\"%s\" is too long; at most 400d"
                                      : "\"%s\" is not a length of time; write 90s, 5m, 2h or 1d",
                         value);
    return -EINVAL;
}

static int set_via(struct options *options, const char *value, struct buffer *error)
{
    static const char *const names[] = {[VIA_AUTO] = "auto", [VIA_ENV] = "env", [VIA_FD] = "fd"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], value) == 0) {
            options->via = (enum via)i;
            return 0;
        }
    }
    buffer_append_format(error, "\"%s\" is not a way to hand a key over; write auto, env or fd",
                         value);
    return -EINVAL;
}

static int want_gateway(struct options *options, const char *value, struct buffer *error)
{
    (void)value, (void)error;
    options->gateway = gateway_wish_name(GATEWAY_ON);
    return 0;
}

static int refuse_gateway(struct options *options, const char *value, struct buffer *error)
{
    (void)value, (void)error;
    options->gateway = gateway_wish_name(GATEWAY_OFF);
    return 0;
}

static int add_name(struct name_list *list, const char *value, struct buffer *error)
{
    if (!*value || strchr(value, '=')) {
        buffer_append_format(error, "\"%s\" is not a variable name", value);
        return -EINVAL;
    }
    if (list->count == OPTIONS_MAX_NAMES) {
        buffer_append_format(error, "given more than %d times", OPTIONS_MAX_NAMES);
        return -EINVAL;
    }
    list->names[list->count++] = value;
    return 0;
}

static int add_keep(struct options *options, const char *value, struct buffer *error)
{
    return add_name(&options->keep, value, error);
}

static int add_scrub(struct options *options, const char *value, struct buffer *error)
{
    return add_name(&options->scrub, value, error);
}

static int set_client(struct options *options, const char *value, struct buffer *error)
{
    if (strcmp(value, "claude") != 0 && strcmp(value, "generic") != 0) {
        buffer_append_format(error, "unknown client \"%s\"; write claude or generic", value);
        return -EINVAL;
    }
    options->client = value;
    return 0;
}

/* CLASS before the '=' of CLASS=REGEX or after that of CODE=CLASS. */
static int parse_class(const char *name, size_t length, enum failure_class *ret_class,
                       struct buffer *error)
{
    enum failure_class class = failure_class_parse(name, length);
    if (class == CLASS_COUNT) {
        failure_append_unknown(name, length, error);
        return -EINVAL;
    }
    *ret_class = class;
    return 0;
}

static int add_marker(struct options *options, const char *value, struct buffer *error)
{
    struct marker *marker = &options->taught.markers[options->taught.marker_count];
    const char *equals = strchr(value, '=');
    if (!equals || !equals[1]) {
        buffer_append_format(error, "\"%s\" is not CLASS=REGEX, such as 'limit=^quota'", value);
        return -EINVAL;
    }
    if (options->taught.marker_count == TAUGHT_MOST_MARKERS) {
        buffer_append_format(error, "given more than %d times", TAUGHT_MOST_MARKERS);
        return -EINVAL;
    }
    int r = parse_class(value, (size_t)(equals - value), &marker->class, error);
    if (r < 0)
        return r;
    int failure = regcomp(&marker->regex, equals + 1, REG_EXTENDED | REG_NOSUB);
    if (failure) {
        char reason[128];
        regerror(failure, &marker->regex, reason, sizeof reason);
        buffer_append_format(error, "\"%s\" is not a regular expression: %s", equals + 1, reason);
        return -EINVAL;
    }
    marker->text = equals + 1;
    options->taught.marker_count++;
    return 0;
}

static int add_exit_class(struct options *options, const char *value, struct buffer *error)
{
    char *equals;
    errno = 0;
    long code = strtol(value, &equals, 10);
    if (errno || equals == value || *equals != '=' || code < 1 || code > 255) {
        buffer_append_format(
            error, "\"%s\" is not CODE=CLASS with a code from 1 to 255, such as 3=limit", value);
        return -EINVAL;
    }
    return parse_class(equals + 1, strlen(equals + 1), &options->taught.exit_class[code], error);
}

static int set_log_format(struct options *options, const char *value, struct buffer *error)
{
    if (strcmp(value, "text") != 0 && strcmp(value, "json") != 0) {
        buffer_append_format(error, "\"%s\" is not a log format; write text or json", value);
        return -EINVAL;
    }
    options->log_format = value;
    return 0;
}

static int add_verbosity(struct options *options, const char *value, struct buffer *error)
{
    (void)value, (void)error;
    options->verbosity++;
    return 0;
}

#define BY(function)    function, 0, NULL
#define GIVEN(member)   NULL, offsetof(struct options, member), NULL
#define CHECKED(member) NULL, offsetof(struct options, member), policy_parse_##member

static const struct option_spec {
    const char *name;
    char letter;          /* 0: long form only */
    const char *argument; /* NULL: takes none; "[=X]": optional */
    const char *help;     /* NULL: --help only names it */
    apply_option *apply;  /* NULL: the argument, or true, is put `at` its place */
    size_t at;
    check_policy *check; /* NULL: any argument will do */
} specs[] = {
    {"keys", 'f', "FILE", "read the keys from FILE", GIVEN(keys_file)},
    {"profile", 'p', "NAME", "use the keys of this profile", GIVEN(profile)},
    {"key", 'k', "NAME", "use this key and no other", GIVEN(key)},
    {"kind", 0, "KINDS", "one key of each, such as openai,anthropic", BY(set_kind)},
    {"retries", 'r', "N", "pool keys to try before the master key (3)", CHECKED(retries)},
    {"no-master", 0, NULL, NULL, GIVEN(no_master)},
    {"model-fallback", 0, "RULES", NULL, GIVEN(model_fallback)},
    {"no-model-fallback", 0, NULL, NULL, GIVEN(no_model_fallback)},
    {"wait", 'w', "[=MAX]", "when no key is left, wait for the first reset", BY(set_wait)},
    {"max-per-key", 0, "N", "have at most N runs on a key; others wait", CHECKED(max_per_key)},
    {"gateway", 0, NULL, "change keys inside the requests of a session", BY(want_gateway)},
    {"no-gateway", 0, NULL, NULL, BY(refuse_gateway)},
    {"cooldown", 'c', "SPEC", "60 for every class, or auth=2h,limit=10m", CHECKED(cooldown)},
    {"retry-on", 0, "CLASSES", NULL, CHECKED(retry_on)},
    {"marker", 'm', "CLASS=REGEX", NULL, BY(add_marker)},
    {"exit-class", 0, "CODE=CLASS", NULL, BY(add_exit_class)},
    {"via", 0, "HOW", NULL, BY(set_via)},
    {"keep", 0, "NAME", NULL, BY(add_keep)},
    {"scrub", 0, "NAME", NULL, BY(add_scrub)},
    {"clean-env", 0, NULL, NULL, GIVEN(clean_env)},
    {"mask", 0, NULL, NULL, GIVEN(mask)},
    {"client", 0, "NAME", NULL, BY(set_client)},
    {"no-fast-fail", 0, NULL, NULL, GIVEN(no_fast_fail)},
    {"no-resume", 0, NULL, NULL, GIVEN(no_resume)},
    {"auto", 0, NULL, NULL, GIVEN(carry_on_unasked)},
    {"preflight", 0, NULL, NULL, GIVEN(preflight)},
    {"on-exhausted", 0, "COMMAND", NULL, GIVEN(on_exhausted)},
    {"notify", 0, NULL, NULL, GIVEN(notify)},
    {"log-format", 0, "FORMAT", NULL, BY(set_log_format)},
    {"quiet", 'q', NULL, "say nothing", GIVEN(quiet)},
    {"verbose", 'v', NULL, "explain every decision", BY(add_verbosity)},
    {"help", 'h', NULL, "show this help", GIVEN(help)},
    {"version", 'V', NULL, NULL, GIVEN(version)},
};

#define SPEC_COUNT (sizeof specs / sizeof specs[0])

static struct getopts_form form_of(void *context, size_t index)
{
    (void)context;
    return (struct getopts_form){specs[index].name, specs[index].letter, specs[index].argument};
}

/* A `const char *` if it takes an argument, else a `bool`. */
static int put(const struct option_spec *spec, struct options *options, const char *value,
               struct buffer *error)
{
    struct policy scratch = policy_default();
    char *place = (char *)options + spec->at;
    if (spec->argument)
        memcpy(place, &value, sizeof value);
    else
        *(bool *)place = true;
    return spec->check ? spec->check(&scratch, value, error) : 0;
}

static int apply(void *context, size_t index, const char *value, struct buffer *error)
{
    const struct option_spec *spec = &specs[index];
    return spec->apply ? spec->apply(context, value, error) : put(spec, context, value, error);
}

/* A length of time after --wait. */
static bool fits(void *context, size_t index, const char *word)
{
    int64_t seconds;
    (void)context;
    return specs[index].apply == set_wait && duration_parse(word, &seconds) == 0;
}

/* What stands where -- was expected. */
static int refuse_word(const char *before, const char *word, struct buffer *error)
{
    struct options scratch = {0};
    struct buffer reason = {0};
    bool waits = strcmp(before, "--wait") == 0 || strcmp(before, "-w") == 0;
    if (waits && strchr("0123456789", *word) && *word && set_wait(&scratch, word, &reason) < 0)
        buffer_append_format(error, "--wait: %s", buffer_text(&reason));
    else
        buffer_append_format(error, "expected -- before the command \"%s\"", word);
    buffer_finish(&reason);
    return -EINVAL;
}

static int take_command(int rest, int argc, char **argv, struct options *options,
                        struct buffer *error)
{
    if (options->help || options->version)
        return 0;
    bool dashes = rest > 1 && strcmp(argv[rest - 1], "--") == 0;
    if (!dashes && rest < argc) {
        return refuse_word(argv[rest - 1], argv[rest], error);
    }
    if (rest >= argc) {
        buffer_append_text(error, "no command given; usage: tcr-run [options] -- COMMAND [ARG...]");
        return -EINVAL;
    }
    options->command = argv + rest;
    return 0;
}

int options_word(int argc, char **argv)
{
    struct options scratch = {0};
    struct buffer fault = {0};
    const struct getopts getopts = {.count = SPEC_COUNT,
                                    .form = form_of,
                                    .option = apply,
                                    .fits = fits,
                                    .context = &scratch,
                                    .help = ""};
    int rest = getopts_parse(&getopts, argc, argv, &fault);
    options_finish(&scratch);
    buffer_finish(&fault);
    bool dashes = rest > 0 && strcmp(argv[rest - 1], "--") == 0;
    return rest > 0 && rest < argc && !dashes ? rest : 0;
}

int options_parse(int argc, char **argv, struct options *ret_options, struct buffer *error)
{
    const struct getopts getopts = {.count = SPEC_COUNT,
                                    .form = form_of,
                                    .option = apply,
                                    .fits = fits,
                                    .context = ret_options,
                                    .help = "tcr-run --help lists them"};
    *ret_options = (struct options){0};
    int rest = getopts_parse(&getopts, argc, argv, error);
    return rest < 0 ? rest : take_command(rest, argc, argv, ret_options, error);
}

void options_finish(struct options *options)
{
    for (size_t i = 0; i < options->taught.marker_count; i++)
        regfree(&options->taught.markers[i].regex);
    options->taught.marker_count = 0;
}

int options_apply_policy(const struct options *options, struct policy *policy, struct buffer *error)
{
    int r = 0;
    if (options->retries)
        r = policy_parse_retries(policy, options->retries, error);
    if (r == 0 && options->cooldown)
        r = policy_parse_cooldown(policy, options->cooldown, error);
    if (r == 0 && options->retry_on)
        r = policy_parse_retry_on(policy, options->retry_on, error);
    if (r == 0 && options->max_per_key)
        r = policy_parse_max_per_key(policy, options->max_per_key, error);
    if (r == 0 && options->gateway)
        r = policy_parse_gateway(policy, options->gateway, error);
    return r;
}

static void append_form(struct buffer *text, const struct option_spec *spec)
{
    const char *argument = spec->argument;
    if (spec->letter)
        buffer_append_format(text, "-%c, ", spec->letter);
    buffer_append_format(text, "--%s", spec->name);
    if (argument)
        buffer_append_format(text, "%s%s", argument[0] == '[' ? "" : " ", argument);
}

#define LINE_WIDTH 79

/* Those without a line of their own, side by side. */
static void describe_rest(struct buffer *text)
{
    size_t column = LINE_WIDTH;
    for (size_t i = 0; i < SPEC_COUNT; i++) {
        struct buffer form = {0};
        if (specs[i].help)
            continue;
        append_form(&form, &specs[i]);
        bool fits = column + 2 + form.length <= LINE_WIDTH;
        buffer_append_text(text, fits ? "  " : column < LINE_WIDTH ? "\n  " : "  ");
        buffer_append_text(text, buffer_text(&form));
        column = (fits ? column : 0) + 2 + form.length;
        buffer_finish(&form);
    }
    buffer_append_char(text, '\n');
}

void options_describe(struct buffer *text)
{
    for (size_t i = 0; i < SPEC_COUNT; i++) {
        struct buffer form = {0};
        if (!specs[i].help)
            continue;
        if (!specs[i].letter)
            buffer_append_text(&form, "    ");
        append_form(&form, &specs[i]);
        buffer_append_format(text, "  %-22s %s\n", buffer_text(&form), specs[i].help);
        buffer_finish(&form);
    }
    buffer_append_text(text, "More options, explained in tcr-run(1):\n");
    describe_rest(text);
}
