#include "commands/run/handover.h"

#include "base/json.h"
#include "base/variable.h"
#include "commands/command.h"
#include "commands/run/private_gateway.h"
#include "core/pool/destination.h"
#include "system/descriptor.h"
#include "system/files.h"
#include "system/keys/claude_files.h"
#include "system/keys/keychain.h"
#include "system/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* Above the numbers that scripts use for descriptors, so that ours do not collide with them. */
#define DESCRIPTOR_FLOOR 10

static int own_failure(const char *what, int r)
{
    log_say("nothing was run: the command's %s cannot be prepared: %s", what, strerror(-r));
    return EXIT_OWN_FAILURE;
}

/* The secret in a pipe, filled and closed: read once, then gone. */
static int secret_pipe(const char *token)
{
    int ends[2];
    if (descriptor_pipe(ends, O_NONBLOCK) < 0)
        return -errno;
    int r = files_write_all(ends[1], token, strlen(token));
    (void)close(ends[1]);
    int fd = r == 0 ? fcntl(ends[0], F_DUPFD_CLOEXEC, DESCRIPTOR_FLOOR) : r;
    if (fd == -1)
        fd = errno == EINVAL ? -EMFILE : -errno; /* the floor is above the limit */
    else if (fd >= 0)
        (void)fcntl(fd, F_SETFL,
                    0); /* both ends share the flag's description; the reader wants no flag */
    (void)close(ends[0]);
    return fd;
}

/* The kind of the key as the command knows it: a stand-in for another provider's key has a kind of
 * its own. */
static struct kind kind_for(const struct session *session, const struct key *key)
{
    if (!session_needs_translation(session, key))
        return key->kind;
    return kind_make(session->call.claude.bare ? KIND_API : KIND_BEARER);
}

static bool wants_descriptor(const struct session *session, const struct key *key,
                             const struct shield *shield)
{
    const struct kind kind = kind_for(session, key);
    enum via via = session->options->via;
    bool is_claude = session->call.id == CLIENT_CLAUDE;
    if (!kind_descriptor_variable(&kind) || via == VIA_ENV)
        return false;
    if (is_claude && session->call.claude.bare)
        return false; /* --bare reads only the variable */
    if (via == VIA_FD || shield->needs_descriptor)
        return true;
    /* An interactive client asks whether it may use an API key it finds in the variable. */
    return is_claude && session->call.interactive && kind.id == KIND_API;
}

static void warn_of_managed(struct session *session, const struct shield *shield)
{
    if (session->warned_of_managed || shield->managed.length == 0)
        return;
    session->warned_of_managed = true;
    log_warn_lines("an administrator's settings win over the key: ", buffer_text(&shield->managed));
}

/* ANTHROPIC_BASE_URL in the command's environment, or NULL. */
static const char *address_of_client(const struct session *session, const struct key *key)
{
    struct assignment own[GATEWAY_ASSIGNMENTS];
    size_t count = session->gateway ? private_gateway_assign(session->gateway, own, 0) : 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(own[i].name, "ANTHROPIC_BASE_URL") == 0)
            return own[i].value;
    const struct destination to = destination_of(key, session->environment);
    return to.from == DESTINATION_PROVIDER ? NULL : to.url;
}

/* What the command gets as its key. */
static const char *secret_of(const struct session *session, const struct key *key)
{
    const char *stand_in = private_gateway_stand_in(session->gateway, key);
    return stand_in ? stand_in : key->token;
}

static int build_shield(struct session *session, const struct key *key, struct handover *handover)
{
    struct claude_settings_files files;
    struct buffer error = {0};
    const struct kind kind = kind_for(session, key);
    const char *own = session->call.claude.settings;
    if (session->call.id != CLIENT_CLAUDE || session->call.claude.subcommand)
        return 0;
    int r = own && *own ? claude_settings_own(own, &handover->own) : 0;
    if (r < 0)
        return 0; /* unreadable: the client reports it in its own words */
    r = claude_settings_read(session->environment, session->config, &files);
    if (r < 0)
        return own_failure("settings", r);
    struct shield_request request = {
        .sources = files.sources,
        .source_count = files.count,
        .own = handover->own.text ? &handover->own : NULL,
        .kind = &kind,
        .token = secret_of(session, key),
        .via = session->options->via,
        .bare = session->call.claude.bare,
        .base_url = address_of_client(session, key),
        .descriptor = handover->secret_fd,
    };
    r = shield_build(&request, &handover->shield, &error);
    if (r == -EINVAL)
        log_explain("%s; left to the client", buffer_text(&error));
    buffer_finish(&error);
    claude_settings_finish(&files);
    warn_of_managed(session, &handover->shield);
    const char *what = handover->shield.sent_elsewhere && (key->base_url || key->at_provider)
                           ? "send it to another address than its own"
                       : handover->shield.replaced && key->base_url
                           ? "send another credential to its address"
                           : NULL;
    if (what) {
        log_say("nothing was run with \"%s\": an administrator's settings %s", key->name, what);
        return EXIT_OWN_FAILURE;
    }
    return r == -ENOMEM ? own_failure("settings", r) : 0;
}

