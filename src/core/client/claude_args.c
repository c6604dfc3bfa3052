#include "core/client/claude_args_parts.h"

#include "base/path.h"

#include <stdlib.h>
#include <string.h>

static const struct claude_option known_options[] = {
    {"--print", 'p', ARITY_NONE, MEANS_PRINT},
    {"--bare", 0, ARITY_NONE, MEANS_BARE},
    {"--no-session-persistence", 0, ARITY_NONE, MEANS_NO_PERSISTENCE},
    {"--fork-session", 0, ARITY_NONE, MEANS_FORK},
    {"--continue", 'c', ARITY_NONE, MEANS_CONTINUE},
    {"--resume", 'r', ARITY_OPTIONAL, MEANS_RESUME},
    {"--session-id", 0, ARITY_ONE, MEANS_SESSION_ID},
    {"--model", 0, ARITY_ONE, MEANS_MODEL},
    {"--settings", 0, ARITY_ONE, MEANS_SETTINGS},
    {"--input-format", 0, ARITY_ONE, MEANS_INPUT_FORMAT},
    {"--verbose", 0, ARITY_NONE, MEANS_NOTHING},
    {"--dangerously-skip-permissions", 0, ARITY_NONE, MEANS_NOTHING},
    {"--include-partial-messages", 0, ARITY_NONE, MEANS_NOTHING},
    {"--replay-user-messages", 0, ARITY_NONE, MEANS_NOTHING},
    {"--strict-mcp-config", 0, ARITY_NONE, MEANS_NOTHING},
    {"--ide", 0, ARITY_NONE, MEANS_NOTHING},
    {"--add-dir", 0, ARITY_MANY, MEANS_NOTHING},
    {"--allowedTools", 0, ARITY_MANY, MEANS_NOTHING},
    {"--allowed-tools", 0, ARITY_MANY, MEANS_NOTHING},
    {"--disallowedTools", 0, ARITY_MANY, MEANS_NOTHING},
    {"--disallowed-tools", 0, ARITY_MANY, MEANS_NOTHING},
    {"--betas", 0, ARITY_MANY, MEANS_NOTHING},
    {"--file", 0, ARITY_MANY, MEANS_NOTHING},
    {"--mcp-config", 0, ARITY_MANY, MEANS_NOTHING},
    {"--tools", 0, ARITY_MANY, MEANS_NOTHING},
    {"--agent", 0, ARITY_ONE, MEANS_NOTHING},
    {"--agents", 0, ARITY_ONE, MEANS_NOTHING},
    {"--append-system-prompt", 0, ARITY_ONE, MEANS_NOTHING},
    {"--append-system-prompt-file", 0, ARITY_ONE, MEANS_NOTHING},
    {"--debug-file", 0, ARITY_ONE, MEANS_NOTHING},
    {"--effort", 0, ARITY_ONE, MEANS_NOTHING},
    {"--fallback-model", 0, ARITY_ONE, MEANS_NOTHING},
    {"--json-schema", 0, ARITY_ONE, MEANS_NOTHING},
    {"--max-budget-usd", 0, ARITY_ONE, MEANS_NOTHING},
    {"--max-turns", 0, ARITY_ONE, MEANS_NOTHING},
    {"--name", 'n', ARITY_ONE, MEANS_NOTHING},
    {"--output-format", 0, ARITY_ONE, MEANS_NOTHING},
    {"--permission-mode", 0, ARITY_ONE, MEANS_NOTHING},
    {"--permission-prompt-tool", 0, ARITY_ONE, MEANS_NOTHING},
    {"--plugin-dir", 0, ARITY_ONE, MEANS_NOTHING},
    {"--plugin-url", 0, ARITY_ONE, MEANS_NOTHING},
    {"--remote-control-session-name-prefix", 0, ARITY_ONE, MEANS_NOTHING},
    {"--setting-sources", 0, ARITY_ONE, MEANS_NOTHING},
    {"--system-prompt", 0, ARITY_ONE, MEANS_NOTHING},
    {"--system-prompt-file", 0, ARITY_ONE, MEANS_NOTHING},
    {"--debug", 'd', ARITY_OPTIONAL, MEANS_NOTHING},
    {"--from-pr", 0, ARITY_OPTIONAL, MEANS_NOTHING},
    {"--prompt-suggestions", 0, ARITY_OPTIONAL, MEANS_NOTHING},
    {"--remote-control", 0, ARITY_OPTIONAL, MEANS_NOTHING},
    {"--worktree", 'w', ARITY_OPTIONAL, MEANS_NOTHING},
    {"--help", 'h', ARITY_NONE, MEANS_NOTHING},
    {"--version", 'v', ARITY_NONE, MEANS_NOTHING},
};

