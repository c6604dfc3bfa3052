#include "commands/run/handover.h"

#include "base/json.h"
#include "base/variable.h"
#include "commands/command.h"
#include "commands/run/gateway.h"
#include "system/files.h"
#include "system/keys/claude_files.h"
#include "system/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* Above what scripts open by number, so that none of theirs is in the way. */
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
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    int r = files_write_all(ends[1], token, strlen(token));
    (void)close(ends[1]);
    int fd = r == 0 ? fcntl(ends[0], F_DUPFD_CLOEXEC, DESCRIPTOR_FLOOR) : r;
    if (fd == -1)
        fd = errno == EINVAL ? -EMFILE : -errno; /* the floor is above the limit of descriptors */
    else if (fd >= 0)
        (void)fcntl(fd, F_SETFL, 0); /* the flag is the description's: the reader wants none */
    (void)close(ends[0]);
    return fd;
}

/* Settings that came from a file of the user's may hold what must not stand in argv. The client
 * wants a name that can be looked up, so neither a pipe nor an unlinked file will do. */
static int settings_file_in(const char *folder, const char *text, char **ret_path)
{
    char *path;
    if (asprintf(&path, "%s/tcr-settings-XXXXXX.json", folder) < 0)
        return -ENOMEM;
    int fd = mkostemps(path, (int)strlen(".json"), O_CLOEXEC);
    if (fd >= 0)
        files_keep_private(fd);
    int r = fd < 0 ? -errno : files_write_all(fd, text, strlen(text));
    if (fd >= 0 && close(fd) < 0 && r == 0)
        r = -errno;
    if (r == 0) {
        *ret_path = path;
        return 0;
    }
    if (fd >= 0)
        (void)unlink(path);
    free(path);
    return r;
}

static int settings_file(const char *text, char **ret_path)
{
    const char *folder = variable_value(environ, "TMPDIR");
    int r = folder && folder[0] == '/' ? settings_file_in(folder, text, ret_path) : -ENOENT;
    return r < 0 && r != -ENOMEM ? settings_file_in("/tmp", text, ret_path) : r;
}

static bool wants_descriptor(const struct session *session, const struct key *key,
                             const struct shield *shield)
{
    enum via via = session->options->via;
    bool is_claude = session->call.id == CLIENT_CLAUDE;
    if (!kind_descriptor_variable(&key->kind) || via == VIA_ENV)
        return false;
    if (is_claude && session->call.claude.bare)
        return false; /* --bare reads the variable alone */
    if (via == VIA_FD || shield->needs_descriptor)
        return true;
    /* An interactive client asks whether it may use an API key it finds in the variable. */
    return is_claude && session->call.interactive && key->kind.id == KIND_API;
}

static void warn_of_managed(struct session *session, const struct shield *shield)
{
    if (session->warned_of_managed || shield->managed.length == 0)
        return;
    session->warned_of_managed = true;
    log_warn_lines("an administrator's settings win over the key: ", buffer_text(&shield->managed));
}

static int build_shield(struct session *session, const struct key *key, struct handover *handover)
{
    struct claude_settings_files files;
    struct buffer error = {0};
    const char *own = session->call.claude.settings;
    if (session->call.id != CLIENT_CLAUDE || session->call.claude.subcommand)
        return 0;
    int r = own && *own ? claude_settings_own(own, &handover->own) : 0;
    if (r < 0)
        return 0; /* unreadable: the client says so in its own words */
    r = claude_settings_read(session->environment, session->config, &files);
    if (r < 0)
        return own_failure("settings", r);
    struct shield_request request = {
        .sources = files.sources,
        .source_count = files.count,
        .own = handover->own.text ? &handover->own : NULL,
        .kind = &key->kind,
        .via = session->options->via,
        .bare = session->call.claude.bare,
        .base_url = variable_value(session->environment, "ANTHROPIC_BASE_URL"),
        .descriptor = handover->secret_fd,
    };
    r = shield_build(&request, &handover->shield, &error);
    if (r == -EINVAL)
        log_explain("%s; left to the client", buffer_text(&error));
    buffer_finish(&error);
    claude_settings_finish(&files);
    warn_of_managed(session, &handover->shield);
    return r == -ENOMEM ? own_failure("settings", r) : 0;
}