/* Variables that are set besides those that are passed on. */
struct assignments {
    struct assignment *list;
    size_t count, room;
    bool failed;
};

static void assign(struct assignments *set, const char *name, const char *value)
{
    if (set->count == set->room) {
        size_t room = set->room ? 2 * set->room : 16;
        struct assignment *grown = realloc(set->list, room * sizeof *grown);
        if (!grown) {
            set->failed = true;
            return;
        }
        set->list = grown;
        set->room = room;
    }
    set->list[set->count++] = (struct assignment){name, value};
}

static bool is_assigned(const struct assignments *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->list[i].name, name) == 0)
            return true;
    return false;
}

static void assign_gateway(struct assignments *set, const struct private_gateway *gateway)
{
    struct assignment own[GATEWAY_ASSIGNMENTS];
    size_t count = private_gateway_assign(gateway, own, 0);
    for (size_t i = 0; i < count; i++)
        if (!is_assigned(set, own[i].name))
            assign(set, own[i].name, own[i].value);
}

/* The address that a key is sent to, and the variables that its owner wants set with it. */
static void assign_target(struct assignments *set, const struct session *session,
                          const struct key *key)
{
    const struct destination to = destination_of(key, session->environment);
    for (const struct key_variable *one = key->variables; one && one->name; one++)
        if (!is_assigned(set, one->name))
            assign(set, one->name, one->value);
    if (to.variable && to.from != DESTINATION_ENVIRONMENT && !is_assigned(set, to.variable) &&
        !session_needs_translation(session, key))
        assign(set, to.variable, to.from == DESTINATION_KEY ? to.url : NULL);
}

/* Two keys for clients that read the address from one variable go to the same address, or not
 * together. */
static bool goes_along(const struct session *session, const struct key *lead, const struct key *key)
{
    const struct destination to = destination_of(key, session->environment);
    const struct destination first = destination_of(lead, session->environment);
    if (!to.variable || !first.variable || strcmp(to.variable, first.variable) != 0 ||
        strcmp(to.url, first.url) == 0)
        return true;
    log_warn("\"%s\" is not handed over: %s is that of \"%s\"", key->name, to.variable, lead->name);
    return false;
}

static bool hurries_client(const struct session *session, bool fast_fail)
{
    return fast_fail && !session->gateway && session->call.id == CLIENT_CLAUDE &&
           !session->options->no_fast_fail &&
           !variable_value(session->environment, "CLAUDE_CODE_MAX_RETRIES");
}

/* Claude Code itself asks api.anthropic.com for settings and reports its use there, with the API
 * key or subscription's token that it has, whatever the address of its requests
 * (docs/claude-code.md). This variable stops it. A bearer token stays at its address anyway. */
static const char quiet_variable[] = "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC";

static bool is_kept_to_address(const struct session *session, const struct key *key)
{
    const struct destination to = destination_of(key, session->environment);
    return (to.from == DESTINATION_KEY || to.from == DESTINATION_ENVIRONMENT) &&
           kind_is_anthropic(&key->kind) && kind_for(session, key).id != KIND_BEARER &&
           !private_gateway_stand_in(session->gateway, key) &&
           !variable_value(session->environment, quiet_variable);
}

static void assign_secret(struct assignments *set, const struct session *session,
                          const struct key *key, const char *stand_in, const char *folder,
                          const char *descriptor)
{
    const struct kind kind = kind_for(session, key);
    const char *variable = kind.id == key->kind.id ? key->kind.variable
                           : kind.id == KIND_API   ? "ANTHROPIC_API_KEY"
                                                   : "ANTHROPIC_AUTH_TOKEN";
    if (key->source == KEY_CONFIG_DIR && stand_in)
        assign(set, "CLAUDE_CODE_OAUTH_TOKEN", stand_in); /* there is no folder to log in from */
    else if (key->source == KEY_CONFIG_DIR)
        /* Only the login comes from that folder. Sessions and settings stay where they are, so that
         * the conversation goes on from one account to the next. Only one kind has such folders.
         * An empty one is ~/.claude; with its path, Claude Code on macOS would look for another
         * item of the keychain than the one that it makes there. */
        assign(set, "CLAUDE_SECURESTORAGE_CONFIG_DIR",
               folder && keychain_is_usual_folder(folder) ? "" : folder);
    else if (descriptor)
        assign(set, kind_descriptor_variable(&kind), descriptor);
    else
        assign(set, variable, stand_in ? stand_in : key->token);
}

