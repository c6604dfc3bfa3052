#include "base/cleanup.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/gateway/gateway.h"
#include "commands/gateway/launchd.h"
#include "commands/gateway/start.h"
#include "commands/gateway/units.h"
#include "commands/host.h"
#include "commands/output.h"
#include "core/pool/seal.h"
#include "system/files.h"
#include "system/keys/keysource.h"
#include "system/log.h"
#include "system/process/capture.h"
#include "system/process/ownpath.h"
#include "system/process/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

#define SYSTEMCTL_MS  60000
#define KEY_BEGINNING 64 /* bytes that show whether a file is sealed */

/* ---- systemd ---- */

static bool run_systemctl(const char *verb, const char *option, const char *unit)
{
    char said[256];
    char *argv[8] = {(char *)"systemctl", (char *)"--user", (char *)(uintptr_t)verb};
    size_t count = 3, length;
    int status;
    if (option)
        argv[count++] = (char *)(uintptr_t)option;
    if (unit)
        argv[count++] = (char *)(uintptr_t)unit;
    const struct capture_request request = {.argv = argv,
                                            .environment = environ,
                                            .limit_ms = SYSTEMCTL_MS,
                                            .errors = -1,
                                            .host = &command_host};
    int r = capture_run(&request, said, sizeof said, &length, &status);
    if (r < 0)
        log_say("systemctl --user %s: %s", verb, strerror(-r));
    return r == 0 && status == 0;
}

/* A running gateway keeps its old options until the next request starts it anew. */
static bool begin(const struct units *units)
{
    return run_systemctl("daemon-reload", NULL, NULL) &&
           run_systemctl("stop", NULL, units->service) &&
           run_systemctl("enable", NULL, units->socket) &&
           run_systemctl("restart", NULL, units->socket);
}

/* ---- install ---- */

/* A service has no keys in its environment, and nobody to ask for a passphrase. */
static bool check_keys(const struct start *start)
{
    CLEANUP_FREE char *path = keysource_path(start->keys, environ);
    CLEANUP_CLOSE int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    const char *passphrase = getenv("TCR_PASSPHRASE_FILE");
    char beginning[KEY_BEGINNING];
    ssize_t n = fd < 0 ? -1 : read(fd, beginning, sizeof beginning);
    if (n < 0) {
        log_say("gateway: a service needs a key file: %s: %s; fix: tcr-run keys add",
                path ? path : "the key file", strerror(errno));
        return false;
    }
    if (!seal_is_sealed(beginning, (size_t)n) || (passphrase && *passphrase))
        return true;
    log_say("gateway: %s is sealed, and a service has nobody to ask for its passphrase; fix: set "
            "TCR_PASSPHRASE_FILE to a file that holds it, and install again",
            path);
    return false;
}

static void say_taken(const struct start *start, const struct listen_address *address, int r)
{
    struct pidfile file;
    if (r == -EADDRINUSE && gateway_find_running(start->profile, &file) == 0) {
        log_say("a gateway runs already (pid %ld); tcr-run gateway stop ends it", (long)file.pid);
        pidfile_finish(&file);
    } else {
        start_say_taken(address, r);
    }
}

/* The usual addresses, as far as the machine has them. A port that is taken is reported now, unless
 * the units are only shown; the addresses that units installed earlier listen on are not. */
static bool find_addresses(struct start *start, bool is_anew)
{
    size_t count = 0;
    if (!start->asked && (!start_find_port(start) || !start_add_usual_addresses(start)))
        return false;
    for (size_t i = 0; i < start->address_count; i++) {
        int fd = listen_open(&start->at[i]);
        if (start_may_lack(start, i, fd))
            continue;
        if (fd < 0 && !((is_anew || start->shows_only) && fd == -EADDRINUSE)) {
            say_taken(start, &start->at[i], fd);
            return false;
        }
        if (fd >= 0) {
            (void)close(fd);
            if (start->at[i].address.ss_family == AF_UNIX)
                (void)unlink(start->at[i].text);
        }
        start->at[count++] = start->at[i];
    }
    start->address_count = count;
    return true;
}

static bool has_systemd(void)
{
    CLEANUP_FREE char *program = files_find_program("systemctl");
    if (!program)
        log_say(
            "gateway: systemctl is not in PATH, so nothing would start what is installed; have "
            "\"tcr-run gateway start\" started by what starts services here (gateway install -n "
            "shows systemd's units)");
    return program != NULL;
}

