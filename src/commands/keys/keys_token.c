#include "base/cleanup.h"
#include "base/secret.h"
#include "base/shellword.h"
#include "commands/keys/keys_add.h"
#include "core/pool/keyedit.h"
#include "core/pool/keyring.h"
#include "core/pool/token.h"
#include "system/descriptor.h"
#include "system/files.h"
#include "system/keys/keychain.h"
#include "system/keys/keysource.h"
#include "system/log.h"
#include "system/stream/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define QUESTION_LONGEST 160
#define REST             4096
#define REST_MS          100 /* a writer may keep its end open */

const char *addition_verb(const struct addition *addition)
{
    return addition->logs_in ? "login" : addition->renews ? "renew" : "add";
}

static bool fail(const struct addition *addition, const char *what, struct buffer *error, int r)
{
    log_say("keys %s: %s: %s", addition_verb(addition), what,
            r == -ENOMEM    ? "out of memory"
            : error->length ? buffer_text(error)
                            : strerror(-r));
    return false;
}

/* The options stand for the fields of the key file. */
static void advise_kind(struct buffer *error)
{
    const char *advice = error->length ? strstr(error->data, "add \"kind\"") : NULL;
    if (!advice)
        return;
    error->length = (size_t)(advice - error->data);
    buffer_append_text(error, "add --kind oauth, api, bearer, openai, cursor or env:VARIABLE");
}

/* The kind that the token's beginning shows, if another was given. */
static const char *other_kind(const struct key *key)
{
    struct kind kind;
    bool other =
        key->kind.id != KIND_ENV && kind_from_token(key->token, &kind) && kind.id != key->kind.id;
    return other ? kind_name(&kind) : NULL;
}

/* Checks a token, and puts it into the entry if it belongs in the file. */
static bool take_token(struct addition *addition, const char *what, const char *bytes,
                       size_t length, bool inside)
{
    struct keyring scratch;
    struct key key = {.kind = addition->kind, .kind_known = addition->fields.kind != NULL};
    struct buffer error = {0};
    int r = keyring_init(&scratch);
    if (r < 0)
        return fail(addition, what, &error, r);
    r = keyring_set_token(&scratch, &key, bytes, length, &error);
    const char *other = r == 0 ? other_kind(&key) : NULL;
    advise_kind(&error);
    if (other) {
        buffer_append_format(&error, "it begins like one of kind %s; leave out --kind %s", other,
                             addition->fields.kind);
        r = -EINVAL;
    }
    if (r == 0 && inside && !json_set_string(addition->entry, "token", key.token))
        r = -ENOMEM;
    if (r == 0 && inside)
        r = keyedit_stamp(addition->entry, addition->now);
    bool fine = r == 0 || fail(addition, what, &error, r);
    buffer_finish(&error);
    keyring_finish(&scratch);
    return fine;
}

/* A terminal wraps long lines, and copying them copies the line breaks. Notes that a password
 * manager keeps below a token look different. */
static bool is_torn(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    char rest[REST];
    ssize_t n = poll(&ready, 1, REST_MS) > 0 ? read(fd, rest, sizeof rest) : 0;
    bool torn = n > 0 && token_is_torn(rest, (size_t)n);
    secret_wipe(rest, sizeof rest);
    return torn;
}

/* A terminal's line may have ended before the token did. */
static void warn_of_short(const char *token)
{
    size_t length = strlen(token);
    token = token_trim(token, &length);
    if (token_is_short(token))
        log_warn("the token has %zu characters, such tokens have %d: is it whole?", length,
                 TOKEN_USUAL_LENGTH);
}

