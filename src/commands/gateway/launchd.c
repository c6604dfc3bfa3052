#include "commands/gateway/launchd.h"

#include "base/cleanup.h"
#include "commands/command.h"
#include "commands/host.h"
#include "commands/output.h"
#include "core/gateway/launchagent.h"
#include "system/clock.h"
#include "system/files.h"
#include "system/log.h"
#include "system/process/capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

extern char **environ;

#define LAUNCHCTL_MS   60000
#define ENDING_MS      40000 /* open answers have 30 s (launchagent.c) */
#define LOOK_MS        200
#define VARIABLES_MOST 24
#define SUFFIX         ".plist"

bool launchd_name(struct units *units, const char *profile)
{
    const char *dot = profile ? "." : "", *name = profile ? profile : "";
    if (!units_may_name(name))
        return false;
    snprintf(units->socket, UNITS_NAME, "tcr-run.gateway%s%s" SUFFIX, dot, name);
    units->folder = files_expand("~/Library/LaunchAgents", NULL);
    if (!units->folder)
        log_say("gateway: there is no home folder for the agents of launchd");
    return units->folder != NULL;
}

/* ---- launchctl ---- */

bool launchd_is_here(void)
{
    CLEANUP_FREE char *program = files_find_program("launchctl");
    return program != NULL;
}

/* What it says goes to `errors` (-1: ours). */
static int run_launchctl(const char *verb, const char *target, const char *path, int errors)
{
    char said[65536];
    char *argv[] = {(char *)"launchctl", (char *)(uintptr_t)verb, (char *)(uintptr_t)target,
                    (char *)(uintptr_t)path, NULL};
    size_t length;
    int status;
    const struct capture_request request = {.argv = argv,
                                            .environment = environ,
                                            .limit_ms = LAUNCHCTL_MS,
                                            .errors = errors,
                                            .host = &command_host};
    int r = capture_run(&request, said, sizeof said, &length, &status);
    return r < 0 ? r : status == 0 ? 0 : -ENOENT;
}

/* False after saying why; launchctl itself has said it if it ran. */
static bool tell_launchctl(const char *verb, const char *target, const char *path)
{
    int r = run_launchctl(verb, target, path, -1);
    if (r < 0 && r != -ENOENT)
        log_say("launchctl %s: %s", verb, strerror(-r));
    return r == 0;
}

static bool is_loaded(const char *service)
{
    CLEANUP_CLOSE int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    return run_launchctl("print", service, NULL, nowhere) == 0;
}

/* launchd takes no agent while one of that label is still ending, and bootout does not wait for it.
 * False if it could not be told, or the agent does not end. */
static bool unload(const char *service)
{
    if (!is_loaded(service))
        return true;
    bool told = tell_launchctl("bootout", service, NULL), there = is_loaded(service);
    for (int64_t end = clock_now_ms() + ENDING_MS; told && there && clock_now_ms() < end;) {
        if (host_interrupted(&command_host))
            return false;
        (void)poll(NULL, 0, LOOK_MS);
        there = is_loaded(service);
    }
    return !there;
}

/* As launchctl names the agents of somebody who is logged in, and one of them. */
struct target {
    char domain[32], service[32 + UNITS_NAME];
};

static struct target target_of(const struct units *units)
{
    struct target target;
    int length = (int)(strlen(units->socket) - strlen(SUFFIX));
    snprintf(target.domain, sizeof target.domain, "gui/%u", (unsigned)getuid());
    snprintf(target.service, sizeof target.service, "%s/%.*s", target.domain, length,
             units->socket);
    return target;
}

/* ---- install ---- */

/* What the list borrows. */
struct draft {
    char label[UNITS_NAME];
    const char *words[START_WORDS + 4];
    char paths[START_WORDS][PATH_MAX];
    struct launchagent_variable variables[VARIABLES_MOST];
    struct launchagent_socket sockets[START_ADDRESSES];
    char hosts[START_ADDRESSES][INET6_ADDRSTRLEN], ports[START_ADDRESSES][8];
    struct launchagent agent;
};

static void take_variable(void *context, const char *name, const char *value)
{
    struct draft *draft = context;
    if (draft->agent.variable_count == VARIABLES_MOST)
        return;
    struct launchagent_variable *variable = &draft->variables[draft->agent.variable_count];
    *variable = (struct launchagent_variable){name, strdup(value)};
    draft->agent.variable_count += variable->value != NULL;
}

static void leave_out_variable(void *context, const char *name)
{
    (void)context;
    log_say("gateway: %s holds a secret and is not written into the agent; fix: keep it in a file "
            "(TCR_REDIS_PASSWORD_FILE), or in the key file",
            name);
}

