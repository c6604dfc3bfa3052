#include "commands/help.h"

#include "commands/command.h"
#include "commands/output.h"
#include "config.h"
#include "core/client/options.h"

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
    "  doctor [--json]        what is broken, and how to fix it\n"
    "  keys list|show|check|add|renew|remove|...    the key file; see keys --help\n"
    "  reset [NAME]...        forget cooldowns and failures\n"
    "  gateway [start|stop|status|token]      for programs that go on by themselves\n"
    "  explain [OPTION]... -- COMMAND         what a run would do\n"
    "  classify [--exit N] [--stderr FILE] [FILE]   how it judges this output\n"
    "\n"
    "Keys: ~/.config/tcr/keys.json or the environment. Manual: tcr-run(1).\n";

int command_help(int argc, char **argv)
{
    (void)argc, (void)argv;
    struct buffer text = {0};
    buffer_append_text(&text, head);
    options_describe(&text);
    buffer_append_text(&text, tail);
    return output_print(&text);
}

int command_version(void)
{
    struct buffer text = {0};
    buffer_append_text(&text, "tcr-run " TCR_VERSION "\n");
    return output_print(&text);
}
