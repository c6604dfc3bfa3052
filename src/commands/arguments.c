#include "commands/arguments.h"

#include "base/getopts.h"
#include "commands/screen.h"
#include "system/log.h"

#include <stddef.h>
#include <stdio.h>

struct taking {
    const struct flag *flags[GETOPTS_MOST];
    size_t count;
    char **argv;
    int words;
};

static void add_flags(struct taking *taking, const struct flag *flags)
{
    for (; flags && flags->name && taking->count < GETOPTS_MOST; flags++)
        taking->flags[taking->count++] = flags;
}

static struct getopts_form form_of(void *context, size_t index)
{
    const struct flag *flag = ((struct taking *)context)->flags[index];
    return (struct getopts_form){flag->name, flag->letter, flag->set ? NULL : "VALUE"};
}

static int take_option(void *context, size_t index, const char *value, struct buffer *error)
{
    const struct flag *flag = ((struct taking *)context)->flags[index];
    (void)error;
    if (flag->set)
        *flag->set = true;
    else
        *flag->value = value;
    return 0;
}

static void take_word(void *context, char *word)
{
    struct taking *taking = context;
    taking->argv[1 + taking->words++] = word;
}

int arguments_take(int argc, char **argv, const struct flag *flags, const struct flag *more,
                   const char *who)
{
    struct taking taking = {.argv = argv};
    struct buffer error = {0};
    char help[96];
    snprintf(help, sizeof help, "tcr-run %s --help lists them", who);
    add_flags(&taking, flags);
    add_flags(&taking, more);
    const struct getopts getopts = {.count = taking.count,
                                    .form = form_of,
                                    .option = take_option,
                                    .word = take_word,
                                    .context = &taking,
                                    .help = help};
    int rest = getopts_parse(&getopts, argc, argv, &error);
    if (rest >= 0 && !screen_knows_color(&error))
        rest = -1;
    if (rest < 0)
        log_say("%s: %s", who, buffer_text(&error));
    buffer_finish(&error);
    if (rest < 0)
        return -1;
    while (rest < argc)
        take_word(&taking, argv[rest++]);
    argv[1 + taking.words] = NULL;
    return taking.words;
}

int arguments_parse_for(int argc, char **argv, const struct flag *flags,
                        struct options *ret_options, const char *who)
{
    const struct flag pool[] = {{"keys", 'f', NULL, &ret_options->keys_file},
                                {"profile", 'p', NULL, &ret_options->profile},
                                {0}};
    *ret_options = (struct options){0};
    return arguments_take(argc, argv, flags, pool, who);
}

int arguments_parse(int argc, char **argv, const struct flag *flags, struct options *ret_options)
{
    return arguments_parse_for(argc, argv, flags, ret_options, argv[0]);
}
