#include "base/getopts.h"

#include "base/nearest.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#define LONG_BASE 256
#define WORD      1 /* getopt's code for a word that is not an option */

/* getopt's own tables, made from ours. */
static void build_tables(const struct getopts *getopts, char *shorts, struct option *longs)
{
    *shorts++ = getopts->word ? '-' : '+'; /* whatever POSIXLY_CORRECT says */
    *shorts++ = ':';
    for (size_t i = 0; i < getopts->count; i++) {
        const struct getopts_form form = getopts->form(getopts->context, i);
        int has = !form.argument            ? no_argument
                  : form.argument[0] == '[' ? optional_argument
                                            : required_argument;
        longs[i] = (struct option){form.name, has, NULL, LONG_BASE + (int)i};
        if (!form.letter)
            continue;
        *shorts++ = form.letter;
        for (int colons = has; colons > 0; colons--)
            *shorts++ = ':';
    }
    *shorts = '\0';
    longs[getopts->count] = (struct option){0};
}

static size_t index_of(const struct getopts *getopts, int code)
{
    if (code >= LONG_BASE)
        return (size_t)(code - LONG_BASE);
    for (size_t i = 0; i < getopts->count; i++)
        if (getopts->form(getopts->context, i).letter == code)
            return i;
    return getopts->count;
}

/* The sentence so far may be a question. */
static void refer_to_help(const struct getopts *getopts, struct buffer *error)
{
    bool asks = error->length > 0 && error->data[error->length - 1] == '?';
    buffer_append_format(error, "%s%s", asks ? " " : "; ", getopts->help);
}

static void refuse_unknown(const struct getopts *getopts, const char *word, struct buffer *error)
{
    size_t length = strcspn(word, "=");
    struct nearest nearest = nearest_begin(word + 2, length > 2 ? length - 2 : 0);
    for (size_t i = 0; i < getopts->count; i++)
        nearest_consider(&nearest, getopts->form(getopts->context, i).name);
    buffer_append_format(error, "unknown option %.*s", (int)length, word);
    if (nearest.word)
        buffer_append_format(error, "; did you mean --%s?", nearest.word);
}

static int refuse(const struct getopts *getopts, int code, char *const *argv, struct buffer *error)
{
    int at = optind > 1 ? optind - 1 : 1;
    if (!argv[at]) /* musl counts the value that is not there */
        at--;
    const char *word = argv[at];
    if (code == ':')
        buffer_append_format(error, "option %s needs a value", word);
    else if (optopt > 0 && optopt < LONG_BASE)
        buffer_append_format(error, "unknown option -%c", optopt);
    else if (optopt >= LONG_BASE)
        buffer_append_format(error, "option --%s takes no value",
                             getopts->form(getopts->context, (size_t)(optopt - LONG_BASE)).name);
    else
        refuse_unknown(getopts, word, error);
    refer_to_help(getopts, error);
    return -EINVAL;
}

/* `--wait 2h` where getopt only knows `--wait=2h`. */
static const char *value_of(const struct getopts *getopts, size_t index, int argc, char **argv)
{
    const struct getopts_form form = getopts->form(getopts->context, index);
    bool optional = form.argument && form.argument[0] == '[';
    if (!optarg && optional && getopts->fits && optind < argc &&
        getopts->fits(getopts->context, index, argv[optind]))
        return argv[optind++];
    return optarg;
}

static int take(const struct getopts *getopts, size_t index, const char *value,
                struct buffer *error)
{
    if (value && strcmp(value, "--") == 0) {
        buffer_append_format(error, "--%s: a value is missing before the --",
                             getopts->form(getopts->context, index).name);
        return -EINVAL;
    }
    struct buffer reason = {0};
    int r = getopts->option(getopts->context, index, value, &reason);
    if (r < 0)
        buffer_append_format(error, "--%s: %s", getopts->form(getopts->context, index).name,
                             buffer_text(&reason));
    buffer_finish(&reason);
    return r;
}

int getopts_parse(const struct getopts *getopts, int argc, char **argv, struct buffer *error)
{
    char shorts[3 * GETOPTS_MOST + 3];
    struct option longs[GETOPTS_MOST + 1];
    build_tables(getopts, shorts, longs);
    opterr = 0;
    optind = 0; /* glibc: start afresh, also in the second call of one process */
    int code;
    while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        int r = 0;
        size_t index = index_of(getopts, code);
        if (code == WORD && getopts->word)
            getopts->word(getopts->context, optarg);
        else if (index < getopts->count)
            r = take(getopts, index, value_of(getopts, index, argc, argv), error);
        else
            r = refuse(getopts, code, argv, error);
        if (r < 0)
            return r;
    }
    return optind;
}
