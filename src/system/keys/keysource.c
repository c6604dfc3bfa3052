#include "system/keys/keysource.h"

#include "base/cleanup.h"
#include "base/path.h"
#include "base/variable.h"
#include "core/client/environment.h"
#include "core/pool/keyenv.h"
#include "core/pool/keyfile.h"
#include "system/clock.h"
#include "system/files.h"
#include "system/keys/keystore.h"
#include "system/process/signals.h"
#include "system/process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a command may take to end when it is told to. */
#define PARTING_MS 500

char *keysource_default_path(void)
{
    return files_xdg("XDG_CONFIG_HOME", ".config", "keys.json");
}

/* An empty TCR_KEYS_FILE is one that is not set. */
static const char *asked_file(const char *file, char *const *environment)
{
    const char *named = file ? file : variable_value(environment, "TCR_KEYS_FILE");
    return named && *named ? named : NULL;
}

char *keysource_path(const char *file, char *const *environment)
{
    const char *asked = asked_file(file, environment);
    return asked ? files_expand(asked, NULL) : keysource_default_path();
}

static int read_token_file(struct keyring *keyring, struct key *key, const char *folder,
                           struct buffer *error)
{
    char *bytes = NULL;
    size_t length;
    CLEANUP_FREE char *path = files_expand(key->token_file, folder);
    if (!path)
        return -ENOMEM;
    int r = files_read(path, FILE_SECRET, KEYSOURCE_TOKEN_LARGEST, error, &bytes, &length);
    if (r == 0)
        r = keyring_set_token(keyring, key, bytes, length, error);
    secret_free(bytes);
    if (r < 0) {
        struct buffer reason = {0};
        buffer_append_format(&reason, "%s: %s", path,
                             error->length ? buffer_text(error) : strerror(-r));
        buffer_finish(error);
        *error = reason;
    }
    return r;
}

/* One key that cannot be read must not stop a run that has others: it is left out, and said. */
static int read_token_files(struct keyring *keyring, const char *folder,
                            struct keyring_report *report)
{
    for (size_t i = 0; i < keyring->count + keyring->has_master; i++) {
        struct key *key = i < keyring->count ? &keyring->keys[i] : &keyring->master;
        struct buffer error = {0};
        if (key->source != KEY_FILE)
            continue;
        int r = read_token_file(keyring, key, folder, &error);
        if (r == -ENOMEM)
            return r;
        if (r < 0) {
            key->left_out = true;
            buffer_append_format(&report->warnings, "%s.token_file: \"%s\" is left out: %s\n",
                                 key->place, key->name, buffer_text(&error));
        }
        buffer_finish(&error);
    }
    return 0;
}

static int read_key_file(const char *path, struct keyring *ret_keyring,
                         struct keyring_report *report)
{
    char *bytes = NULL;
    size_t length;
    struct buffer error = {0};
    int r = keystore_read(path, NULL, &error, &bytes, &length);
    if (r == 0) {
        r = keyfile_parse(bytes, length, ret_keyring, report);
        secret_free(bytes);
    } else if (r != -ENOMEM && r != -ENOENT) {
        buffer_append_format(&report->errors, "%s\n",
                             error.length ? buffer_text(&error) : strerror(-r));
        r = -EINVAL;
    }
    buffer_finish(&error);
    if (r < 0)
        return r;
    /* Relative token files are relative to it. */
    CLEANUP_FREE char *folder = path_folder(path);
    r = folder ? read_token_files(ret_keyring, folder, report) : -ENOMEM;
    if (r < 0)
        keyring_finish(ret_keyring);
    return r;
}

int keysource_load(const char *file, char *const *environment, struct keyring *ret_keyring,
                   struct keyring_report *report, char **ret_origin)
{
    const char *asked = asked_file(file, environment);
    *ret_keyring = (struct keyring){0};
    errno = 0;
    *ret_origin = keysource_path(file, environment);
    if (!*ret_origin && errno == ENOMEM)
        return -ENOMEM;
    if (*ret_origin) {
        int r = read_key_file(*ret_origin, ret_keyring, report);
        if (r == -ENOENT && asked) {
            buffer_append_text(&report->errors,
                               "there is no such file; tcr-run keys add makes one\n");
            return -EINVAL;
        }
        if (r != -ENOENT)
            return r < 0 ? r : keyring_drop_duplicates(ret_keyring, report);
    }
    free(*ret_origin);
    *ret_origin = strdup("the environment");
    int r = keyenv_parse(environment, ret_keyring, report);
    if (r <= 0)
        return r < 0 ? r : -ENOENT;
    return keyring_drop_duplicates(ret_keyring, report);
}

/* Why the command is not to be waited for any more; 0 if it is. */
static int look_up(int64_t *deadline)
{
    if (signals_stop_if_asked()) /* the terminal has stopped the command too */
        *deadline = clock_now_ms() + KEYSOURCE_COMMAND_SECONDS * 1000;
    if (signals_end_pending())
        return -EINTR;
    return clock_now_ms() >= *deadline ? -ETIMEDOUT : 0;
}

