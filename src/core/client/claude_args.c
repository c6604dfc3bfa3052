#include "core/client/claude_args_parts.h"

#include "base/path.h"

#include <stdlib.h>
#include <string.h>

size_t claude_args_start(char *const *argv)
{
    if (strstr(path_name(argv[0]), "claude"))
        return 1;
    for (size_t i = 1; argv[i]; i++)
        if (argv[i][0] != '-' && strstr(path_name(argv[i]), "claude"))
            return i + 1;
    return 1;
}

static void apply(struct claude_args *args, enum meaning meaning, const char *value)
{
    switch (meaning) {
    case MEANS_PRINT:
        args->print = true;
        break;
    case MEANS_BARE:
        args->bare = true;
        break;
    case MEANS_NO_PERSISTENCE:
        args->no_persistence = true;
        break;
    case MEANS_FORK:
        args->fork_session = true;
        break;
    case MEANS_CONTINUE:
        args->continues = true;
        break;
    case MEANS_RESUME:
        args->resumes = true;
        args->resume_id = value;
        break;
    case MEANS_SESSION_ID:
        args->session_id = value;
        break;
    case MEANS_MODEL:
        args->model = value;
        break;
    case MEANS_SETTINGS:
        args->settings = value;
        break;
    case MEANS_INPUT_FORMAT:
        args->streams_input = value && strcmp(value, "stream-json") == 0;
        break;
    case MEANS_BACKGROUND:
        args->background = true;
        break;
    case MEANS_NOTHING:
        break;
    }
}

/* What neither table knows is a reason to ask the client. */
static struct claude_option look_up(struct claude_args *args, const char *word, size_t length)
{
    struct claude_option option = claude_options_long(args->help, word, length);
    if (option.arity == ARITY_UNKNOWN && !args->unknown)
        args->unknown = word;
    return option;
}

bool claude_args_is_word(const char *word)
{
    return word && (word[0] != '-' || !word[1]);
}

bool claude_args_takes_value(const struct claude_option *option)
{
    return option->arity == ARITY_ONE || option->arity == ARITY_OPTIONAL;
}

/* How many of the words that follow this option belong to it. */
static enum arity open_arity(const char *help, const char *word)
{
    if (word[1] == '-')
        return strchr(word, '=') ? ARITY_NONE : claude_options_long(help, word, strlen(word)).arity;
    for (const char *letter = word + 1; *letter; letter++) {
        struct claude_option option = claude_options_short(help, *letter);
        if (claude_args_takes_value(&option))
            return letter[1] ? ARITY_NONE : option.arity;
    }
    return ARITY_NONE;
}

/* Does a positional follow at or after `i`, with only complete options between? What other unknown
 * options take is not asked: that question would ask itself again and again. */
static bool word_follows(const char *help, char *const *argv, size_t i)
{
    while (argv[i] && strcmp(argv[i], "--") != 0) {
        if (claude_args_is_word(argv[i]))
            return true;
        enum arity arity = open_arity(help, argv[i++]);
        if (argv[i] &&
            (arity == ARITY_ONE || (arity == ARITY_OPTIONAL && claude_args_is_word(argv[i]))))
            i++;
        while (arity == ARITY_MANY && claude_args_is_word(argv[i]))
            i++;
    }
    return argv[i] && argv[i + 1];
}

static void take_values(const char *help, char *const *argv, struct spot *spot)
{
    const char *next = argv[spot->at + 1];
    switch (spot->option.arity) {
    case ARITY_ONE:
        if (next)
            spot->words = 2, spot->value = next;
        break;
    case ARITY_OPTIONAL:
        if (claude_args_is_word(next))
            spot->words = 2, spot->value = next;
        break;
    case ARITY_MANY:
        while (claude_args_is_word(argv[spot->at + spot->words]))
            spot->words++;
        break;
    case ARITY_UNKNOWN:
        if (claude_args_is_word(next) && word_follows(help, argv, spot->at + 2))
            spot->words = 2;
        break;
    case ARITY_NONE:
        break;
    }
}

struct spot claude_args_option(char *const *argv, size_t at, struct claude_args *args)
{
    const char *word = argv[at];
    struct spot spot = {.at = at, .words = 1};
    if (word[1] == '-') {
        size_t length = strcspn(word, "=");
        spot.option = look_up(args, word, length);
        if (word[length] == '=')
            spot.value = word + length + 1;
        else
            take_values(args->help, argv, &spot);
        apply(args, spot.option.meaning, spot.value);
        return spot;
    }
    for (const char *letter = word + 1; *letter; letter++) {
        spot.option = claude_options_short(args->help, *letter);
        bool takes = claude_args_takes_value(&spot.option);
        if (takes && letter[1])
            spot.value = letter + 1;
        else if (takes)
            take_values(args->help, argv, &spot);
        apply(args, spot.option.meaning, spot.value);
        if (takes)
            break;
    }
    return spot;
}

/* Could a subcommand have this name? A prompt of one small word could be one, too. */
static bool is_like_subcommand(const char *word)
{
    return word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0' && word[0];
}

/* The client looks for a subcommand in its first word only; after an option it takes the word for a
 * prompt. */
static void judge_first_word(char *const *argv, struct claude_args *args)
{
    const char *word = argv[args->start];
    if (!claude_args_is_word(word) || !is_like_subcommand(word))
        return;
    args->may_be_subcommand = true;
    args->subcommand = !args->help || claude_options_is_subcommand(args->help, word);
    if (!claude_options_is_subcommand(args->help, word))
        args->unknown = word;
}

void claude_args_parse(char *const *argv, const char *help, struct claude_args *ret_args)
{
    struct claude_args args = {.start = claude_args_start(argv), .help = help};
    size_t i = args.start;
    while (argv[i]) {
        if (strcmp(argv[i], "--") == 0) {
            if (!args.prompt && argv[i + 1])
                args.prompt = i + 1;
            break;
        }
        if (claude_args_is_word(argv[i])) {
            if (!args.prompt)
                args.prompt = i;
            i++;
            continue;
        }
        i += claude_args_option(argv, i, &args).words;
    }
    while (argv[i])
        i++;
    args.count = i;
    judge_first_word(argv, &args);
    *ret_args = args;
}
