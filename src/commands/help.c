#include "commands/help.h"

#include "commands/output.h"
#include "config.h"
#include "core/client/options.h"

#include <stddef.h>
#include <string.h>

static const char head[] =
    "Usage: tcr-run [OPTION]... -- COMMAND [ARG]...\n"
    "Run COMMAND with one key of a pool; when it is used up, carry on with the next.\n"
    "To begin: tcr-run keys add NAME, for each key (claude setup-token makes one).\n"
    "\n";

static const char tail[] =
    "\n"
    "Subcommands:\n"
    "  status [--json|--prometheus|--watch]   the keys and what is known about them\n"
    "  log [-f] [--json] [--key NAME] [--since TIME] [-n N]     what happened\n"
    "  usage [--by WHAT] [--since TIME] [--json|--csv]   what requests took\n"
    "  doctor [--json]        what is broken, and how to fix it\n"
    "  keys list|show|check|add|renew|remove|...    the key file; see keys --help\n"
    "  reset [NAME]...        forget cooldowns and failures\n"
    "  gateway [start|stop|status|install|...]  for programs that go on by themselves\n"
    "  setup PROGRAM [--undo]     claude, shell, aider or cursor uses the gateway\n"
    "  explain [OPTION]... -- COMMAND         what a run would do\n"
    "  classify [--exit N] [--stderr FILE] [FILE]    how it judges this output\n"
    "\n"
    "Keys: ~/.config/tcr/keys.json or the environment. Manual: tcr-run(1).\n";

#define COLOR_OPTION "      --color WHEN       use colours: auto (on a terminal), always or never\n"
#define POOL_OPTIONS                                                                               \
    "  -f, --keys FILE        read the keys from FILE\n"                                           \
    "  -p, --profile NAME     only the keys of this profile\n"

/* `keys` and `gateway` have verbs, and help of their own. */
static const struct topic {
    const char *name, *usage, *text, *manual;
    bool takes_run_options;
} topics[] = {
    {"status", "[OPTION]...",
     "The keys and what is known about them.\n\n"
     "      --json             as JSON\n"
     "      --line             one short line, for a prompt or a status bar\n"
     "      --prometheus       as metrics\n"
     "  -w, --watch            fill the terminal, anew every second; q ends it\n" COLOR_OPTION
         POOL_OPTIONS,
     "tcr-run-status(1)", false},
    {"log", "[OPTION]...",
     "What happened, newest last.\n\n"
     "  -f, --follow           go on with what is added\n"
     "      --json             the lines as they are in events.jsonl\n"
     "  -k, --key NAME         only about this key\n"
     "      --since TIME       not older than this: 2h, 3d\n"
     "  -n, --lines N          only the last N lines\n",
     "tcr-run-log(1)", false},
    {"usage", "[OPTION]...",
     "How many requests went through gateways, their tokens, and what those cost.\n\n"
     "      --by WHAT          key, model, day, session or user (key)\n"
     "      --since TIME       not older than this: 2h, today (30d)\n"
     "      --json             as JSON\n"
     "      --csv              as comma-separated values\n" COLOR_OPTION,
     "tcr-run-usage(1)", false},
    {"doctor", "[OPTION]...",
     "What is broken, and how to fix it. Nothing is changed.\n\n"
     "      --json             as JSON\n" COLOR_OPTION POOL_OPTIONS,
     "tcr-run-doctor(1)", false},
    {"reset", "[NAME]... [OPTION]...",
     "Forget the rests and failures of these keys; without names, of all.\n\n" POOL_OPTIONS,
     "tcr-run(1)", false},
    {"classify", "[OPTION]... [FILE]",
     "How a run would judge this output, or standard input.\n\n"
     "      --exit N           the exit status of the command (1)\n"
     "      --json             as JSON\n"
     "      --stderr FILE      what it wrote to standard error\n",
     "tcr-run(1)", false},
    {"explain", "[OPTION]... -- COMMAND [ARG]...",
     "What a run would do: the key, the environment, the arguments. Nothing is run.\n\n"
     "      --json             as JSON\n",
     "tcr-run(1)", true},
    {"version", "", "Show the version; the same as --version.\n", "tcr-run(1)", false},
    {"help", "[SUBCOMMAND [VERB]]", "Show how tcr-run or a part of it is used.\n", "tcr-run(1)",
     false},
};

bool help_show(const char *name, int *ret_status)
{
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        const struct topic *topic = &topics[i];
        struct buffer text = {0};
        if (strcmp(topic->name, name) != 0)
            continue;
        buffer_append_format(&text, "Usage: tcr-run %s%s%s\n%s", name, *topic->usage ? " " : "",
                             topic->usage, topic->text);
        if (topic->takes_run_options)
            options_describe(&text);
        buffer_append_format(&text, "\nManual: %s.\n", topic->manual);
        *ret_status = output_print(&text);
        return true;
    }
    return false;
}

int help_show_all(void)
{
    struct buffer text = {0};
    buffer_append_text(&text, head);
    options_describe(&text);
    buffer_append_text(&text, tail);
    return output_print(&text);
}

int help_show_version(void)
{
    struct buffer text = {0};
    buffer_append_text(&text, "tcr-run " TCR_VERSION "\n");
    return output_print(&text);
}