static int build_environment(struct session *session, const struct key *key, bool fast_fail,
                             struct handover *handover)
{
    struct assignments set = {0};
    char number[16];
    char *folder = NULL;
    snprintf(number, sizeof number, "%d", handover->secret_fd);
    for (size_t i = 0; i < session->slot_count; i++) {
        const struct key *one = session->slots[i].candidate->key;
        const char *stand_in = private_gateway_stand_in(session->gateway, one);
        if (one != key && !stand_in && !goes_along(session, key, one))
            continue;
        if (one->source == KEY_CONFIG_DIR)
            folder = files_expand(one->config_dir, NULL);
        assign_secret(&set, session, one, stand_in, folder,
                      one == key && handover->secret_fd >= 0 ? number : NULL);
    }
    if (session->gateway)
        assign_gateway(&set, session->gateway);
    assign_target(&set, session, key);
    for (size_t i = 0; i < session->slot_count; i++)
        if (session->slots[i].candidate->key != key)
            assign_target(&set, session, session->slots[i].candidate->key);
    /* 0, not 1: with one retry the client first sleeps a 429's whole retry-after. */
    if (hurries_client(session, fast_fail) && !is_assigned(&set, "CLAUDE_CODE_MAX_RETRIES"))
        assign(&set, "CLAUDE_CODE_MAX_RETRIES", "0");
    if (is_kept_to_address(session, key) && !is_assigned(&set, quiet_variable))
        assign(&set, quiet_variable, "1");
    const struct environment_plan plan = {.keep = &session->options->keep,
                                          .scrub = &session->options->scrub,
                                          .clean = session->options->clean_env,
                                          .set = set.list,
                                          .set_count = set.count};
    int r = set.failed ? -ENOMEM
                       : environment_build(session->environment, &plan, &handover->environment);
    free(set.list);
    free(folder);
    return r < 0 ? own_failure("environment", r) : 0;
}

static int build_arguments(struct session *session, struct handover *handover)
{
    const char *settings = handover->shield.settings;
    const char *own = handover->own.path;
    bool own_file = own && strcmp(own, "--settings") != 0;
    if (settings && (own_file || handover->shield.holds_secret)) {
        int r = settingsfile_create(settings, &handover->settings_file);
        if (r < 0)
            return own_failure("settings", r);
        settings = handover->settings_file.path;
    }
    handover->argv = client_arguments(&session->call, session->carry, settings);
    return handover->argv ? 0 : own_failure("arguments", -ENOMEM);
}

int handover_build(struct session *session, struct candidate *candidate, bool fast_fail,
                   struct handover *ret_handover)
{
    struct key *key = candidate->key;
    *ret_handover = (struct handover){.secret_fd = -1};
    /* For claude it is opened before we know that it is needed, because the shield names its
     * number. */
    bool perhaps = session->call.id == CLIENT_CLAUDE || session->options->via == VIA_FD;
    if (perhaps && key->token && kind_descriptor_variable(&key->kind))
        ret_handover->secret_fd = secret_pipe(secret_of(session, key));
    if (ret_handover->secret_fd < -1)
        return own_failure("credential", ret_handover->secret_fd);
    int status = build_shield(session, key, ret_handover);
    if (status == 0 && ret_handover->secret_fd >= 0 &&
        !wants_descriptor(session, key, &ret_handover->shield)) {
        (void)close(ret_handover->secret_fd);
        ret_handover->secret_fd = -1;
    }
    if (status == 0)
        status = build_environment(session, key, fast_fail, ret_handover);
    if (status == 0)
        status = build_arguments(session, ret_handover);
    return status;
}

void handover_finish(struct handover *handover)
{
    free(handover->argv);
    environment_finish(&handover->environment);
    shield_finish(&handover->shield);
    claude_settings_source_finish(&handover->own);
    if (handover->secret_fd >= 0)
        (void)close(handover->secret_fd);
    settingsfile_remove(&handover->settings_file);
}
