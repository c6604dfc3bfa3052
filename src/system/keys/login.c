#include "system/keys/login.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "system/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LARGEST 65536

/* The access token of a login lives for hours; the client gets itself the next one, and no other
 * may. */
static int take(const char *bytes, size_t length, struct keyring *keyring, struct buffer *error,
                const char **ret_token, int64_t *ret_end)
{
    CLEANUP_JSON cJSON *file = json_parse(bytes, length, NULL);
    const cJSON *login = json_get(file, "claudeAiOauth");
    const char *token = json_string(login, "accessToken");
    struct key key = {.kind = kind_make(KIND_CONFIG_DIR), .kind_known = true};
    int64_t expires = 0;
    if (!token) {
        buffer_append_text(error, "its .credentials.json holds no login of Claude Code");
        return -EINVAL;
    }
    if (json_integer(login, "expiresAt", &expires) && expires / 1000 <= time(NULL)) {
        buffer_append_text(error, "the access token of its login has expired; Claude Code gets a "
                                  "new one when it runs");
        return -EINVAL;
    }
    int r = keyring_set_token(keyring, &key, token, strlen(token), error);
    *ret_token = key.token;
    *ret_end = expires / 1000;
    return r;
}

int login_read(struct keyring *keyring, const char *folder, struct buffer *error,
               const char **ret_token, int64_t *ret_end)
{
    char *bytes = NULL;
    size_t length;
    CLEANUP_FREE char *expanded = files_expand(folder, NULL);
    CLEANUP_FREE char *path = expanded ? files_expand(".credentials.json", expanded) : NULL;
    if (!path)
        return -ENOMEM;
    int r = files_read(path, FILE_SECRET, LARGEST, error, &bytes, &length);
    if (r == 0)
        r = take(bytes, length, keyring, error, ret_token, ret_end);
    else if (error->length == 0)
        buffer_append_format(error, "%s: %s", path, strerror(-r));
    secret_free(bytes);
    return r;
}
