#include "system/process/detach.h"

#include "base/cleanup.h"
#include "base/shellword.h"
#include "base/text.h"
#include "system/files.h"
#include "system/process/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define ASKING_MS 1000

/* Where no flag has it begin a session of its own, it gets a process group. */
#ifdef POSIX_SPAWN_SETSID
#define APART POSIX_SPAWN_SETSID
#else
#define APART POSIX_SPAWN_SETPGROUP
#endif

static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    int r = posix_spawnattr_setsigmask(attributes, &none);
    if (r == 0)
        r = posix_spawnattr_setsigdefault(attributes, &all);
    if (r == 0)
        r = posix_spawnattr_setflags(attributes,
                                     APART | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return r;
}

int detach_start(const struct detach_plan *plan, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int r = posix_spawn_file_actions_init(&actions);
    if (r != 0)
        return -r;
    r = posix_spawnattr_init(&attributes);
    if (r == 0) {
        r = plan->arrange(&actions, plan->context);
        if (r == 0)
            r = set_attributes(&attributes);
        if (r == 0)
            r = posix_spawn(ret_pid, plan->path, &actions, &attributes, plan->argv,
                            plan->environment);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return -r;
}

static int give_nothing(posix_spawn_file_actions_t *actions, const void *context)
{
    int r = 0;
    (void)context;
    for (int fd = 0; r == 0 && fd <= 2; fd++)
        r = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", fd ? O_WRONLY : O_RDONLY, 0);
    return r;
}

/* The shell starts the command in the background and exits, so that nobody has to wait for the
 * command. */
int detach_run(const char *command, char *const *environment)
{
    const char *const argv[] = {"sh", "-c", "eval \"$1\" &", "sh", command, NULL};
    const struct detach_plan plan = {.path = "/bin/sh",
                                     .argv = (char *const *)argv,
                                     .environment = environment,
                                     .arrange = give_nothing};
    pid_t pid = -1;
    int r = detach_start(&plan, &pid);
    while (r == 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return r;
}

/* ---- whether it can be run ---- */

enum { SHELL_CANNOT_READ = 1, SHELL_FINDS_NOTHING = 2 };

static void append_missing(struct buffer *text, const char *program)
{
    buffer_append_format(text, "there is no program %s that can be run", program);
}

/* Asks a shell: for what is built into it, and for words that it expands. */
static void ask_shell(const char *command, const char *program, char *const *environment,
                      const struct host *host, struct buffer *ret_why)
{
    static const char script[] = "exec 2>&1; /bin/sh -nc \"$1\" || exit 1\n"
                                 "[ -z \"$2\" ] || eval \"command -v $2\" >/dev/null || exit 2";
    const char *const argv[] = {"/bin/sh", "-c", script, "sh", command, program, NULL};
    const struct capture_request request = {.argv = (char *const *)argv,
                                            .environment = environment,
                                            .limit_ms = ASKING_MS,
                                            .errors = -1,
                                            .host = host};
    char said[1024];
    size_t length;
    int status;
    if (capture_run(&request, said, sizeof said, &length, &status) < 0 || !WIFEXITED(status))
        return;
    if (WEXITSTATUS(status) == SHELL_CANNOT_READ) {
        said[length] = '\0';
        length = strcspn(said, "\n");
        text_replace_controls(said, length, ' ');
        buffer_append_format(ret_why, "/bin/sh cannot read it: %.*s", (int)length, said);
    } else if (WEXITSTATUS(status) == SHELL_FINDS_NOTHING) {
        append_missing(ret_why, program);
    }
}

bool detach_can_run(const char *command, char *const *environment, const struct host *host,
                    struct buffer *ret_why)
{
    CLEANUP_FREE char *word = shellword_first(command);
    bool is_path = word && strchr(word, '/') && shellword_are_plain(word);
    CLEANUP_FREE char *found = word ? files_find_program(word) : NULL;
    if (word && !*word)
        buffer_append_text(ret_why, "it is empty");
    else if (is_path && !found)
        append_missing(ret_why, word);
    else if (!found || !shellword_are_plain(command))
        ask_shell(command, word && !found ? word : "", environment, host, ret_why);
    return ret_why->length == 0;
}
