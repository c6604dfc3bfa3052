#include "commands/run/session.h"

#include "base/variable.h"
#include "commands/command.h"
#include "core/client/environment.h"
#include "system/keys/claude_files.h"
#include "system/log.h"
#include "system/process/clienthelp.h"
#include "system/process/process.h"
#include "system/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* A random UUID (version 4). */
static void fresh_uuid(char ret_id[CLIENT_SESSION_ID])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char b[16];
    char *to = ret_id;
    random_fill(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof b; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        *to++ = digits[b[i] >> 4];
        *to++ = digits[b[i] & 0x0f];
    }
    *to = '\0';
}

void session_rename(struct session *session)
{
    if (session->call.names_session)
        fresh_uuid(session->call.session_id);
    session->session_exists = session->work_begun = false;
}

static void stamp_start(struct session *session)
{
    struct timespec now;
    struct tm civil;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (!gmtime_r(&now.tv_sec, &civil))
        return;
    size_t length = strftime(session->since, sizeof session->since, "%Y-%m-%dT%H:%M:%S", &civil);
    snprintf(session->since + length, sizeof session->since - length, ".%03uZ",
             (unsigned)(now.tv_nsec / 1000000) % 1000);
}

/* Where the transcript ends now, so that only rows of this run count. */
static void find_session_start(struct session *session)
{
    struct client_call *call = &session->call;
    if (!call->has_session)
        return;
    if (!*call->session_id && call->claude.continues)
        (void)claude_newest_session(session->config, call->session_id, sizeof call->session_id);
    if (!*call->session_id || call->names_session)
        return;
    char *path = claude_session_path(session->config, call->session_id);
    session->run_offset = claude_session_size(path);
    free(path);
}

/* A runner such as npx leaves no program that could be asked. */
bool session_asks_client(const struct session *session)
{
    const struct client_call *call = &session->call;
    return call->id == CLIENT_CLAUDE && call->claude.unknown && call->claude.start == 1 &&
           !session->help;
}

/* What settings files decide about the run. The client complains about those that cannot be read;
 * memory that runs out here runs out in the handover as well. */
static void read_settings(struct session *session)
{
    const struct environment_plan plan = {.keep = &session->options->keep,
                                          .scrub = &session->options->scrub,
                                          .clean = session->options->clean_env};
    struct client_call *call = &session->call;
    struct claude_settings_files *files = &session->settings;
    struct settings_source own = {0};
    const char *given = call->claude.settings;
    if (given && *given)
        (void)claude_settings_own(given, &own);
    (void)claude_settings_read(session->environment, session->config, files);
    call->claude.bare |=
        settings_are_simple(files->sources, files->count, &own,
                            environment_passed(session->environment, &plan, "CLAUDE_CODE_SIMPLE"));
    if (!settings_variable(files->sources, files->count, &own, true, "ANTHROPIC_MODEL",
                           session->model_set, sizeof session->model_set))
        *session->model_set = '\0';
    claude_settings_source_finish(&own);
}

static void say_of_arguments(const struct session *session)
{
    const struct claude_args *args = &session->call.claude;
    if (args->background)
        log_warn("--bg: its service keeps this run's key, for later --bg runs as well");
    if (args->subcommand && args->unknown)
        log_explain("\"%s\" may be a subcommand of Claude Code; it gets no option of ours",
                    args->unknown);
}

static int open_client(struct session *session)
{
    char id[CLIENT_SESSION_ID];
    const struct options *options = session->options;
    bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    fresh_uuid(id);
    client_analyse(options->command, options, terminal, id, NULL, &session->call);
    if (session->call.id != CLIENT_CLAUDE)
        return 0;
    if (session_asks_client(session))
        session->help = clienthelp_load(options->command[0]);
    if (session->help)
        client_analyse(options->command, options, terminal, id, session->help, &session->call);
    say_of_arguments(session);
    session->config = claude_config_folder(environ);
    if (!session->config) {
        log_say("there is no home folder: set HOME or CLAUDE_CONFIG_DIR");
        return EXIT_OWN_FAILURE;
    }
    if (!session->call.claude.subcommand)
        read_settings(session);
    stamp_start(session);
    find_session_start(session);
    return 0;
}

