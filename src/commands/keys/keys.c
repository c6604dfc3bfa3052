#include "commands/keys/keys.h"

#include "base/cleanup.h"
#include "base/nearest.h"
#include "base/shellword.h"
#include "commands/command.h"
#include "commands/host.h"
#include "commands/output.h"
#include "core/pool/keyenv.h"
#include "core/pool/keyring.h"
#include "system/keys/keysource.h"
#include "system/keys/passphrase.h"
#include "system/log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

#define TOKEN_START "sk-ant-"
#define TOKEN_SHORTEST                                                                             \
    12 /* tokens are looked for only after that: a file may be called sk-ant-notes */

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage; /* a message shows its lines as one */
    const char *help;
} verbs[] = {
    {"list", keys_list, "[--json] [--color WHEN]", "the keys, never their secrets"},
    {"add", keys_add,
     "NAME [--master] [--kind KIND] [--organization NAME]\n"
     "[--priority N] [--expires WHEN] [--at-most N/day]\n"
     "[--budget N/day] [--base-url URL [--plain-http]]\n"
     "[--token-file FILE | --config-dir DIR | --keychain SERVICE\n"
     "| --token-command COMMAND ARG...]",
     "add one; its token is asked for, or read from standard input"},
    {"renew", keys_renew, "NAME [--expires WHEN]",
     "give one a new token; everything else of it stays"},
    {"login", keys_login, "NAME [--config-dir DIR] [--organization ORG] [--priority N]",
     "have Claude Code log in, and take its token: none is typed or shown"},
    {"refresh", keys_refresh, "NAME... [--if-due] [--quiet]",
     "renew logins with their refresh tokens"},
    {"set", keys_set,
     "NAME... [--organization NAME] [--priority N] [--expires WHEN]\n"
     "[--at-most N/day] [--budget N/day] [--base-url URL [--plain-http]]\n"
     "[--kind KIND]",
     "change what else is said of keys; an empty value takes it out"},
    {"edit", keys_edit, "", "open the key file in an editor, and check it before it is used"},
    {"show", keys_show, "NAME [--json]", "everything about a key but its secret"},
    {"remove", keys_remove, "NAME...", "remove keys"},
    {"rename", keys_rename, "OLD NEW", "give a key another name"},
    {"enable", keys_enable, "NAME...", "use keys again"},
    {"disable", keys_disable, "NAME...", "keep keys unused"},
    {"order", keys_order, "NAME...", "set in which order the pool's keys are tried"},
    {"fallback", keys_fallback, "RULES",
     "set which models follow others (OPUS=SONNET,...;...); \"\": none"},
    {"check", keys_check,
     "[--all | NAME...] [--json] [--timeout TIME]\n"
     "[--note-organization]",
     "ask their providers whether they are valid"},
    {"import", keys_import, "FILE [--dry-run] [--prefix TEXT]",
     "add the keys of another tool's file; - is standard input"},
    {"seal", keys_seal, "[--limits interactive|moderate]",
     "encrypt the key file under a passphrase"},
    {"unseal", keys_unseal, "", "decrypt it for good"},
};

#define VERB_COUNT (sizeof verbs / sizeof verbs[0])

/* What other programs call it. */
static const char *translate(const char *word)
{
    static const char *const others[][2] = {
        {"rm", "remove"}, {"delete", "remove"}, {"ls", "list"}, {"mv", "rename"}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(others[i][0], word) == 0)
            return others[i][1];
    return word;
}

