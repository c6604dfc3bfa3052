#include "system/keys/keysource.h"

#include "base/cleanup.h"
#include "base/path.h"
#include "base/shellword.h"
#include "base/variable.h"
#include "core/pool/keyenv.h"
#include "core/pool/keyfile.h"
#include "system/files.h"
#include "system/keys/keychain.h"
#include "system/keys/keychange.h"
#include "system/keys/login.h"
#include "system/process/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

char *keysource_default_path(void)
{
    return files_xdg("XDG_CONFIG_HOME", ".config", "keys.json");
}

/* An empty TCR_KEYS_FILE counts as not set. */
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

/* One key that cannot be read must not stop a run that has others: it is left out, with a warning.
 */
static int read_token_files(struct keyring *keyring, const char *folder,
                            struct keyring_report *report)
{
    for (size_t i = 0; i < keyring->count + keyring->has_master; i++) {
        struct key *key = i < keyring->count ? &keyring->keys[i] : &keyring->master;
        struct buffer error = {0};
        login_forget_end(key);
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

/* A default place that cannot be looked at counts as one without a file, as in git. */
static bool cannot_be_looked_at(const char *path, int r)
{
    struct stat status;
    if (r != -EACCES && r != -EPERM && r != -ENOTDIR)
        return false;
    return stat(path, &status) < 0 && (errno == EACCES || errno == EPERM || errno == ENOTDIR);
}

static int read_key_file(const char *path, bool asked, struct keyring *ret_keyring,
                         struct keyring_report *report)
{
    char *bytes = NULL;
    size_t length;
    struct buffer error = {0};
    int r = keychange_read(path, NULL, &error, &bytes, &length);
    if (r == 0) {
        r = keyfile_parse(bytes, length, ret_keyring, report);
        secret_free(bytes);
    } else if (!asked && cannot_be_looked_at(path, r)) {
        buffer_append_format(&report->warnings, "%s cannot be looked at: %s\n", path, strerror(-r));
        r = -ENOENT;
    } else if (r != -ENOMEM && r != -ENOENT) {
        buffer_append_format(&report->errors, "%s\n",
                             error.length ? buffer_text(&error) : strerror(-r));
        r = -EINVAL;
    }
    buffer_finish(&error);
    if (r < 0)
        return r;
    /* Relative token files are relative to this folder. */
    CLEANUP_FREE char *folder = path_folder(path);
    r = folder ? read_token_files(ret_keyring, folder, report) : -ENOMEM;
    if (r < 0)
        keyring_finish(ret_keyring);
    return r;
}

/* --keys is easily typed for --key. */
static void say_missing(const char *path, const char *named, struct buffer *errors)
{
    buffer_append_text(errors, "there is no such file; ");
    if (named && *named && !strpbrk(named, "/.")) {
        buffer_append_text(errors, "to use a key of that name: --key ");
        shellword_append(errors, named);
        buffer_append_text(errors, "; ");
    }
    buffer_append_text(errors, "to make the file: tcr-run keys add NAME -f ");
    shellword_append(errors, path);
    buffer_append_char(errors, '\n');
}

int keysource_load(const char *file, char *const *environment, struct keyring *ret_keyring,
                   struct keyring_report *report, char **ret_origin)
{
    const char *asked = asked_file(file, environment);
    *ret_keyring = (struct keyring){0};
    if (file && !*file) {
        buffer_append_text(&report->errors, "--keys: the name of the file is empty\n");
        return -EINVAL;
    }
    errno = 0;
    *ret_origin = keysource_path(file, environment);
    if (!*ret_origin && errno == ENOMEM)
        return -ENOMEM;
    if (*ret_origin) {
        int r = read_key_file(*ret_origin, asked, ret_keyring, report);
        if (r == -ENOENT && asked) {
            say_missing(*ret_origin, file, &report->errors);
            return -EINVAL;
        }
        if (r != -ENOENT)
            return r < 0 ? r : keyring_drop_duplicates(ret_keyring, report);
    }
    free(*ret_origin);
    *ret_origin = strdup(KEYSOURCE_ENVIRONMENT);
    int r = keyenv_parse(environment, ret_keyring, report);
    if (r <= 0)
        return r < 0 ? r : -ENOENT;
    return keyring_drop_duplicates(ret_keyring, report);
}

/* What is the user's to put right; false: as with any other command. */
static bool explain_keychain(struct buffer *error, const struct key *key, int r, int status)
{
    bool is_missing = WIFEXITED(status) && WEXITSTATUS(status) == KEYCHAIN_NOT_FOUND;
    if (!key->keychain || (r < 0 ? r != -ENOENT : !is_missing))
        return false;
    if (r < 0) {
        buffer_append_text(error, "a \"keychain\" is macOS's, whose program security is not in "
                                  "PATH; elsewhere: \"token_command\"");
        return true;
    }
    buffer_append_text(error, "the login keychain has no item ");
    shellword_append(error, key->keychain);
    buffer_append_text(error, "; to make it: security add-generic-password -a \"$USER\" -s ");
    shellword_append(error, key->keychain);
    buffer_append_text(error, " -w");
    return true;
}

static int explain_failure(struct buffer *error, const struct key *key, int r, int status)
{
    if (explain_keychain(error, key, r, status))
        return -EINVAL;
    const char *program = key->command[0];
    const char *field = key->keychain ? "keychain" : "token_command";
    if (r == -ETIMEDOUT)
        buffer_append_format(error, "%s \"%s\" did not end within %d s", field, program,
                             KEYSOURCE_COMMAND_SECONDS);
    else if (r == -EINTR)
        buffer_append_format(error, "%s \"%s\" was interrupted", field, program);
    else if (r < 0)
        buffer_append_format(error, "%s \"%s\": %s", field, program, strerror(-r));
    else if (WIFSIGNALED(status))
        buffer_append_format(error, "%s \"%s\" was killed by signal %d", field, program,
                             WTERMSIG(status));
    else
        buffer_append_format(error, "%s \"%s\" exited with status %d", field, program,
                             WEXITSTATUS(status));
    return -EINVAL;
}

static int run_command(struct key *key, char *const *environment, const struct host *host,
                       char *bytes, size_t size, size_t *ret_length, struct buffer *error)
{
    int status = 0;
    const struct capture_request request = {.argv = (char *const *)key->command,
                                            .environment = environment,
                                            .limit_ms = KEYSOURCE_COMMAND_SECONDS * 1000,
                                            .errors = -1,
                                            .host = host};
    int r = capture_run(&request, bytes, size, ret_length, &status);
    return r < 0 || status != 0 ? explain_failure(error, key, r, status) : 0;
}

int keysource_resolve(struct keyring *keyring, struct key *key, char *const *environment,
                      const struct host *host, struct buffer *error)
{
    size_t length = 0;
    if (key->source != KEY_COMMAND || key->token)
        return 0;
    char *bytes = secret_alloc(KEYSOURCE_TOKEN_LARGEST);
    if (!bytes)
        return -ENOMEM;
    int r = run_command(key, environment, host, bytes, KEYSOURCE_TOKEN_LARGEST, &length, error);
    /* Takes the first line: password managers keep notes below it. */
    if (r == 0) {
        const char *end = memchr(bytes, '\n', length);
        r = keyring_set_token(keyring, key, bytes, end ? (size_t)(end - bytes) : length, error);
    }
    secret_free(bytes);
    return r;
}
