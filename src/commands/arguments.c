#include "commands/arguments.h"

#include "system/log.h"

#include <stddef.h>
#include <string.h>

static const struct flag *find(const struct flag *flags, const char *word, size_t length)
{
    for (; flags->name; flags++)
        if (strlen(flags->name) == length && memcmp(flags->name, word, length) == 0)
            return flags;
    return NULL;
}

/* Returns how many words the flag took, or -1. */
static int take(char **argv, const struct flag *flag)
{
    const char *equals = strchr(argv[0], '=');
    if (flag->set && !equals) {
        *flag->set = true;
        return 1;
    }
    if (flag->set) {
        log_say("%s takes no value", flag->name);
        return -1;
    }
    *flag->value = equals ? equals + 1 : argv[1];
    if (*flag->value)
        return equals ? 1 : 2;
    log_say("%s needs a value", flag->name);
    return -1;
}

int arguments_parse(int argc, char **argv, const struct flag *flags, struct options *ret_options)
{
    const struct flag common[] = {{"--keys", NULL, &ret_options->keys_file},
                                  {"-f", NULL, &ret_options->keys_file},
                                  {"--profile", NULL, &ret_options->profile},
                                  {"-p", NULL, &ret_options->profile},
                                  {NULL, NULL, NULL}};
    int words = 0;
    *ret_options = (struct options){0};
    for (int i = 1; i < argc;) {
        size_t length = strcspn(argv[i], "=");
        const struct flag *flag = find(flags, argv[i], length);
        if (!flag)
            flag = find(common, argv[i], length);
        if (!flag && argv[i][0] == '-' && argv[i][1]) {
            log_say("%s: unknown option %s; tcr-run --help lists them", argv[0], argv[i]);
            return -1;
        }
        if (!flag) {
            argv[1 + words++] = argv[i++];
            continue;
        }
        int taken = take(argv + i, flag);
        if (taken < 0)
            return -1;
        i += taken;
    }
    argv[1 + words] = NULL;
    return words;
}
