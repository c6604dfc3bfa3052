#include "base/cleanup.h"
#include "base/variable.h"
#include "commands/doctor/doctor.h"
#include "commands/gatewaycertificate.h"
#include "commands/leftbehind.h"
#include "system/files.h"
#include "system/process/gateway_program.h"
#include "system/process/pidfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

/* A smaller client is a script that starts another program, which we know nothing about. */
#define CLIENT_SMALLEST ((off_t)1 << 20)

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

/* The client's file shows whether it knows the variable that leads it to a run's gateway, so the
 * client is not started for that. */
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

/* The pid file is written when the gateway starts. */
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
    struct buffer fault = {0};
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
    gatewaycertificate_judge(profile, &fault);
    if (fault.length > 0)
        doctor_say(doctor, "gateway", HEALTH_WARN, "%s", buffer_text(&fault));
    buffer_finish(&fault);
}

/* ---- addresses that were left behind ---- */

static void say_left_behind(void *context, const struct left_behind *left)
{
    if (left->path)
        doctor_say(context, "gateway", HEALTH_WARN,
                   "%s sets %s to an address of this machine where nothing listens; fix: tcr-run "
                   "gateway start -d if it is a gateway's, else remove it there",
                   left->path, left->name);
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
    leftbehind_find(say_left_behind, doctor);
}
