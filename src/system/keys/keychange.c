#include "system/keys/keychange.h"

#include "base/cleanup.h"
#include "base/path.h"
#include "base/secret.h"
#include "core/pool/keyedit.h"
#include "core/pool/keyfile.h"
#include "system/descriptor.h"
#include "system/files.h"
#include "system/keys/keysource.h"
#include "system/keys/passphrase.h"
#include "system/random.h"
#include "system/store/lockfile.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_SECONDS 10

static int explain(struct buffer *error, const char *what, int r)
{
    if (r == -ENOMEM || error->length > 0)
        return r == -ENOMEM ? r : -EINVAL;
    buffer_append_format(error, "%s: %s", what, strerror(-r));
    return -EINVAL;
}

int keychange_read(const char *path, struct seal *seal, struct buffer *error, char **ret_bytes,
                   size_t *ret_length)
{
    char *bytes = NULL;
    size_t length;
    int r = files_read(path, FILE_SECRET, KEYSOURCE_FILE_LARGEST, error, &bytes, &length);
    if (r == 0)
        r = passphrase_unseal(path, &bytes, &length, seal, error);
    if (r < 0) {
        secret_free(bytes);
        return r;
    }
    *ret_bytes = bytes;
    *ret_length = length;
    return 0;
}

static int refuse(struct buffer *error, const char *sentence)
{
    buffer_append_text(error, sentence);
    return -EINVAL;
}

/* Reads it again under the lock, where nobody may be asked for anything: with the seal that was
 * opened before. */
static int read_again(struct keychange *change, struct buffer *error, char **ret_bytes,
                      size_t *ret_length)
{
    char *bytes = NULL;
    size_t length;
    int r = files_read(change->path, FILE_SECRET, KEYSOURCE_FILE_LARGEST, error, &bytes, &length);
    if (r == 0 && seal_is_sealed(bytes, length) != change->sealed)
        r = refuse(error, "it was sealed or unsealed meanwhile; try again");
    if (r == 0)
        r = passphrase_unseal(change->path, &bytes, &length, &change->seal, error);
    if (r < 0) {
        secret_free(bytes);
        return r;
    }
    *ret_bytes = bytes;
    *ret_length = length;
    return 0;
}

/* A symbolic link stays one: the file that it points to is changed. */
static int resolve(const char *path, struct keychange *change, struct buffer *error)
{
    struct stat status;
    change->path = realpath(path, NULL);
    change->exists = change->path != NULL;
    if (change->exists)
        return 0;
    int r = -errno;
    bool is_link = r == -ENOENT && lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
    if (is_link)
        buffer_append_text(error, "it is a symbolic link to a file that is not there");
    else if (r == -ENOENT) /* also if created since: a change looks again under the lock */
        change->path = strdup(path);
    if (r == -ENOENT && !change->path && error->length == 0)
        r = -ENOMEM;
    return change->path ? 0 : explain(error, "it cannot be opened", r);
}

static bool is_without_keys(const cJSON *file)
{
    const cJSON *keys = json_get(file, "keys"), *master = json_get(file, "master");
    return cJSON_IsObject(file) && keyedit_count(file) == 0 && (!keys || cJSON_IsArray(keys)) &&
           (!master || cJSON_IsNull(master));
}

/* A file may lack keys here, though no run could use it. */
static int check(const cJSON *file, const char *bytes, size_t length, struct buffer *error)
{
    struct keyring_report report = {0};
    struct keyring keyring;
    if (is_without_keys(file))
        return 0;
    int r = keyfile_parse(bytes, length, &keyring, &report);
    if (r == -EINVAL)
        buffer_append_text(error, buffer_text(&report.errors));
    keyring_finish(&keyring);
    keyring_report_finish(&report);
    return r;
}

static bool is_blank(const char *bytes, size_t length)
{
    while (length > 0 && isspace((unsigned char)bytes[length - 1]))
        length--;
    return length == 0;
}

/* An empty file has no keys: somebody created it to set its mode. */
static int parse(const char *bytes, size_t length, cJSON **ret_file, struct buffer *error)
{
    bool blank = is_blank(bytes, length);
    cJSON *file = blank ? keyedit_new() : NULL;
    int r = blank ? (file ? 0 : -ENOMEM) : json_read(bytes, length, &file, NULL);
    if (r != -ENOMEM && !blank)
        r = check(file, bytes, length, error);
    if (r < 0)
        json_destroy(file);
    else
        *ret_file = file;
    return r;
}

