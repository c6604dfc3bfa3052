#include "base/cleanup.h"
#include "base/secret.h"
#include "commands/command.h"
#include "commands/keys/keys.h"
#include "commands/keys/keys_add.h"
#include "core/client/environment.h"
#include "core/client/logintoken.h"
#include "core/pool/keyedit.h"
#include "core/pool/keyring.h"
#include "core/pool/renewal.h"
#include "system/files.h"
#include "system/keys/login.h"
#include "system/log.h"
#include "system/process/onterminal.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TOKEN_LARGEST 4096
#define LIMIT_MS      (15 * 60 * (int64_t)1000) /* time for a person with a browser */

extern char **environ;

static void show(void *context, const char *bytes, size_t length)
{
    struct logintoken *logintoken = context;
    struct buffer shown = {0};
    logintoken_feed(logintoken, bytes, length, &shown);
    (void)files_write_all(STDERR_FILENO, buffer_text(&shown), shown.length);
    buffer_finish_wiping(&shown);
}

static void explain_end(const char *what, int r, int status)
{
    if (r == -ETIMEDOUT)
        log_say("keys login: %s did not end within 15 minutes", what);
    else if (r < 0)
        log_say("keys login: %s could not be started on a terminal of its own (/dev/ptmx): %s",
                what, strerror(-r));
    else if (WIFSIGNALED(status))
        log_say("keys login: %s was ended by signal %d", what, WTERMSIG(status));
    else
        log_say("keys login: %s ended with status %d and without a login", what,
                WEXITSTATUS(status));
}

/* A login that is in the environment is not the one that is wanted. Returns -ECANCELED where it has
 * said itself why there is none. */
static int run_client(char *const *words, const char *folder, struct logintoken *logintoken,
                      int *ret_status)
{
    CLEANUP_FREE char *program = files_find_program("claude");
    if (!program) {
        log_say("keys login: claude is not in PATH; with Claude Code installed elsewhere: claude "
                "setup-token there, then tcr-run keys add NAME");
        return -ECANCELED;
    }
    const struct assignment set[] = {{"CLAUDE_SECURESTORAGE_CONFIG_DIR", NULL},
                                     {"CLAUDE_CONFIG_DIR", folder}};
    const struct environment_plan plan = {.set = set, .set_count = folder ? 2 : 0};
    struct environment environment;
    char *argv[] = {program, words[0], words[1], NULL};
    int r = environment_build(environ, &plan, &environment);
    if (r < 0) {
        log_say("keys login: out of memory");
        return -ECANCELED;
    }
    const struct onterminal_request request = {.argv = argv,
                                               .environment = environment.entries,
                                               .limit_ms = LIMIT_MS,
                                               .output = show,
                                               .context = logintoken};
    r = onterminal_run(&request, ret_status);
    environment_finish(&environment);
    const char *end = isatty(STDERR_FILENO) ? "\033[0m\n" : "\n";
    (void)files_write_all(STDERR_FILENO, end, strlen(end));
    return r;
}

static bool get_token(struct addition *addition)
{
    char *const words[] = {(char[]){"setup-token"}, NULL};
    struct logintoken logintoken = {.room = secret_alloc(TOKEN_LARGEST), .size = TOKEN_LARGEST};
    int status = 0;
    bool fine = false;
    int r = logintoken.room ? run_client(words, NULL, &logintoken, &status) : -ENOMEM;
    if (r == 0 && logintoken_is_there(&logintoken))
        fine = addition_take_token(addition, "the token of the login", logintoken.room);
    else if (r != -ECANCELED)
        explain_end("claude setup-token", r, status);
    secret_free(logintoken.room);
    return fine;
}

/* A login from before the client ran does not count as success. */
static bool is_logged_in(const char *folder)
{
    struct keyring keyring;
    struct buffer error = {0};
    const char *token;
    int64_t ends;
    if (keyring_init(&keyring) < 0)
        return false;
    bool fine = login_read(&keyring, folder, &error, &token, &ends) == 0;
    keyring_finish(&keyring);
    buffer_finish(&error);
    return fine;
}

static bool fill_folder(const struct addition *addition)
{
    char *const words[] = {(char[]){"auth"}, (char[]){"login"}};
    CLEANUP_FREE char *here = getcwd(NULL, 0);
    CLEANUP_FREE char *folder = files_expand(addition->config_dir, here);
    struct logintoken none = {.room = secret_alloc(TOKEN_LARGEST), .size = TOKEN_LARGEST};
    int status = 0;
    int r = folder && none.room ? files_make_folders(folder) : -ENOMEM;
    if (r < 0) {
        log_say("keys login: %s: %s", addition->config_dir, strerror(-r));
        secret_free(none.room);
        return false;
    }
    r = run_client(words, folder, &none, &status);
    secret_free(none.room);
    bool fine = r == 0 && status == 0 && is_logged_in(folder);
    if (!fine && r != -ECANCELED)
        explain_end("claude auth login", r, status);
    return fine;
}

bool addition_log_in(struct addition *addition)
{
    return addition->config_dir ? fill_folder(addition) : get_token(addition);
}

static int forget_end(cJSON *file, void *context, struct buffer *error)
{
    cJSON *entry = keyedit_find(file, context);
    (void)error;
    return entry && renewal_forget(entry) ? 0 : 1;
}

/* The folder stays; only its contents are new. */
static int log_in_again(struct keychange *change, struct addition *addition, const char *folder)
{
    addition->config_dir = folder;
    if (!fill_folder(addition))
        return EXIT_OWN_FAILURE;
    int status = keys_change(change, forget_end, (void *)addition->name);
    if (status == 0)
        log_say("%s: \"%s\" is logged in again, in %s", change->path, addition->name, folder);
    return status;
}

static int log_in(struct keychange *change, struct addition *addition)
{
    const cJSON *entry = keyedit_find(change->file, addition->name);
    const char *folder = json_string(entry, "config_dir");
    if (!entry)
        return addition_add(change, addition);
    if (addition->config_dir || addition->fields.organization || addition->fields.priority) {
        log_say(
            "keys login: \"%s\" exists, and is only logged in again; the rest: tcr-run keys set",
            addition->name);
        return EXIT_OWN_FAILURE;
    }
    if (folder)
        return log_in_again(change, addition, folder);
    addition->renews = true;
    return addition_renew(change, addition);
}

int keys_login(int argc, char **argv)
{
    struct addition addition = {.now = time(NULL), .logs_in = true};
    struct options options;
    struct keychange change;
    const struct flag flags[] = {{"config-dir", 0, NULL, &addition.config_dir},
                                 {"organization", 0, NULL, &addition.fields.organization},
                                 {"priority", 0, NULL, &addition.fields.priority},
                                 {0}};
    if (!keys_parse(argc, argv, flags, 1, 1, &options))
        return EXIT_OWN_FAILURE;
    addition.name = argv[1];
    int status = keys_open(&options, &change);
    if (status == 0)
        status = log_in(&change, &addition);
    json_destroy(addition.entry);
    keychange_close(&change);
    return status;
}
