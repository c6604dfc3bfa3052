#include "system/keys/keychain.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "system/files.h"
#include "system/process/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A keychain that is locked asks in a window: not for longer than a person notices. */
#define LIMIT_MS 5000

#define LOGIN_LARGEST 65536

#define CLAUDE_ITEM "Claude Code-credentials"

extern char **environ;

bool keychain_is_usual_folder(const char *folder)
{
    CLEANUP_FREE char *usual = files_expand("~/.claude", NULL);
    return usual && strcmp(folder, usual) == 0;
}

void keychain_name_login(const char *folder, char ret_service[KEYCHAIN_SERVICE])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    if (keychain_is_usual_folder(folder)) {
        strcpy(ret_service, CLAUDE_ITEM);
        return;
    }
    crypto_hash_sha256(hash, (const unsigned char *)folder, strlen(folder));
    snprintf(ret_service, KEYCHAIN_SERVICE, CLAUDE_ITEM "-%02x%02x%02x%02x", hash[0], hash[1],
             hash[2], hash[3]);
}

static int judge(int r, int status, const char *service, struct buffer *error)
{
    if (r == -ETIMEDOUT)
        buffer_append_format(error,
                             "the keychain did not give \"%s\" within %d s; is it locked? fix: "
                             "security unlock-keychain",
                             service, LIMIT_MS / 1000);
    else if (r < 0)
        return r;
    else if (WIFEXITED(status) && WEXITSTATUS(status) == KEYCHAIN_NOT_FOUND)
        return -ENOENT;
    else
        buffer_append_format(error, "the keychain does not give \"%s\": security %s %d", service,
                             WIFEXITED(status) ? "exited with status" : "was killed by signal",
                             WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return -EINVAL;
}

int keychain_read(const char *service, char *ret_bytes, size_t size, size_t *ret_length,
                  struct buffer *error)
{
    int status = 0;
    CLEANUP_FREE char *program = files_find_program("security");
    if (!program)
        return -ENOENT;
    const char *const words[] = {KEYCHAIN_WORDS, service, NULL};
    CLEANUP_CLOSE int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    const struct capture_request request = {.argv = (char *const *)words,
                                            .environment = environ,
                                            .limit_ms = LIMIT_MS,
                                            .errors = nowhere};
    int r = capture_run(&request, ret_bytes, size, ret_length, &status);
    if (r < 0 || status != 0)
        return judge(r, status, service, error);
    if (*ret_length > 0 && ret_bytes[*ret_length - 1] == '\n')
        --*ret_length;
    return 0;
}

bool keychain_has_login(const char *folder)
{
    char service[KEYCHAIN_SERVICE], *bytes = secret_alloc(LOGIN_LARGEST);
    struct buffer ignored = {0};
    size_t length = 0;
    keychain_name_login(folder, service);
    int r = bytes ? keychain_read(service, bytes, LOGIN_LARGEST, &length, &ignored) : -ENOMEM;
    buffer_finish(&ignored);
    secret_free(bytes);
    return r == 0 && length > 0;
}