int keychange_open(const char *path, const struct host *host, struct keychange *ret_change,
                   struct buffer *error)
{
    struct keychange *change = ret_change;
    char *bytes = NULL;
    size_t length = 0;
    *change = (struct keychange){.host = host};
    int r = resolve(path, change, error);
    if (r == 0 && change->exists)
        r = keychange_read(change->path, &change->seal, error, &bytes, &length);
    if (r < 0)
        return explain(error, "it cannot be read", r);
    change->sealed = change->seal.key != NULL;
    r = parse(bytes ? bytes : "", length, &change->file, error);
    secret_free(bytes);
    return r;
}

void keychange_close(struct keychange *change)
{
    seal_finish(&change->seal);
    json_destroy(change->file);
    free(change->path);
    *change = (struct keychange){0};
}

static int wait_for_lock(int fd, const struct keychange *change, struct buffer *error)
{
    long seconds = change->lock_seconds ? (long)change->lock_seconds : LOCK_SECONDS;
    int r = lockfile_wait(fd, seconds * 1000000, change->host);
    if (r != -ETIMEDOUT)
        return r;
    buffer_append_format(error, "another tcr-run keys has held the lock for %ld s; try again",
                         seconds);
    return -EINVAL;
}

/* The lock is a file beside the key file, because the key file itself is replaced. It is checked as
 * the key file will be: otherwise a folder that others can write to would be noticed only once the
 * secrets are in it. */
static int lock(const struct keychange *change, struct buffer *error, int *ret_fd)
{
    char *path = NULL, *bytes = NULL;
    size_t length;
    if (asprintf(&path, "%s.lock", change->path) < 0)
        return -ENOMEM;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r = fd < 0 || fchmod(fd, 0600) < 0
                ? -errno
                : files_read(path, FILE_SECRET, 4096, error, &bytes, &length);
    if (r == 0)
        r = wait_for_lock(fd, change, error);
    secret_free(bytes);
    free(path);
    if (r == 0)
        *ret_fd = fd;
    else if (fd >= 0)
        (void)close(fd);
    return r < 0 ? explain(error, "it cannot be locked", r) : 0;
}

/* The folder of the file into `ret_fd`, and the file's name in it. */
static int open_folder(const struct keychange *change, bool make, const char **ret_name,
                       int *ret_fd)
{
    CLEANUP_FREE char *folder = path_folder(change->path);
    if (!folder)
        return -ENOMEM;
    int r = make ? files_make_folders(folder) : 0;
    int fd = r == 0 ? descriptor_folder(folder) : -1;
    if (fd < 0)
        return r < 0 ? r : -errno;
    *ret_name = path_name(change->path);
    *ret_fd = fd;
    return 0;
}

/* The new name must last as long as the bytes: the token that it replaces may no longer work. */
static void sync_folder(int folder)
{
    CLEANUP_CLOSE int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)files_flush(fd); /* some file systems cannot do this */
}

static int close_seal(const struct keychange *change, const char *bytes, size_t length,
                      struct buffer *text)
{
    unsigned char nonce[SEAL_NONCE];
    random_fill(nonce, sizeof nonce);
    return seal_close(&change->seal, nonce, bytes, length, text);
}

static int write_bytes(const struct keychange *change, const char *bytes, size_t length,
                       struct buffer *error)
{
    struct buffer sealed = {0};
    CLEANUP_CLOSE int folder = -1;
    const char *name = NULL;
    int r = open_folder(change, false, &name, &folder);
    if (r == 0 && change->sealed) {
        r = close_seal(change, bytes, length, &sealed);
        bytes = buffer_text(&sealed);
        length = sealed.length;
    }
    if (r == 0 && length > KEYSOURCE_FILE_LARGEST)
        r = -EFBIG;
    if (r == 0)
        r = files_replace(folder, name, bytes, length);
    if (r == 0)
        sync_folder(folder);
    buffer_finish(&sealed);
    return r < 0 ? explain(error, "it cannot be written", r) : 0;
}

int keychange_rehearse(const struct keychange *change, const cJSON *file, struct buffer *error)
{
    struct buffer text = {0};
    keyedit_print(file, &text);
    int r = text.failed ? -ENOMEM : check(file, buffer_text(&text), text.length, error);
    if (r == 0)
        r = write_bytes(change, buffer_text(&text), text.length, error);
    buffer_finish_wiping(&text);
    return r;
}

/* Reads what is there now, after waiting for the lock. */
static int load_again(struct keychange *change, cJSON **ret_file, struct buffer *error)
{
    char *bytes = NULL;
    size_t length = 0;
    int r = read_again(change, error, &bytes, &length);
    if (r < 0 && (r != -ENOENT || change->sealed))
        return r;
    r = parse(bytes ? bytes : "", length, ret_file, error);
    secret_free(bytes);
    return r;
}