bool session_needs_translation(const struct session *session, const struct key *key)
{
    return session->translates && key->kind.id == KIND_OPENAI;
}

static bool slot_can_use(const struct kind *kind, const void *context)
{
    const struct asker *asker = context;
    if (asker->session->translates && kind->id == KIND_OPENAI)
        return true;
    /* A credential that Claude Code cannot log in with may still be needed by a tool that it
     * starts. */
    bool other = asked_provider(asker->kind) != PROVIDER_ANTHROPIC;
    return asked_covers(asker->kind, kind) &&
           (other || client_can_use(kind, &asker->session->call));
}

_Static_assert(ASKED_MOST <= CHOICE_SLOTS, "a choice takes all slots");

static const char *model_of(const struct session *session)
{
    const char *model = session->call.claude.model;
    if (session->call.id != CLIENT_CLAUDE)
        return NULL;
    if (!model && *session->model_set)
        model = session->model_set;
    return model ? model : variable_value(session->environment, "ANTHROPIC_MODEL");
}

static bool asks_for(const struct session *session, const struct key *key)
{
    for (size_t i = 0; i < session->asked.count; i++)
        if (!key->kind_known || asked_covers(session->asked.names[i], &key->kind))
            return true;
    return false;
}

static int check_kinds(const struct session *session, bool is_claude, const struct key *pinned,
                       struct buffer *error)
{
    bool anthropic = false;
    for (size_t i = 0; i < session->asked.count; i++)
        anthropic |= asked_provider(session->asked.names[i]) == PROVIDER_ANTHROPIC;
    if (is_claude && !anthropic && !session->translates)
        buffer_append_text(error, "--kind: Claude Code needs a key of Anthropic's; add anthropic");
    else if (pinned && !asks_for(session, pinned))
        buffer_append_format(error, "--key: \"%s\" is not of a kind that --kind names",
                             pinned->name);
    return error->length > 0 ? -EINVAL : 0;
}

static bool is_free(const struct key *key)
{
    return !key->disabled && !key->left_out;
}

bool session_has_models(const struct session *session)
{
    const struct keyring *keyring = &session->pool.keyring;
    for (size_t i = 0; i < keyring->count; i++)
        if (keyring->keys[i].models && is_free(&keyring->keys[i]))
            return true;
    return false;
}

static bool translates(const struct session *session)
{
    const struct asked *kinds = &session->options->kinds;
    bool wanted = session->call.id == CLIENT_CLAUDE && !session->call.claude.subcommand &&
                  session->pool.policy.gateway != GATEWAY_OFF;
    bool asked = kinds->count == 0 ||
                 (kinds->count == 1 && asked_provider(kinds->names[0]) == PROVIDER_OPENAI);
    return wanted && asked && session_has_models(session);
}

static void warn_of_models(const struct session *session)
{
    const struct keyring *keyring = &session->pool.keyring;
    size_t openai = 0;
    for (size_t i = 0; i < keyring->count; i++) {
        const struct key *key = &keyring->keys[i];
        if (is_free(key) && key->kind_known && key->kind.id == KIND_OPENAI)
            openai++;
        else if (is_free(key))
            return;
    }
    if (openai > 0 && session->call.id == CLIENT_CLAUDE && !session->translates &&
        session->pool.policy.gateway != GATEWAY_OFF)
        log_warn("keys of kind openai need \"models\" for Claude Code, see tcr-keys(5)");
}

static int ask_kinds(struct session *session, struct buffer *error)
{
    bool is_claude = session->call.id == CLIENT_CLAUDE;
    const char *name = session->options->key;
    const struct key *pinned = name ? keyring_find(&session->pool.keyring, name) : NULL;
    session->asked = session->options->kinds;
    session->translates = translates(session);
    warn_of_models(session);
    if (session->asked.count > 0)
        return check_kinds(session, is_claude, pinned, error);
    if (pinned && !is_claude) {
        asked_of_key(pinned, &session->asked);
        return 0;
    }
    return asked_default(&session->pool.keyring, is_claude, &session->asked, error);
}