#define ASSIGNMENTS (2 + ASKED_MOST + GATEWAY_ASSIGNMENTS)

static size_t assign(struct assignment *list, size_t n, const char *name, const char *value)
{
    list[n] = (struct assignment){name, value};
    return n + 1;
}

static bool hurries_client(const struct session *session, bool fast_fail)
{
    return fast_fail && !session->gateway && session->call.id == CLIENT_CLAUDE &&
           !session->options->no_fast_fail &&
           !variable_value(session->environment, "CLAUDE_CODE_MAX_RETRIES");
}

/* True if the gateway adds the key, and the command does not see it. */
static bool stands_in(const struct session *session, const struct kind *kind)
{
    return session->gateway && session->gateway->way == GATEWAY_PORT &&
           (kind->id == KIND_OAUTH || kind->id == KIND_API);
}

static int build_environment(struct session *session, const struct key *key, bool fast_fail,
                             struct handover *handover)
{
    struct assignment set[ASSIGNMENTS];
    char number[16];
    size_t n = 0;
    char *folder = NULL;
    for (size_t i = 0; i < session->slot_count; i++) {
        const struct key *one = session->slots[i].candidate->key;
        if (stands_in(session, &one->kind)) {
            continue; /* the command gets a stand-in instead */
        } else if (one->source == KEY_CONFIG_DIR) {
            /* Only the login comes from that folder: sessions and settings stay where they are, so
             * that the conversation goes on from one account to the next. No two kinds have one. */
            folder = files_expand(one->config_dir, NULL);
            n = assign(set, n, "CLAUDE_SECURESTORAGE_CONFIG_DIR", folder);
        } else if (one == key && handover->secret_fd >= 0) {
            snprintf(number, sizeof number, "%d", handover->secret_fd);
            n = assign(set, n, kind_descriptor_variable(&key->kind), number);
        } else {
            n = assign(set, n, one->kind.variable, one->token);
        }
    }
    if (session->gateway)
        n = gateway_assign(session->gateway, set, n);
    /* 0, not 1: with one retry the client first sleeps a 429's whole retry-after. */
    if (hurries_client(session, fast_fail))
        n = assign(set, n, "CLAUDE_CODE_MAX_RETRIES", "0");
    const struct environment_plan plan = {.keep = &session->options->keep,
                                          .scrub = &session->options->scrub,
                                          .clean = session->options->clean_env,
                                          .set = set,
                                          .set_count = n};
    int r = environment_build(session->environment, &plan, &handover->environment);
    free(folder);
    return r < 0 ? own_failure("environment", r) : 0;
}

static int build_arguments(struct session *session, struct handover *handover)
{
    const char *settings = handover->shield.settings;
    const char *own = handover->own.path;
    if (settings && own && strcmp(own, "--settings") != 0) {
        int r = settings_file(settings, &handover->settings_path);
        if (r < 0)
            return own_failure("settings", r);
        settings = handover->settings_path;
    }
    handover->argv = client_arguments(&session->call, session->carry, settings);
    return handover->argv ? 0 : own_failure("arguments", -ENOMEM);
}

int handover_build(struct session *session, struct candidate *candidate, bool fast_fail,
                   struct handover *ret_handover)
{
    struct key *key = candidate->key;
    *ret_handover = (struct handover){.secret_fd = -1};
    /* For claude it is opened before it is known to be needed: the shield names its number. */
    bool perhaps = session->call.id == CLIENT_CLAUDE || session->options->via == VIA_FD;
    if (perhaps && key->token && kind_descriptor_variable(&key->kind))
        ret_handover->secret_fd = secret_pipe(key->token);
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
    if (handover->settings_path)
        (void)unlink(handover->settings_path);
    free(handover->settings_path);
}