/* Until end of file, the time limit or somebody's wish to end. */
static int read_output(int fd, int64_t *deadline, char *bytes, size_t size, size_t *ret_length)
{
    size_t length = 0;
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int r = look_up(deadline);
        if (r < 0)
            return r;
        if (poll(&ready, 1, 200) <= 0)
            continue;
        ssize_t n = read(fd, bytes + length, size - length);
        if (n == 0 || length == size)
            break;
        if (n < 0 && errno != EINTR)
            return -errno;
        length += n > 0 ? (size_t)n : 0;
    }
    *ret_length = length;
    return length == size ? -EFBIG : 0;
}

/* Reaps it, or gives it a moment more. */
static bool has_ended(pid_t pid, int pause_ms, int *ret_status)
{
    pid_t r = waitpid(pid, ret_status, WNOHANG);
    if (r == 0)
        (void)poll(NULL, 0, pause_ms);
    return r == pid || (r < 0 && errno != EINTR);
}

/* It may have closed its output and gone on. */
static int await_end(pid_t pid, int64_t *deadline, int *ret_status)
{
    int r = 0;
    for (int pause = 1; r == 0 && !has_ended(pid, pause, ret_status); pause += pause < 100)
        r = look_up(deadline);
    return r;
}

/* It may have to put a terminal right on which it asked for a password. */
static void end_command(pid_t pid)
{
    int signal = signals_end_pending(), status;
    (void)kill(pid, signal ? signal : SIGTERM);
    for (int waited = 0; waited < PARTING_MS; waited += PARTING_MS / 50)
        if (has_ended(pid, PARTING_MS / 50, &status))
            return;
    (void)kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
}

static int start_command(const struct key *key, char *const *environment, int output,
                         pid_t *ret_pid, bool *ret_exec_failed)
{
    struct environment_plan plan = {0};
    struct environment built;
    CLEANUP_CLOSE int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int r = environment_build(environment, &plan, &built);
    if (r < 0)
        return r;
    struct spawn_request request = {.argv = (char *const *)key->command,
                                    .environment = built.entries,
                                    .streams = {nothing, output, -1}};
    r = spawn_start(&request, ret_pid, ret_exec_failed);
    environment_finish(&built);
    return r;
}

static int explain_failure(struct buffer *error, const struct key *key, int r, int status)
{
    const char *program = key->command[0];
    if (r == -ETIMEDOUT)
        buffer_append_format(error, "token_command \"%s\" did not end within %d s", program,
                             KEYSOURCE_COMMAND_SECONDS);
    else if (r == -EINTR)
        buffer_append_format(error, "token_command \"%s\" was interrupted", program);
    else if (r < 0)
        buffer_append_format(error, "token_command \"%s\": %s", program, strerror(-r));
    else if (WIFSIGNALED(status))
        buffer_append_format(error, "token_command \"%s\" was killed by signal %d", program,
                             WTERMSIG(status));
    else
        buffer_append_format(error, "token_command \"%s\" exited with status %d", program,
                             WEXITSTATUS(status));
    return -EINVAL;
}

static int run_command(struct key *key, char *const *environment, char *bytes, size_t size,
                       size_t *ret_length, struct buffer *error)
{
    int ends[2], status = 0;
    pid_t pid = -1;
    bool exec_failed;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    CLEANUP_CLOSE int output = ends[0];
    int r = start_command(key, environment, ends[1], &pid, &exec_failed);
    (void)close(ends[1]);
    if (r < 0)
        return explain_failure(error, key, r, 0);
    int64_t deadline = clock_now_ms() + KEYSOURCE_COMMAND_SECONDS * 1000;
    r = read_output(output, &deadline, bytes, size, ret_length);
    if (r == 0)
        r = await_end(pid, &deadline, &status);
    if (r < 0)
        end_command(pid);
    return r < 0 || status != 0 ? explain_failure(error, key, r, status) : 0;
}

int keysource_resolve(struct keyring *keyring, struct key *key, char *const *environment,
                      struct buffer *error)
{
    size_t length = 0;
    if (key->source != KEY_COMMAND || key->token)
        return 0;
    char *bytes = secret_alloc(KEYSOURCE_TOKEN_LARGEST);
    if (!bytes)
        return -ENOMEM;
    int r = run_command(key, environment, bytes, KEYSOURCE_TOKEN_LARGEST, &length, error);
    /* The first line, as password managers keep notes below it. */
    if (r == 0) {
        const char *end = memchr(bytes, '\n', length);
        r = keyring_set_token(keyring, key, bytes, end ? (size_t)(end - bytes) : length, error);
    }
    secret_free(bytes);
    return r;
}