static const struct verb *find_verb(const char *name)
{
    name = translate(name);
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

bool keys_has_verb(const char *word)
{
    return find_verb(word) != NULL;
}

int keys_say_usage(const char *verb)
{
    const char *usage = find_verb(verb)->usage;
    log_say("usage: tcr-run keys %s%s%s", verb, *usage ? " " : "", usage);
    return EXIT_OWN_FAILURE;
}

static bool use_descriptor(const char *text)
{
    char *end;
    long fd = isdigit((unsigned char)*text) ? strtol(text, &end, 10) : -1;
    if (fd < 0 || fd > 1000000 || *end || fcntl((int)fd, F_GETFD) < 0) {
        log_say("keys: --passphrase-fd: expected the number of an open file descriptor, found %s",
                text);
        return false;
    }
    passphrase_use_descriptor((int)fd);
    return true;
}

int keys_take(int argc, char **argv, const struct flag *flags, struct options *ret_options)
{
    char who[32];
    const char *descriptor = NULL, *seal = NULL; /* passed by a gateway: what opens a sealed file */
    const struct flag common[] = {{"keys", 'f', NULL, &ret_options->keys_file},
                                  {"profile", 'p', NULL, &ret_options->profile},
                                  {"passphrase-fd", 0, NULL, &descriptor},
                                  {"seal-fd", 0, NULL, &seal},
                                  {0}};
    *ret_options = (struct options){0};
    snprintf(who, sizeof who, "keys %s", argv[0]);
    int words = arguments_take(argc, argv, flags, common, who);
    if (words >= 0 && seal)
        (void)passphrase_take_over(atoi(seal));
    return words >= 0 && descriptor && !use_descriptor(descriptor) ? -1 : words;
}

bool keys_parse(int argc, char **argv, const struct flag *flags, int least, int most,
                struct options *ret_options)
{
    int words = keys_take(argc, argv, flags, ret_options);
    if (words >= 0 && ret_options->profile) {
        log_say("keys %s: --profile has no meaning here", argv[0]);
        words = -1;
    }
    if (words >= least && words <= most)
        return true;
    /* The words are not shown: one of them may be a secret. */
    if (words >= 0)
        log_say("keys %s: expected %s, found %d %s%s", argv[0],
                least == most ? (most == 0   ? "no words"
                                 : most == 1 ? "one word"
                                             : "two words")
                              : "names",
                words, words == 1 ? "word" : "words",
                words > most ? "; a token is never one of them" : "");
    (void)keys_say_usage(argv[0]);
    return false;
}

int keys_fail(const char *path, struct buffer *error, int r)
{
    struct buffer prefix = {0};
    buffer_append_format(&prefix, "%s: ", path);
    if (error->length > 0 && r != -ENOMEM)
        log_say_lines(buffer_text(&prefix), buffer_text(error));
    else
        log_say("%s: %s", path, r == -ENOMEM ? "out of memory" : strerror(-r));
    buffer_finish(&prefix);
    buffer_finish(error);
    return EXIT_OWN_FAILURE;
}

char *keys_path(const struct options *options)
{
    char *path = keysource_path(options->keys_file, environ);
    if (!path)
        log_say("keys: there is no home folder to keep keys in; name a file with --keys");
    return path;
}

int keys_open(const struct options *options, struct keychange *ret_change)
{
    struct buffer error = {0};
    *ret_change = (struct keychange){0};
    char *path = keys_path(options);
    int r = path ? keychange_open(path, &command_host, ret_change, &error) : 0;
    int status = !path ? EXIT_OWN_FAILURE : r < 0 ? keys_fail(path, &error, r) : 0;
    buffer_finish(&error);
    free(path);
    return status;
}

int keys_open_existing(const struct options *options, struct keychange *ret_change)
{
    int status = keys_open(options, ret_change);
    if (status != 0 || ret_change->exists)
        return status;
    CLEANUP_FREE char *word = options->keys_file ? shellword_copy(ret_change->path) : NULL;
    log_say("%s: there is no such file; to make it: tcr-run keys add NAME%s%s", ret_change->path,
            word ? " -f " : "", word ? word : "");
    return EXIT_OWN_FAILURE;
}

/* A pool in the environment no longer counts once there is a file. Nobody should learn that from a
 * bill. */
void keys_say_what_is_hidden(const struct keychange *change)
{
    struct keyring keyring;
    struct keyring_report report = {0};
    if (keyenv_parse(environ, &keyring, &report) > 0) {
        log_say("%s: created; runs no longer use the environment's keys", change->path);
        log_say("to add those to the file: env | tcr-run keys import -");
    }
    keyring_finish(&keyring);
    keyring_report_finish(&report);
}

int keys_change(struct keychange *change, keychange_edit *edit, void *context)
{
    struct buffer error = {0};
    int r = keychange_apply(change, edit, context, &error);
    if (r < 0)
        return keys_fail(change->path, &error, r);
    buffer_finish(&error);
    if (!change->exists)
        keys_say_what_is_hidden(change);
    return 0;
}

/* Other users can see arguments in the list of processes, and the shell remembers them. */
static bool has_token(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *found = strstr(argv[i], TOKEN_START);
        size_t length = 0;
        while (found && (isalnum((unsigned char)found[strlen(TOKEN_START) + length]) ||
                         found[strlen(TOKEN_START) + length] == '-' ||
                         found[strlen(TOKEN_START) + length] == '_'))
            length++;
        bool named = strcmp(argv[i], "--token") == 0 || strncmp(argv[i], "--token=", 8) == 0;
        if (length < TOKEN_SHORTEST && !named)
            continue;
        log_say("keys: argument %d %s; a token is never taken from the command line, where other "
                "programs see it and the shell keeps it: %s",
                i, named ? "is --token" : "looks like a token",
                named
                    ? "leave it out, tcr-run asks for it"
                    : "leave it out, tcr-run asks for it; better replace this one with a new one");
        return true;
    }
    return false;
}

static void append_usage(struct buffer *text, const struct verb *verb)
{
    char name[64];
    snprintf(name, sizeof name, "tcr-run keys %s", verb->name);
    output_append_usage(text, name, verb->usage);
}

