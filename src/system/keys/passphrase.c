#include "system/keys/passphrase.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "system/descriptor.h"
#include "system/files.h"
#include "system/stream/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VARIABLE  "TCR_PASSPHRASE_FILE"
#define LONGEST   1024
#define BEGINNING 128 /* bytes that tell a sealed file */
#define MEBIBYTE  (1024 * 1024)
#define TRIES     3

static int descriptor = -1;

/* What opened the last file; a program that we start may need it. */
static struct seal opened;

struct handed {
    uint64_t operations, memory;
    unsigned char salt[SEAL_SALT];
    unsigned char key[SEAL_KEY];
};

void passphrase_use_descriptor(int fd)
{
    descriptor = fd;
}

static int refuse(struct buffer *error, const char *sentence)
{
    buffer_append_text(error, sentence);
    return -EINVAL;
}

static int from_descriptor(struct buffer *error, char **ret_passphrase)
{
    int r = prompt_read_line(descriptor, LONGEST, ret_passphrase);
    if (r < 0 && r != -ENOMEM) {
        buffer_append_format(error, "no passphrase was read from descriptor %d: %s", descriptor,
                             r == -ENODATA ? "it is at its end" : strerror(-r));
        r = -EINVAL;
    }
    return r;
}

static int from_file(const char *path, struct buffer *error, char **ret_passphrase)
{
    struct buffer reason = {0};
    size_t length;
    CLEANUP_FREE char *expanded = files_expand(path, NULL);
    if (!expanded)
        return -ENOMEM;
    int r = files_read(expanded, FILE_SECRET, LONGEST, &reason, ret_passphrase, &length);
    if (r == 0)
        (*ret_passphrase)[strcspn(*ret_passphrase, "\r\n")] = '\0';
    if (r < 0 && r != -ENOMEM) {
        buffer_append_format(error, "its passphrase cannot be read from %s (" VARIABLE "): %s",
                             expanded, reason.length ? buffer_text(&reason) : strerror(-r));
        r = -EINVAL;
    }
    buffer_finish(&reason);
    return r;
}

static int ask(const char *format, const char *path, struct buffer *error, char **ret_passphrase)
{
    struct buffer question = {0};
    buffer_append_format(&question, "%s%s: ", format, path);
    int r = question.failed ? -ENOMEM : prompt_secret(buffer_text(&question), ret_passphrase);
    buffer_finish(&question);
    switch (r) {
    case 0:
    case -ENOMEM:
        return r;
    case -ENOTTY:
        return refuse(error, "a passphrase is needed, and there is no terminal to ask for it on; "
                             "name a file that holds it in " VARIABLE);
    case -EMSGSIZE:
        return refuse(error, "more than one line was pasted as its passphrase; expected one");
    case -ECANCELED:
    case -EINTR:
        return refuse(error, "no passphrase was given");
    default:
        buffer_append_format(error, "its passphrase cannot be asked for: %s", strerror(-r));
        return -EINVAL;
    }
}

static int ask_twice(const char *path, struct buffer *error, char **ret_passphrase)
{
    char *again = NULL;
    int r = ask("New passphrase for ", path, error, ret_passphrase);
    if (r == 0 && **ret_passphrase)
        r = ask("The same again for ", path, error, &again);
    if (r == 0 && again && strcmp(*ret_passphrase, again) != 0)
        r = refuse(error, "the two passphrases differ; nothing was changed");
    secret_free(again);
    if (r < 0) {
        secret_free(*ret_passphrase);
        *ret_passphrase = NULL;
    }
    return r;
}

bool passphrase_is_asked_for(void)
{
    const char *file = getenv(VARIABLE);
    return descriptor < 0 && (!file || !*file);
}

bool passphrase_guards(const char *path)
{
    char bytes[BEGINNING];
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t length = fd < 0 ? 0 : read(fd, bytes, sizeof bytes);
    return length > 0 && seal_is_sealed(bytes, (size_t)length);
}

typedef int asker(const char *path, struct buffer *error, char **ret_passphrase);

static int get(const char *path, asker *person, struct buffer *error, char **ret_passphrase)
{
    char *passphrase = NULL;
    int r = passphrase_is_asked_for() ? person(path, error, &passphrase)
            : descriptor >= 0         ? from_descriptor(error, &passphrase)
                                      : from_file(getenv(VARIABLE), error, &passphrase);
    if (r == 0 && !*passphrase) {
        secret_free(passphrase);
        return refuse(error, "its passphrase must not be empty");
    }
    if (r == 0)
        *ret_passphrase = passphrase;
    return r;
}

int passphrase_choose(const char *path, struct buffer *error, char **ret_passphrase)
{
    return get(path, ask_twice, error, ret_passphrase);
}

static int ask_first(const char *path, struct buffer *error, char **ret_passphrase)
{
    return ask("Passphrase of ", path, error, ret_passphrase);
}

static int ask_again(const char *path, struct buffer *error, char **ret_passphrase)
{
    return ask("Wrong passphrase. Once more, passphrase of ", path, error, ret_passphrase);
}