static void take_socket(struct draft *draft, const struct listen_address *address)
{
    size_t i = draft->agent.socket_count++;
    const struct sockaddr_in *four = (const struct sockaddr_in *)&address->address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address->address;
    struct launchagent_socket *socket = &draft->sockets[i];
    if (address->address.ss_family == AF_UNIX) {
        socket->path = ((const struct sockaddr_un *)&address->address)->sun_path;
        return;
    }
    socket->is_six = address->address.ss_family == AF_INET6;
    (void)inet_ntop(address->address.ss_family,
                    socket->is_six ? (const void *)&six->sin6_addr : (const void *)&four->sin_addr,
                    draft->hosts[i], sizeof draft->hosts[i]);
    snprintf(draft->ports[i], sizeof draft->ports[i], "%u",
             ntohs(socket->is_six ? six->sin6_port : four->sin_port));
    socket->host = draft->hosts[i];
    socket->port = draft->ports[i];
}

/* Returns 0 or a negative errno. */
static int append_agent(const struct start *start, const struct units *units, const char *program,
                        struct buffer *text)
{
    CLEANUP_FREE char *log = files_expand("~/Library/Logs/tcr-run-gateway.log", NULL);
    CLEANUP_FREE struct draft *draft = calloc(1, sizeof *draft);
    if (!draft || !log)
        return -ENOMEM;
    size_t count = 0;
    draft->words[count++] = program;
    draft->words[count++] = "gateway";
    draft->words[count++] = "start";
    for (size_t i = 1; i < start->word_count; i++)
        draft->words[count++] = units_word(start, i, draft->paths[i]);
    for (size_t i = 0; i < start->address_count; i++)
        take_socket(draft, &start->at[i]);
    units_each_variable(&(struct units_visit){take_variable, leave_out_variable, draft});
    snprintf(draft->label, sizeof draft->label, "%.*s",
             (int)(strlen(units->socket) - strlen(SUFFIX)), units->socket);
    draft->agent = (struct launchagent){.label = draft->label,
                                        .words = draft->words,
                                        .word_count = count,
                                        .variables = draft->variables,
                                        .variable_count = draft->agent.variable_count,
                                        .sockets = draft->sockets,
                                        .socket_count = draft->agent.socket_count,
                                        .log = log};
    int r = launchagent_append(&draft->agent, text);
    for (size_t i = 0; i < draft->agent.variable_count; i++)
        free((char *)(uintptr_t)draft->variables[i].value);
    return r < 0 ? r : text->failed ? -ENOMEM : 0;
}

/* An agent that was there goes first: launchd keeps what it has read. */
static int write_agent(const struct units *units, const struct buffer *agent)
{
    struct target target = target_of(units);
    CLEANUP_FREE char *path = NULL;
    int r = files_make_folders(units->folder);
    if (r < 0)
        log_say("%s: %s", units->folder, strerror(-r));
    if (r < 0 || asprintf(&path, "%s/%s", units->folder, units->socket) < 0 ||
        !units_write(units, units->socket, agent))
        return EXIT_OWN_FAILURE;
    if (!unload(target.service) || !tell_launchctl("bootstrap", target.domain, path)) {
        log_say("gateway: the agent is in %s, but launchd has not taken it; fix: launchctl "
                "bootstrap %s %s",
                path, target.domain, path);
        return EXIT_OWN_FAILURE;
    }
    struct buffer text = {0};
    buffer_append_format(&text, "wrote %s\nThe gateway starts with the first request.\n", path);
    return output_print(&text);
}

int launchd_install(const struct start *start, const struct units *units, const char *program)
{
    struct buffer agent = {0};
    int status = EXIT_OWN_FAILURE, r = append_agent(start, units, program, &agent);
    if (r == -EINVAL) {
        log_say("gateway: an option or variable is not UTF-8 or holds a control character, which a "
                "property list cannot");
    } else if (r < 0) {
        log_say("out of memory");
    } else if (start->shows_only) {
        struct buffer text = {0};
        buffer_append_format(&text, "%s", buffer_text(&agent));
        status = output_print(&text);
    } else if (!launchd_is_here()) {
        log_say("gateway: launchd is macOS's; -n shows what it would get");
    } else {
        status = write_agent(units, &agent);
    }
    buffer_finish(&agent);
    return status;
}

/* ---- uninstall ---- */

static int uninstall(const struct units *units)
{
    struct target target = target_of(units);
    bool exists = false;
    if (!units_is_ours(units, units->socket, &exists))
        return EXIT_OWN_FAILURE;
    if (!exists) {
        log_say("gateway: %s/%s is not there: nothing is installed", units->folder, units->socket);
        return 1;
    }
    bool ended = unload(target.service);
    if (!units_remove(units, units->socket))
        return EXIT_OWN_FAILURE;
    if (ended)
        return 0;
    log_say(
        "gateway: the agent's file is gone, but launchd still has it; fix: launchctl bootout %s",
        target.service);
    return EXIT_OWN_FAILURE;
}

int launchd_uninstall(const char *profile)
{
    struct units units = {0};
    int status = launchd_name(&units, profile) ? uninstall(&units) : EXIT_OWN_FAILURE;
    units_finish(&units);
    return status;
}