int keychange_apply(struct keychange *change, keychange_edit *edit, void *context,
                    struct buffer *error)
{
    CLEANUP_CLOSE int folder = -1, held = -1;
    CLEANUP_JSON cJSON *file = NULL;
    const char *name;
    int r = open_folder(change, true, &name, &folder);
    if (r < 0)
        return explain(error, "its folder cannot be created", r);
    r = lock(change, error, &held);
    if (r == 0)
        r = load_again(change, &file, error);
    if (r == 0)
        r = edit(file, context, error);
    if (r == 0)
        r = keychange_rehearse(change, file, error);
    return r < 0 ? explain(error, "it cannot be changed", r) : 0;
}

/* Seals or unseals: writes the same bytes under another seal, or under none. */
static int rewrite(struct keychange *change, bool sealed, struct seal *seal, struct buffer *error)
{
    CLEANUP_CLOSE int held = -1;
    char *bytes = NULL;
    size_t length;
    int r = lock(change, error, &held);
    if (r == 0)
        r = read_again(change, error, &bytes, &length);
    if (r < 0)
        return explain(error, "it cannot be read", r);
    if (seal) {
        change->seal = *seal;
        *seal = (struct seal){0};
    }
    change->sealed = sealed;
    r = write_bytes(change, bytes, length, error);
    secret_free(bytes);
    return r;
}

int keychange_seal(struct keychange *change, const struct seal_limits *limits,
                   const char *passphrase, struct buffer *error)
{
    struct seal seal = {.operations = limits->operations, .memory = limits->memory};
    random_fill(seal.salt, sizeof seal.salt);
    if (seal_derive(&seal, passphrase) < 0)
        return refuse(error, "there is not enough memory to seal it; try --limits interactive");
    int r = rewrite(change, true, &seal, error);
    seal_finish(&seal);
    return r;
}

int keychange_unseal(struct keychange *change, struct buffer *error)
{
    return rewrite(change, false, NULL, error);
}

/* In guarded memory, like what is read from a file. */
static int print_empty(char **ret_bytes, size_t *ret_length)
{
    CLEANUP_JSON cJSON *file = keyedit_new();
    struct buffer text = {0};
    if (file)
        keyedit_print(file, &text);
    char *bytes = file && !text.failed ? secret_alloc(text.length + 1) : NULL;
    if (bytes)
        memcpy(bytes, buffer_text(&text), text.length + 1);
    *ret_length = text.length;
    *ret_bytes = bytes;
    buffer_finish(&text);
    return bytes ? 0 : -ENOMEM;
}

int keychange_open_text(const char *path, const struct host *host, struct keychange *ret_change,
                        char **ret_bytes, size_t *ret_length, struct buffer *error)
{
    struct keychange *change = ret_change;
    *change = (struct keychange){.host = host};
    int r = resolve(path, change, error);
    if (r == 0 && !change->exists)
        return print_empty(ret_bytes, ret_length);
    if (r == 0)
        r = keychange_read(change->path, &change->seal, error, ret_bytes, ret_length);
    change->sealed = change->seal.key != NULL;
    return r < 0 ? explain(error, "it cannot be read", r) : 0;
}

/* True if the file is still what the edit began with. */
static int compare(struct keychange *change, const struct keychange_text *before,
                   struct buffer *error)
{
    char *bytes = NULL;
    size_t length = 0;
    int r = read_again(change, error, &bytes, &length);
    bool absent = r == -ENOENT && !change->exists;
    bool same = absent || (r == 0 && change->exists && length == before->length &&
                           memcmp(bytes, before->bytes, length) == 0);
    secret_free(bytes);
    return same ? 0 : r == 0 || r == -ENOENT ? -EBUSY : r;
}

int keychange_replace(struct keychange *change, const struct keychange_text *before,
                      const struct keychange_text *after, struct buffer *error)
{
    CLEANUP_CLOSE int folder = -1, held = -1;
    CLEANUP_JSON cJSON *file = NULL;
    const char *name;
    int r = parse(after->bytes, after->length, &file, error);
    if (r == 0)
        r = open_folder(change, true, &name, &folder);
    if (r == 0)
        r = lock(change, error, &held);
    if (r == 0)
        r = compare(change, before, error);
    if (r == 0)
        r = write_bytes(change, after->bytes, after->length, error);
    return r < 0 && r != -EBUSY ? explain(error, "it cannot be changed", r) : r;
}
