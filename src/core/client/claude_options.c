#include "core/client/claude_options.h"

#include <string.h>

/* Options that mean something to us, and those with a letter. */
static const struct known {
    const char *name;
    char letter; /* 0: long form only */
    struct claude_option option;
} known[] = {
    {"--print", 'p', {ARITY_NONE, MEANS_PRINT}},
    {"--bare", 0, {ARITY_NONE, MEANS_BARE}},
    {"--no-session-persistence", 0, {ARITY_NONE, MEANS_NO_PERSISTENCE}},
    {"--fork-session", 0, {ARITY_NONE, MEANS_FORK}},
    {"--continue", 'c', {ARITY_NONE, MEANS_CONTINUE}},
    {"--resume", 'r', {ARITY_OPTIONAL, MEANS_RESUME}},
    {"--session-id", 0, {ARITY_ONE, MEANS_SESSION_ID}},
    {"--model", 0, {ARITY_ONE, MEANS_MODEL}},
    {"--settings", 0, {ARITY_ONE, MEANS_SETTINGS}},
    {"--input-format", 0, {ARITY_ONE, MEANS_INPUT_FORMAT}},
    {"--bg", 0, {ARITY_NONE, MEANS_BACKGROUND}},
    {"--background", 0, {ARITY_NONE, MEANS_BACKGROUND}},
    {"--name", 'n', {ARITY_ONE, MEANS_NOTHING}},
    {"--debug", 'd', {ARITY_OPTIONAL, MEANS_NOTHING}},
    {"--worktree", 'w', {ARITY_OPTIONAL, MEANS_NOTHING}},
    {"--help", 'h', {ARITY_NONE, MEANS_NOTHING}},
    {"--version", 'v', {ARITY_NONE, MEANS_NOTHING}},
    {"", 'm', {ARITY_ONE, MEANS_NOTHING}},
};

/* The others, by what they take. Some are not in the client's own list. */
static const char *const flags[] = {"--verbose",
                                    "--dangerously-skip-permissions",
                                    "--allow-dangerously-skip-permissions",
                                    "--include-partial-messages",
                                    "--include-hook-events",
                                    "--replay-user-messages",
                                    "--forward-subagent-text",
                                    "--strict-mcp-config",
                                    "--ide",
                                    "--ax-screen-reader",
                                    "--brief",
                                    "--chrome",
                                    "--no-chrome",
                                    "--desktop",
                                    "--disable-slash-commands",
                                    "--exclude-dynamic-system-prompt-sections",
                                    "--restricted",
                                    "--safe-mode",
                                    "--tmux",
                                    "--deep-link-origin",
                                    "--plan-mode-required",
                                    "--session-mirror"};

static const char *const takes_one[] = {"--agent",
                                        "--agents",
                                        "--append-system-prompt",
                                        "--append-system-prompt-file",
                                        "--debug-file",
                                        "--effort",
                                        "--fallback-model",
                                        "--json-schema",
                                        "--max-budget-usd",
                                        "--max-turns",
                                        "--output-format",
                                        "--permission-mode",
                                        "--permission-prompt-tool",
                                        "--plugin-dir",
                                        "--plugin-url",
                                        "--remote-control-session-name-prefix",
                                        "--setting-sources",
                                        "--system-prompt",
                                        "--system-prompt-file",
                                        "--thinking",
                                        "--thinking-display",
                                        "--max-thinking-tokens",
                                        "--task-budget",
                                        "--advisor",
                                        "--autocompact",
                                        "--fast-mode",
                                        "--permission-prompts",
                                        "--inherit-permission-mode",
                                        "--proactivity",
                                        "--system-prompt-snapshot",
                                        "--append-subagent-system-prompt",
                                        "--append-subagent-system-prompt-file",
                                        "--plan-mode-instructions",
                                        "--managed-settings",
                                        "--plugin-dir-no-mcp",
                                        "--prefill",
                                        "--prefill-b64",
                                        "--workload",
                                        "--rewind-files",
                                        "--resume-session-at",
                                        "--resume-drops-turn",
                                        "--environment",
                                        "--pool",
                                        "--ref",
                                        "--on-branch",
                                        "--metadata",
                                        "--correlation-id",
                                        "--forward-home-settings",
                                        "--project-config-root",
                                        "--routine",
                                        "--exec",
                                        "--agent-id",
                                        "--agent-name",
                                        "--agent-type",
                                        "--agent-color",
                                        "--team-name",
                                        "--teammate-mode",
                                        "--parent-session-id",
                                        "--lead-verify-key",
                                        "--client-data-url",
                                        "--watch-artifact",
                                        "--watch-artifact-no-autoreact",
                                        "--initialize-fields",
                                        "--sdk-url",
                                        "--messaging-socket-path",
                                        "--attach-serve",
                                        "--runner-declares",
                                        "--session-began-as-copy",
                                        "--deep-link-repo",
                                        "--deep-link-last-fetch",
                                        "--deep-link-cwd-b64",
                                        "--handle-uri"};