/* What the verbs' options mean; a verb has the options that its usage names. */
static const struct {
    const char *form, *help;
} option_help[] = {
    {"--json", "as JSON"},
    {"--color WHEN", "use colours: auto (on a terminal), always or never"},
    {"--master", "add it as the master key, which is billed by use"},
    {"--kind KIND", "oauth, api, bearer, openai, cursor or env:VARIABLE"},
    {"--organization NAME", "whose it is; keys of one organization rest together"},
    {"--priority N", "lower ones are tried first (0)"},
    {"--expires WHEN", "when the token ends: 2027-03-31, or 90d from now"},
    {"--at-most N/day", "how often the master may be used; also N/hour"},
    {"--budget N/day", "what it may cost in a day, in US dollars: 5.00/day"},
    {"--base-url URL", "the address that it is sent to"},
    {"--plain-http", "allow http:// to another machine"},
    {"--token-file FILE", "the token stands in this file"},
    {"--config-dir DIR", "use the login in this folder of Claude Code"},
    {"--keychain SERVICE", "an item of macOS's login keychain holds the token"},
    {"--token-command COMMAND", "this prints the token; takes the rest of the line"},
    {"--if-due", "only those that end soon"},
    {"--quiet", "say nothing"},
    {"--all", "the disabled keys too"},
    {"--timeout TIME", "how long a provider may take (10s)"},
    {"--note-organization", "note in the key file what the provider told"},
    {"--dry-run", "only show what would be added"},
    {"--prefix TEXT", "put this before each name"},
    {"--limits interactive", "what opening the file costs; moderate costs more"},
};

static bool names_option(const char *usage, const char *form)
{
    size_t length = strcspn(form, " ");
    for (const char *p = usage; (p = strstr(p, "--")); p += 2)
        if (strncmp(p, form, length) == 0 && strchr(" ]\n", p[length]))
            return true;
    return false;
}

static int print_verb_help(const struct verb *verb)
{
    struct buffer text = {0};
    buffer_append_text(&text, "Usage:\n");
    append_usage(&text, verb);
    buffer_append_format(&text, "%c%s.\n\n", toupper((unsigned char)*verb->help), verb->help + 1);
    for (size_t i = 0; i < sizeof option_help / sizeof option_help[0]; i++)
        if (names_option(verb->usage, option_help[i].form))
            buffer_append_format(&text, "      %-22s %s\n", option_help[i].form,
                                 option_help[i].help);
    buffer_append_text(&text, "  -f, --keys FILE            the key file\n"
                              "      --passphrase-fd N      read the passphrase from this "
                              "descriptor\n"
                              "\nManual: tcr-run-keys(1).\n");
    return output_print(&text);
}

static int print_help(void)
{
    struct buffer text = {0};
    buffer_append_text(&text, "Usage: tcr-run keys VERB [ARGUMENT]... [--keys FILE] "
                              "[--passphrase-fd N]\n\n");
    for (size_t i = 0; i < VERB_COUNT; i++)
        buffer_append_format(&text, "  %-8s %s\n", verbs[i].name, verbs[i].help);
    buffer_append_text(&text, "\n");
    for (size_t i = 0; i < VERB_COUNT; i++)
        append_usage(&text, &verbs[i]);
    buffer_append_text(&text, "\nOptions are explained by tcr-run keys VERB --help, and in "
                              "tcr-run-keys(1).\n");
    return output_print(&text);
}

static int refuse_verb(const char *word)
{
    struct buffer names = {0};
    struct nearest nearest = nearest_begin(word ? word : "", word ? strlen(word) : 0);
    for (size_t i = 0; i < VERB_COUNT; i++) {
        buffer_append_format(&names, "%s%s", i ? ", " : "", verbs[i].name);
        nearest_consider(&nearest, verbs[i].name);
    }
    if (nearest.word)
        log_say("keys: unknown verb \"%s\"; did you mean: tcr-run keys %s", word, nearest.word);
    else if (word)
        log_say("keys: unknown verb \"%s\"; expected one of: %s", word, buffer_text(&names));
    else
        log_say("keys: a verb is missing; expected one of: %s", buffer_text(&names));
    buffer_finish(&names);
    return EXIT_OWN_FAILURE;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

int command_keys(int argc, char **argv)
{
    if (argc > 1 && has_token(argc, argv))
        return EXIT_OWN_FAILURE;
    if (argc < 2)
        return refuse_verb(NULL);
    if (asks_for_help(argv[1]))
        return print_help();
    const struct verb *verb = find_verb(argv[1]);
    if (!verb)
        return refuse_verb(argv[1]);
    if (argc == 3 && strcmp(argv[2], "--help") == 0)
        return print_verb_help(verb);
    return verb->run(argc - 1, argv + 1);
}