static bool ask_for_token(struct addition *addition)
{
    char question[QUESTION_LONGEST], *token = NULL;
    bool person = isatty(STDIN_FILENO), torn = false;
    struct buffer error = {0};
    snprintf(question, sizeof question, "Token of \"%.100s\" (not shown): ", addition->name);
    int r = person ? prompt_secret(question, &token)
                   : prompt_read_line(STDIN_FILENO, KEYSOURCE_TOKEN_LARGEST, &token);
    if (r == 0 && !person)
        torn = is_torn(STDIN_FILENO);
    if (torn) {
        buffer_append_text(
            &error,
            "a second line follows that may be its second half; expected one line (| head -n 1)");
        r = -EINVAL;
    }
    if (r == -ENODATA || r == -ECANCELED)
        buffer_append_text(&error,
                           "none was given; expected it as the first line of standard input");
    else if (r == -EMSGSIZE)
        buffer_append_text(
            &error,
            "more than one line was pasted; expected the token without a terminal's line breaks");
    bool fine = r == 0 ? take_token(addition, "the token", token, strlen(token), true)
                       : fail(addition, "the token", &error, r);
    if (fine && person)
        warn_of_short(token);
    secret_free(token);
    buffer_finish(&error);
    return fine;
}

/* A relative path given here is relative to the current folder. In the key file it would be
 * relative to the file's. */
static char *absolute(const char *path)
{
    CLEANUP_FREE char *here = getcwd(NULL, 0);
    return here ? files_expand(path, here) : NULL;
}

static bool take_token_file(struct addition *addition)
{
    struct buffer error = {0};
    char *bytes = NULL;
    size_t length;
    CLEANUP_FREE char *path = absolute(addition->token_file);
    int r = path ? files_read(path, FILE_SECRET, KEYSOURCE_TOKEN_LARGEST, &error, &bytes, &length)
                 : -ENOMEM;
    bool fine = r == 0 ? take_token(addition, path, bytes, length, false)
                       : fail(addition, addition->token_file, &error, r);
    if (fine)
        fine = json_set_string(addition->entry, "token_file", path) ||
               fail(addition, path, &error, -ENOMEM);
    secret_free(bytes);
    buffer_finish(&error);
    return fine;
}

static bool take_config_dir(struct addition *addition)
{
    struct buffer error = {0};
    CLEANUP_FREE char *path = absolute(addition->config_dir);
    CLEANUP_CLOSE int folder = path ? descriptor_folder(path) : -1;
    if (!path || folder < 0)
        return fail(addition, addition->config_dir, &error, path ? -errno : -ENOMEM);
    CLEANUP_FREE char *word = shellword_copy(path);
    if (faccessat(folder, ".credentials.json", F_OK, 0) < 0 && !keychain_has_login(path))
        log_warn("%s: nobody has logged in there yet; CLAUDE_CONFIG_DIR=%s claude, then /login",
                 path, word ? word : "DIR");
    return json_set_string(addition->entry, "config_dir", path) ||
           fail(addition, path, &error, -ENOMEM);
}

bool addition_take_token(struct addition *addition, const char *what, const char *token)
{
    return take_token(addition, what, token, strlen(token), true);
}

static bool take_command(struct addition *addition)
{
    struct buffer error = {0};
    cJSON *words = cJSON_CreateArray();
    bool fine = words != NULL;
    CLEANUP_FREE char *program = files_find_program(addition->command[0]);
    if (!program)
        log_warn("--token-command: there is no program \"%s\" now", addition->command[0]);
    for (char **word = addition->command; fine && *word; word++)
        fine = cJSON_AddItemToArray(words, cJSON_CreateString(*word));
    if (fine)
        return json_set(addition->entry, "token_command", words) ||
               fail(addition, "--token-command", &error, -ENOMEM);
    json_destroy(words);
    return fail(addition, "--token-command", &error, -ENOMEM);
}

static bool take_keychain(struct addition *addition)
{
    struct buffer error = {0};
    CLEANUP_FREE char *program = files_find_program("security");
    if (!program)
        log_warn("--keychain: macOS's program security, which reads it, is not here");
    return json_set_string(addition->entry, "keychain", addition->keychain) ||
           fail(addition, "--keychain", &error, -ENOMEM);
}

bool addition_take_source(struct addition *addition)
{
    if (addition->logs_in && !addition_log_in(addition))
        return false;
    if (addition->logs_in && !addition->config_dir)
        return true;
    return addition->command      ? take_command(addition)
           : addition->token_file ? take_token_file(addition)
           : addition->config_dir ? take_config_dir(addition)
           : addition->keychain   ? take_keychain(addition)
                                  : ask_for_token(addition);
}