static const char *const takes_optional[] = {"--from-pr",        "--prompt-suggestions",
                                             "--remote-control", "--teleport",
                                             "--cloud",          "--remote",
                                             "--project",        "--rc"};

static const char *const takes_many[] = {"--add-dir",
                                         "--allowedTools",
                                         "--allowed-tools",
                                         "--disallowedTools",
                                         "--disallowed-tools",
                                         "--betas",
                                         "--file",
                                         "--mcp-config",
                                         "--tools",
                                         "--channels",
                                         "--dangerously-load-development-channels"};

static const struct group {
    const char *const *names;
    size_t count;
    enum arity arity;
} groups[] = {
    {flags, sizeof flags / sizeof *flags, ARITY_NONE},
    {takes_one, sizeof takes_one / sizeof *takes_one, ARITY_ONE},
    {takes_optional, sizeof takes_optional / sizeof *takes_optional, ARITY_OPTIONAL},
    {takes_many, sizeof takes_many / sizeof *takes_many, ARITY_MANY},
};

static const char *const subcommands[] = {
    "agents",      "attach",  "auth",           "auto-mode",   "bridge",  "daemon",
    "doctor",      "gateway", "help",           "import",      "install", "kill",
    "logs",        "mcp",     "plugin",         "plugins",     "project", "purge",
    "rc",          "remote",  "remote-control", "respawn",     "rm",      "self-hosted-runner",
    "setup-token", "stop",    "sync",           "ultrareview", "update",  "upgrade"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_among(const char *const *names, size_t count, const char *word, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(names[i]) == length && memcmp(names[i], word, length) == 0)
            return true;
    return false;
}

static struct claude_option find(const char *word, size_t length)
{
    for (size_t i = 0; i < COUNT(known); i++)
        if (is_among(&known[i].name, 1, word, length))
            return known[i].option;
    for (size_t i = 0; i < COUNT(groups); i++)
        if (is_among(groups[i].names, groups[i].count, word, length))
            return (struct claude_option){groups[i].arity, MEANS_NOTHING};
    return (struct claude_option){ARITY_UNKNOWN, MEANS_NOTHING};
}

/* The client knows best what its options take. */
static struct claude_option correct(struct claude_option option, const char *help, const char *word,
                                    size_t length)
{
    enum arity said = claude_help_arity(help, word, length);
    if (said != ARITY_UNKNOWN)
        option.arity = said;
    return option;
}

struct claude_option claude_options_long(const char *help, const char *word, size_t length)
{
    return correct(find(word, length), help, word, length);
}

struct claude_option claude_options_short(const char *help, char letter)
{
    const char word[] = {'-', letter};
    struct claude_option option = {ARITY_UNKNOWN, MEANS_NOTHING};
    for (size_t i = 0; i < COUNT(known); i++)
        if (known[i].letter == letter)
            option = known[i].option;
    return correct(option, help, word, sizeof word);
}

bool claude_options_is_subcommand(const char *help, const char *word)
{
    return is_among(subcommands, COUNT(subcommands), word, strlen(word)) ||
           claude_help_has_command(help, word);
}
