#include "commands/gateway/gateway.h"
#include "commands/output.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* What the verbs' options mean. A verb has those that its usage names; start, and what starts it
 * later, all that serve. */
static const struct {
    const char *form, *help;
    bool serves;
} options[] = {
    {"-d, --detach", "in the background", false},
    {"-n, --dry-run", "only show what would be written", false},
    {"    --launchd", "for launchd, as on macOS, instead of systemd", false},
    {"    --listen ADDR", "PORT, ADDRESS:PORT or [ADDRESS]:PORT; repeatable", true},
    {"    --hold TIME", "how long a request waits for a key to be ready", true},
    {"    --keep TIME", "how long usage is kept (90d); 0: none is recorded", true},
    {"    --tls-cert FILE", "speak TLS where other machines reach it", true},
    {"    --tls-key FILE", "the key of that certificate", true},
    {"    --behind-proxy", "a proxy in front of it speaks TLS", true},
    {"-k, --key NAME", "use this key and no other", true},
    {"    --kind KINDS", "one key of each, such as openai,anthropic", true},
    {"    --no-master", "never use the master key", true},
    {"    --model-fallback RULES", "go on with another model: OPUS=SONNET;...", true},
    {"    --no-model-fallback", "go on with no other model", true},
    {"    --max-per-key N", "have at most N sessions on a key; others wait", true},
    {"    --cooldown SPEC", "60 for every class, or auth=2h,limit=10m", true},
    {"    --retry-on CLASSES", "which failures go on with the next key", true},
    {"    --retries N", "pool keys to try for each request (5, the most)", true},
    {"    --expires WHEN", "when the user's key ends: 90d from now, or a date", false},
    {"    --models GLOB,...", "which models the user may ask for", false},
    {"    --per-day MONEY", "what the user may use: 5.00, or 200 requests", false},
    {"    --json", "as JSON", false},
    {"    --color WHEN", "use colours: auto, always or never", false},
    {"    --print", "show the link, good once and for a minute", false},
    {"-f, --keys FILE", "read the keys from FILE", true},
    {"-p, --profile NAME", "the gateway with the keys of this profile", true},
};

/* By its long name, or by the letter. */
static bool names_option(const char *usage, const char *form)
{
    const char *name = strstr(form, "--");
    size_t length = strcspn(name, " ");
    for (const char *p = usage; (p = strchr(p, '-')); p++) {
        bool by_name = strncmp(p, name, length) == 0 && strchr(" ]\n", p[length]);
        bool by_letter = p > usage && p[-1] == '[' && p[1] == form[1] && p[2] == ']';
        if (by_name || (by_letter && form[0] == '-'))
            return true;
    }
    return false;
}

int gateway_help(const char *name, const char *usage, const char *what)
{
    bool serves = strcmp(name, "start") == 0 || strstr(usage, "options of start");
    struct buffer text = {0};
    buffer_append_format(&text, "Usage:\n  tcr-run gateway %s%s", name, *usage ? " " : "");
    for (const char *p = usage; *p; p++)
        buffer_append_format(&text, *p == '\n' ? "%c      " : "%c", *p);
    buffer_append_format(&text, "\n%c%s.\n\n", toupper((unsigned char)*what), what + 1);
    size_t before = text.length;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if ((serves && options[i].serves) || names_option(usage, options[i].form))
            buffer_append_format(&text, "  %-26s %s\n", options[i].form, options[i].help);
    buffer_append_text(&text, text.length > before ? "\nManual: tcr-run-gateway(1).\n"
                                                   : "Manual: tcr-run-gateway(1).\n");
    return output_print(&text);
}