/* Derives the key for a seal whose header has been read. */
static int derive(const char *path, asker *person, struct seal *seal, struct buffer *error)
{
    char *passphrase = NULL;
    int r = get(path, person, error, &passphrase);
    if (r < 0)
        return r;
    r = seal_derive(seal, passphrase);
    secret_free(passphrase);
    if (r == -ENOMEM) {
        buffer_append_format(error, "unsealing it needs %llu MiB of memory, which it cannot get",
                             (unsigned long long)(seal->memory / MEBIBYTE));
        return -EINVAL;
    }
    return r;
}

/* -EBADMSG, with no sentence yet, if the key does not fit. */
static int try_to_open(const struct seal *seal, char **bytes, size_t *length, struct buffer *error)
{
    char *plain = NULL;
    size_t plain_length;
    int r = seal_open(seal, *bytes, *length, &plain, &plain_length);
    if (r == -EINVAL)
        return refuse(error, "the sealed file is damaged; restore it from a copy");
    if (r < 0)
        return r;
    secret_free(*bytes);
    *bytes = plain;
    *length = plain_length;
    return 0;
}

static int open_with(const struct seal *seal, char **bytes, size_t *length, struct buffer *error)
{
    int r = try_to_open(seal, bytes, length, error);
    return r != -EBADMSG
               ? r
               : refuse(error, "wrong passphrase, or the file was changed since it was sealed");
}

/* A person may mistype and is asked again; a file and a descriptor would say the same again. */
static int open_by_passphrase(const char *path, struct seal *seal, char **bytes, size_t *length,
                              struct buffer *error)
{
    int r = derive(path, ask_first, seal, error);
    for (int left = passphrase_is_asked_for() ? TRIES - 1 : 0; r == 0 && left > 0; left--) {
        r = try_to_open(seal, bytes, length, error);
        if (r != -EBADMSG)
            return r;
        r = derive(path, ask_again, seal, error);
    }
    return r == 0 ? open_with(seal, bytes, length, error) : r;
}

static int copy_seal(const struct seal *seal, struct seal *ret_seal)
{
    char *key = secret_alloc(SEAL_KEY);
    if (!key)
        return -ENOMEM;
    memcpy(key, seal->key, SEAL_KEY);
    *ret_seal = *seal;
    ret_seal->key = key;
    return 0;
}

static int keep(const struct seal *seal)
{
    struct seal copy;
    int r = copy_seal(seal, &copy);
    if (r < 0)
        return r;
    seal_finish(&opened);
    opened = copy;
    return 0;
}

int passphrase_hand_over(void)
{
    int ends[2];
    if (!opened.key)
        return -ENOENT;
    struct handed *handed = (void *)secret_alloc(sizeof *handed);
    if (!handed || descriptor_pipe(ends, 0) < 0) {
        secret_free((char *)handed);
        return -ENOMEM;
    }
    handed->operations = opened.operations;
    handed->memory = opened.memory;
    memcpy(handed->salt, opened.salt, SEAL_SALT);
    memcpy(handed->key, opened.key, SEAL_KEY);
    int r = files_write_all(ends[1], (const char *)handed, sizeof *handed);
    secret_free((char *)handed);
    (void)close(ends[1]);
    if (r == 0)
        return ends[0];
    (void)close(ends[0]);
    return r;
}

int passphrase_take_over(int fd)
{
    CLEANUP_CLOSE int pipe = fd;
    struct seal seal = {0};
    char *bytes;
    size_t length;
    int r = prompt_read_all(pipe, sizeof(struct handed) + 1, &bytes, &length);
    if (r < 0)
        return r;
    if (length == sizeof(struct handed)) {
        const struct handed *handed = (const void *)bytes;
        seal.operations = handed->operations;
        seal.memory = handed->memory;
        memcpy(seal.salt, handed->salt, SEAL_SALT);
        seal.key = bytes + offsetof(struct handed, key);
        r = keep(&seal);
    } else {
        r = -EINVAL;
    }
    secret_free(bytes);
    return r;
}

int passphrase_unseal(const char *path, char **bytes, size_t *length, struct seal *seal,
                      struct buffer *error)
{
    struct seal own = {0};
    if (!seal_is_sealed(*bytes, *length))
        return 0;
    int r = seal_read(*bytes, *length, &own, error);
    if (r < 0)
        return r;
    if (seal && seal->key && !seal_is_alike(seal, &own))
        return refuse(error, "it has been sealed again meanwhile; try again");
    if (seal && seal->key)
        return open_with(seal, bytes, length, error);
    if (opened.key && seal_is_alike(&opened, &own)) {
        r = open_with(&opened, bytes, length, error);
        return r < 0 || !seal ? r : copy_seal(&opened, seal);
    }
    r = open_by_passphrase(path, &own, bytes, length, error);
    if (r == 0)
        r = keep(&own);
    if (r < 0 || !seal)
        seal_finish(&own);
    else
        *seal = own;
    return r;
}