static int write_units(const struct start *start, const struct units *units,
                       const struct buffer *socket, const struct buffer *service)
{
    if (!has_systemd())
        return EXIT_OWN_FAILURE;
    int r = files_make_folders(units->folder);
    if (r < 0)
        log_say("%s: %s", units->folder, strerror(-r));
    if (r < 0 || !units_write(units, units->socket, socket) ||
        !units_write(units, units->service, service))
        return EXIT_OWN_FAILURE;
    if (!begin(units)) {
        log_say("gateway: the units are in %s, but systemd has not taken them; fix: systemctl "
                "--user daemon-reload, then systemctl --user enable --now %s",
                units->folder, units->socket);
        return EXIT_OWN_FAILURE;
    }
    struct buffer text = {0};
    buffer_append_format(&text, "wrote %s/%s\nwrote %s/%s\n", units->folder, units->socket,
                         units->folder, units->service);
    for (size_t i = 0; i < start->address_count; i++) {
        buffer_append_text(&text, "listening on ");
        start_append_address(start, &start->at[i], &text);
        buffer_append_text(&text, "\n");
    }
    buffer_append_text(&text, "The gateway starts with the first request. It lasts as long as you "
                              "are logged in;\nloginctl enable-linger lets it stay.\n");
    return output_print(&text);
}

/* ---- either ---- */

static int install_units(const struct start *start, const struct units *units, const char *program)
{
    struct buffer socket = {0}, service = {0};
    units_append_socket(start, &socket);
    units_append_service(start, units, program, &service);
    int status;
    if (start->shows_only) {
        struct buffer text = {0};
        buffer_append_format(&text, "%s/%s:\n%s\n%s/%s:\n%s", units->folder, units->socket,
                             buffer_text(&socket), units->folder, units->service,
                             buffer_text(&service));
        status = output_print(&text);
    } else if (socket.failed || service.failed) {
        log_say("out of memory");
        status = EXIT_OWN_FAILURE;
    } else {
        status = write_units(start, units, &socket, &service);
    }
    buffer_finish(&socket);
    buffer_finish(&service);
    return status;
}

/* By the name that PATH has for us, if there is one: each version of a package of Homebrew has a
 * folder of its own, and goes with it. */
static int find_program(char *ret_path, size_t size)
{
    char real[PATH_MAX];
    int r = ownpath_find(ret_path, size);
    CLEANUP_FREE char *named = r == 0 ? files_find_program("tcr-run") : NULL;
    if (named && *named == '/' && strlen(named) < size &&
        files_real_path(named, real, sizeof real) == 0 && strcmp(real, ret_path) == 0)
        memcpy(ret_path, named, strlen(named) + 1);
    return r;
}

static int install(struct start *start, struct units *units)
{
    bool socket_exists = false, service_exists = false;
    char program[PATH_MAX];
    bool named = start->for_launchd ? launchd_name(units, start->profile)
                                    : units_name(units, start->profile);
    if (!named || !units_is_ours(units, units->socket, &socket_exists) ||
        (!start->for_launchd && !units_is_ours(units, units->service, &service_exists)) ||
        !check_keys(start) || !find_addresses(start, socket_exists))
        return EXIT_OWN_FAILURE;
    int r = find_program(program, sizeof program);
    if (r < 0) {
        log_say("gateway: the path of tcr-run is not known: %s", strerror(-r));
        return EXIT_OWN_FAILURE;
    }
    return start->for_launchd ? launchd_install(start, units, program)
                              : install_units(start, units, program);
}

int gateway_install(int argc, char **argv)
{
    struct start start = START_INIT;
    struct units units = {0};
    if (!start_parse(&start, argc, argv))
        return EXIT_OWN_FAILURE;
    start.for_launchd |= launchd_is_here();
    if (start.detaches) {
        log_say("gateway: --detach is of tcr-run gateway start; a service is in the background");
        return EXIT_OWN_FAILURE;
    }
    start.words[0] = argv[0];
    int status = install(&start, &units);
    units_finish(&units);
    return status;
}

/* ---- uninstall ---- */

static int uninstall(const struct units *units)
{
    bool socket_exists = false, service_exists = false;
    if (!units_is_ours(units, units->socket, &socket_exists) ||
        !units_is_ours(units, units->service, &service_exists))
        return EXIT_OWN_FAILURE;
    if (!socket_exists && !service_exists) {
        log_say("gateway: %s/%s is not there: nothing is installed", units->folder, units->socket);
        return 1;
    }
    bool told = (!socket_exists || run_systemctl("disable", "--now", units->socket)) &&
                (!service_exists || run_systemctl("stop", NULL, units->service));
    if (!units_remove(units, units->socket) || !units_remove(units, units->service))
        return EXIT_OWN_FAILURE;
    if (told && run_systemctl("daemon-reload", NULL, NULL))
        return 0;
    log_say("gateway: the units are gone, but systemd was not told; fix: systemctl --user "
            "daemon-reload");
    return EXIT_OWN_FAILURE;
}

int gateway_uninstall(int argc, char **argv)
{
    struct options options;
    struct units units = {0};
    const struct flag flags[] = {{0}};
    int words = arguments_parse_for(argc, argv, flags, &options, "gateway uninstall");
    if (words != 0)
        return words < 0 ? EXIT_OWN_FAILURE : gateway_say_usage("uninstall");
    if (launchd_is_here())
        return launchd_uninstall(options.profile);
    int status = units_name(&units, options.profile) ? uninstall(&units) : EXIT_OWN_FAILURE;
    units_finish(&units);
    return status;
}
