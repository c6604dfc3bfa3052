#include "base/cleanup.h"
#include "base/json.h"
#include "base/variable.h"
#include "commands/doctor/doctor.h"
#include "system/files.h"
#include "system/keys/claude_files.h"
#include "system/net/listen.h"
#include "system/process/gateway_program.h"
#include "system/process/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

#define ANSWER_MS 500 /* that a listener on this machine has; a slow one is one, too */

/* A client of less is a script that starts another program: nothing is known of that. */
#define CLIENT_SMALLEST ((off_t)1 << 20)

bool doctor_nobody_listens(const char *url)
{
    static const char scheme[] = "http://";
    struct listen_address at;
    struct buffer error = {0};
    char text[128];
    if (strncasecmp(url, scheme, strlen(scheme)) != 0)
        return false;
    url += strlen(scheme);
    int length = (int)strcspn(url, "/?#");
    bool has_port = memchr(url, ':', (size_t)length) != NULL;
    snprintf(text, sizeof text, "%.*s%s", length, url, has_port ? "" : ":80");
    int r = listen_parse(text, &at, &error);
    buffer_finish(&error);
    if (r < 0 || at.address.ss_family == AF_UNIX || listen_is_reached(&at))
        return false;
    CLEANUP_CLOSE int fd =
        socket(at.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct pollfd slot = {.fd = fd, .events = POLLOUT};
    int fault = 0;
    socklen_t size = sizeof fault;
    if (fd < 0 || connect(fd, (const struct sockaddr *)&at.address, at.length) == 0)
        return false;
    if (errno != EINPROGRESS)
        return errno == ECONNREFUSED;
    return poll(&slot, 1, ANSWER_MS) > 0 &&
           getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size) == 0 && fault == ECONNREFUSED;
}

/* ---- the program ---- */

static void say_lacking(struct doctor *doctor)
{
    const char *asked = variable_value(environ, "TCR_GATEWAY");
    if (asked && strcmp(asked, "on") == 0)
        doctor_say(doctor, "gateway", HEALTH_FAIL,
                   "TCR_GATEWAY=on, but this tcr-run was built without one; fix: install "
                   "libmicrohttpd-dev, libcurl4-openssl-dev and libsqlite3-dev and build it again, "
                   "or unset it");
    else
        doctor_say(doctor, "gateway", HEALTH_OK, "this tcr-run was built without one");
}

/* Whether the client knows the variable that leads it to a run's gateway stands in the client
 * itself; it is not started for that. */
static void check_client(struct doctor *doctor)
{
    static const char name[] = "ANTHROPIC_UNIX_SOCKET";
    struct stat status;
    CLEANUP_FREE char *file = files_find_program("claude");
    CLEANUP_CLOSE int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0 || fstat(fd, &status) < 0 || status.st_size < CLIENT_SMALLEST)
        return;
    size_t size = (size_t)status.st_size;
    char *text = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (text == MAP_FAILED)
        return;
    bool knows = memmem(text, size, name, strlen(name)) != NULL;
    (void)munmap(text, size);
    if (knows)
        doctor_say(doctor, "gateway", HEALTH_OK, "%s takes the socket of a run's gateway", file);
    else
        doctor_say(doctor, "gateway", HEALTH_WARN,
                   "%s does not know the socket of a run's gateway (%s), so that its requests go "
                   "past it; fix: update it, or set TCR_GATEWAY=off",
                   file, name);
}

/* ---- a lasting one ---- */

/* The file is written when it starts. */
static bool is_older(const char *pid_path, const char *program)
{
    struct stat started, built;
    return stat(pid_path, &started) == 0 && stat(program, &built) == 0 &&
           started.st_mtime < built.st_mtime;
}

static void check_lasting(struct doctor *doctor, const char *program)
{
    const char *profile = doctor->options->profile;
    char name[128];
    struct pidfile file;
    snprintf(name, sizeof name, profile ? "gateway-%.64s.pid" : "gateway.pid", profile);
    CLEANUP_FREE char *path = files_xdg("XDG_STATE_HOME", ".local/state", name);
    if (!path || pidfile_read(path, &file) < 0)
        return;
    int length = (int)strcspn(buffer_text(&file.text), "\n");
    if (program && is_older(path, program))
        doctor_say(doctor, "gateway", HEALTH_WARN,
                   "the lasting one (pid %ld) runs an earlier version than %s; fix: tcr-run "
                   "gateway stop, then tcr-run gateway start -d",
                   (long)file.pid, program);
    else
        doctor_say(doctor, "gateway", HEALTH_OK, "a lasting one runs (pid %ld) at %.*s",
                   (long)file.pid, length, buffer_text(&file.text));
    pidfile_finish(&file);
}

/* ---- addresses left behind ---- */

static void check_source(struct doctor *doctor, const struct settings_source *source)
{
    static const char name[] = "ANTHROPIC_BASE_URL";
    if (!memmem(source->text, source->length, name, strlen(name)))
        return;
    CLEANUP_JSON cJSON *json = json_parse(source->text, source->length, NULL);
    const char *url = cJSON_GetStringValue(json_get(json_get(json, "env"), name));
    if (url && doctor_nobody_listens(url))
        doctor_say(doctor, "gateway", HEALTH_WARN,
                   "%s sets %s to an address of this machine where nothing listens; fix: tcr-run "
                   "gateway start -d if it is a gateway's, else remove it there",
                   source->path, name);
}

static void check_sources(struct doctor *doctor)
{
    struct claude_settings_files files = {0};
    CLEANUP_FREE char *config = claude_config_folder(environ);
    if (config && claude_settings_read(environ, config, &files) == 0)
        for (size_t i = 0; i < files.count; i++)
            check_source(doctor, &files.sources[i]);
    claude_settings_finish(&files);
}

void doctor_check_gateway(struct doctor *doctor)
{
    CLEANUP_FREE char *program = gateway_program_find();
    if (program) {
        doctor_say(doctor, "gateway", HEALTH_OK, "%s is there", program);
        check_client(doctor);
    } else {
        say_lacking(doctor);
    }
    check_lasting(doctor, program);
    check_sources(doctor);
}
