#include "system/keys/login.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "system/fileid.h"
#include "system/files.h"
#include "system/keys/keychain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LARGEST 65536

static int take(const char *bytes, size_t length, const char *where, struct keyring *keyring,
                struct buffer *error, struct login *ret_login)
{
    CLEANUP_JSON cJSON *file = json_parse(bytes, length, NULL);
    const cJSON *login = json_get(file, "claudeAiOauth");
    const char *token = json_string(login, "accessToken");
    const char *refresh = json_string(login, "refreshToken");
    struct key key = {.kind = kind_make(KIND_CONFIG_DIR), .kind_known = true};
    int64_t expires = 0;
    if (!token) {
        buffer_append_format(error, "its %s holds no login of Claude Code", where);
        return -EINVAL;
    }
    (void)json_integer(login, "expiresAt", &expires);
    int r = keyring_set_token(keyring, &key, token, strlen(token), error);
    *ret_login = (struct login){
        .token = key.token, .ends = expires / 1000, .can_renew = refresh && *refresh};
    return r;
}

/* -ENOENT if there is none, and on a system without a keychain. */
static int look_in_keychain(const char *folder, struct keyring *keyring, struct buffer *error,
                            struct login *ret_login)
{
    char service[KEYCHAIN_SERVICE], *bytes = secret_alloc(LARGEST);
    size_t length = 0;
    if (!bytes)
        return -ENOMEM;
    keychain_name_login(folder, service);
    int r = keychain_read(service, bytes, LARGEST, &length, error);
    if (r == 0)
        r = take(bytes, length, "item in the keychain", keyring, error, ret_login);
    if (r == 0) {
        ret_login->can_renew = false;
        ret_login->in_keychain = true;
    }
    secret_free(bytes);
    return r;
}

int login_look(struct keyring *keyring, const char *folder, struct buffer *error,
               struct login *ret_login)
{
    char *bytes = NULL;
    size_t length;
    CLEANUP_FREE char *expanded = files_expand(folder, NULL);
    CLEANUP_FREE char *path = expanded ? files_expand(".credentials.json", expanded) : NULL;
    if (!path)
        return -ENOMEM;
    int r = files_read(path, FILE_SECRET, LARGEST, error, &bytes, &length);
    if (r == 0)
        r = take(bytes, length, ".credentials.json", keyring, error, ret_login);
    else if (r == -ENOENT)
        r = look_in_keychain(expanded, keyring, error, ret_login);
    if (r < 0 && error->length == 0)
        buffer_append_format(error, "%s: %s", path, strerror(-r));
    secret_free(bytes);
    return r;
}

int login_read(struct keyring *keyring, const char *folder, struct buffer *error,
               const char **ret_token, int64_t *ret_end)
{
    struct login login;
    int r = login_look(keyring, folder, error, &login);
    if (r == 0 && login.ends > 0 && login.ends <= time(NULL)) {
        buffer_append_text(error, "the access token of its login has expired; Claude Code gets a "
                                  "new one when it runs, and so does tcr-run keys refresh");
        r = -EINVAL;
    }
    if (r == 0) {
        *ret_token = login.token;
        *ret_end = login.ends;
    }
    return r;
}

void login_forget_end(struct key *key)
{
    if (key->source != KEY_CONFIG_DIR || key->refresh_ended == 0)
        return;
    CLEANUP_FREE char *folder = files_expand(key->config_dir, NULL);
    CLEANUP_FREE char *path = folder ? files_expand(".credentials.json", folder) : NULL;
    if (path && fileid_at(path).modified.tv_sec > key->refresh_ended)
        key->refresh_ended = 0;
}