/* --key is about one of the kinds: the others are chosen freely. */
static const char *pinned_for(struct session *session, const char *kind)
{
    const char *name = session->options->key;
    const struct key *key = name ? keyring_find(&session->pool.keyring, name) : NULL;
    bool about =
        key && (session->asked.count == 1 || !key->kind_known || asked_covers(kind, &key->kind));
    return about ? name : NULL;
}

static int open_slots(struct session *session)
{
    struct buffer error = {0};
    int r = ask_kinds(session, &error);
    if (r < 0)
        log_say("%s", buffer_text(&error));
    buffer_finish(&error);
    for (size_t i = 0; r == 0 && i < session->asked.count; i++) {
        const char *kind = session->asked.names[i];
        struct slot *slot = &session->slots[i];
        session->askers[i] = (struct asker){kind, session};
        *slot = (struct slot){.kind = kind, .pool = session_pool_name(kind)};
        slot->demand = (struct demand){.pinned = pinned_for(session, kind),
                                       .model = model_of(session),
                                       .can_use = slot_can_use,
                                       .can_use_context = &session->askers[i],
                                       .max_per_key = (size_t)session->pool.policy.max_per_key};
        session->slot_count++;
    }
    return r < 0 ? EXIT_OWN_FAILURE : 0;
}

struct slot *session_lead(struct session *session)
{
    for (size_t i = 0; i < session->slot_count; i++)
        if (asked_provider(session->slots[i].kind) == PROVIDER_ANTHROPIC)
            return &session->slots[i];
    return &session->slots[0];
}

struct slot *session_suspect(struct session *session, const struct finding *finding)
{
    int tried[ASKED_MOST];
    for (size_t i = 0; i < session->slot_count; i++)
        tried[i] = session->slots[i].attempts;
    return &session->slots[asked_suspect(&session->asked, finding, tried)];
}

const char *session_pool_name(const char *kind)
{
    return strcmp(kind, ASKED_MAIN) == 0 ? NULL : kind;
}

bool session_read_options(int argc, char **argv, const char *who, struct options *ret_options)
{
    struct buffer error = {0};
    int r = options_parse(argc, argv, ret_options, &error);
    if (ret_options->log_format)
        (void)log_set_format(ret_options->log_format);
    if (r < 0)
        log_say("%s%s", who, buffer_text(&error));
    else
        log_set_level(ret_options->quiet ? LOG_QUIET : (enum log_level)ret_options->verbosity);
    buffer_finish(&error);
    return r == 0;
}

int session_open(struct session *session, const struct options *options)
{
    *session = (struct session){.options = options, .environment = environ, .signal_fd = -1};
    input_init(&session->input, false);
    int status = pool_open(&session->pool, options);
    if (status != 0)
        return status;
    session->owner = process_self();
    status = open_client(session);
    return status == 0 ? open_slots(session) : status;
}

void session_close(struct session *session)
{
    input_finish(&session->input);
    pool_close(&session->pool);
    claude_settings_finish(&session->settings);
    free(session->config);
    free(session->help);
    if (session->signal_fd >= 0)
        (void)close(session->signal_fd);
}

void session_forget_keys(struct session *session)
{
    for (size_t i = 0; i < session->slot_count; i++)
        session->slots[i].candidate = NULL;
}

void session_start_over(struct session *session)
{
    struct rotation *rotation = &session->pool.rotation;
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        rotation->candidates[i].tried = false;
    for (size_t i = 0; i < session->slot_count; i++) {
        /* The pinned key was used once whatever was known about it. From now on the run waits for
         * what it has learned about it. */
        session->slots[i].demand.pinned_may_rest |= session->slots[i].attempts > 0;
        session->slots[i].attempts = 0;
    }
    session->master_tried = false;
}