static const struct claude_option unknown_option = {"", 0, ARITY_UNKNOWN, MEANS_NOTHING};

static const char *const subcommands[] = {
    "agents", "auth",    "auto-mode", "doctor",      "gateway",     "install", "mcp",
    "plugin", "plugins", "project",   "setup-token", "ultrareview", "update",  "upgrade",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

size_t claude_args_start(char *const *argv)
{
    if (strstr(path_name(argv[0]), "claude"))
        return 1;
    for (size_t i = 1; argv[i]; i++)
        if (argv[i][0] != '-' && strstr(path_name(argv[i]), "claude"))
            return i + 1;
    return 1;
}

static const struct claude_option *find_long(const char *word, size_t length)
{
    for (size_t i = 0; i < COUNT(known_options); i++)
        if (strlen(known_options[i].name) == length &&
            memcmp(known_options[i].name, word, length) == 0)
            return &known_options[i];
    return &unknown_option;
}

const struct claude_option *claude_args_short(char letter)
{
    for (size_t i = 0; i < COUNT(known_options); i++)
        if (known_options[i].letter == letter)
            return &known_options[i];
    return &unknown_option;
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
    case MEANS_NOTHING:
        break;
    }
}

bool claude_args_is_word(const char *word)
{
    return word && (word[0] != '-' || !word[1]);
}

bool claude_args_takes_value(const struct claude_option *option)
{
    return option->arity == ARITY_ONE || option->arity == ARITY_OPTIONAL;
}

/* The option in this word that takes what stands behind it; the unknown one if there is none. */
static const struct claude_option *open_option(const char *word)
{
    if (word[1] == '-')
        return strchr(word, '=') ? &unknown_option : find_long(word, strlen(word));
    for (const char *letter = word + 1; *letter; letter++)
        if (claude_args_takes_value(claude_args_short(*letter)))
            return letter[1] ? &unknown_option : claude_args_short(*letter);
    return &unknown_option;
}

/* Does a positional follow at or after `i`, with only complete options between? What other unknown
 * options take is not asked: that question would ask itself again and again. */
static bool word_follows(char *const *argv, size_t i)
{
    while (argv[i] && strcmp(argv[i], "--") != 0) {
        if (claude_args_is_word(argv[i]))
            return true;
        enum arity arity = open_option(argv[i++])->arity;
        if (argv[i] &&
            (arity == ARITY_ONE || (arity == ARITY_OPTIONAL && claude_args_is_word(argv[i]))))
            i++;
        while (arity == ARITY_MANY && claude_args_is_word(argv[i]))
            i++;
    }
    return argv[i] && argv[i + 1];
}

static void take_values(char *const *argv, struct spot *spot)
{
    const char *next = argv[spot->at + 1];
    switch (spot->option->arity) {
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
        if (claude_args_is_word(next) && word_follows(argv, spot->at + 2))
            spot->words = 2;
        break;
    case ARITY_NONE:
        break;
    }
}

struct spot claude_args_option(char *const *argv, size_t at, struct claude_args *args)
{
    const char *word = argv[at];
    struct spot spot = {.at = at, .words = 1, .option = &unknown_option};
    if (word[1] == '-') {
        size_t length = strcspn(word, "=");
        spot.option = find_long(word, length);
        if (word[length] == '=')
            spot.value = word + length + 1;
        else
            take_values(argv, &spot);
        apply(args, spot.option->meaning, spot.value);
        return spot;
    }
    for (const char *letter = word + 1; *letter; letter++) {
        spot.option = claude_args_short(*letter);
        bool takes = claude_args_takes_value(spot.option);
        if (takes && letter[1])
            spot.value = letter + 1;
        else if (takes)
            take_values(argv, &spot);
        apply(args, spot.option->meaning, spot.value);
        if (takes)
            break;
    }
    return spot;
}

static bool is_subcommand(const char *word)
{
    for (size_t i = 0; i < COUNT(subcommands); i++)
        if (strcmp(subcommands[i], word) == 0)
            return true;
    return false;
}

void claude_args_parse(char *const *argv, struct claude_args *ret_args)
{
    struct claude_args args = {.start = claude_args_start(argv)};
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
    args.subcommand = args.prompt == args.start && args.prompt && is_subcommand(argv[args.prompt]);
    *ret_args = args;
}
