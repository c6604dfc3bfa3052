#include "system/keys/rescue.h"

#include "base/secret.h"
#include "system/diskroom.h"
#include "system/files.h"
#include "system/random.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BODY_LARGEST 65536
#define MARK         32

/* The layout of the file. Only this machine reads it, so the byte order does not matter. */
struct rescue_page {
    unsigned char mark[MARK]; /* a hash of the token that is used up */
    unsigned char nonce[crypto_stream_xchacha20_NONCEBYTES];
    uint32_t is_sealed, length;
    unsigned char body[BODY_LARGEST];
};

/* Tokens are random: a plain hash reveals nothing about them. */
static void make_mark(const char *refresh_token, unsigned char ret_mark[MARK])
{
    (void)crypto_generichash(ret_mark, MARK, (const unsigned char *)refresh_token,
                             strlen(refresh_token), NULL, 0);
}

/* Its space on the disk is allocated now: a full disk would later raise a signal. */
static int make_file(const char *path, struct rescue_page **ret_page)
{
    (void)unlink(path);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    files_keep_private(fd);
    int r = diskroom_take(fd, sizeof **ret_page);
    void *map = MAP_FAILED;
    if (r == 0)
        map = mmap(NULL, sizeof **ret_page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (r == 0 && map == MAP_FAILED)
        r = -errno;
    (void)close(fd);
    if (r == 0)
        *ret_page = map;
    else
        (void)unlink(path);
    return r;
}

int rescue_begin(const char *path, const struct seal *seal, const char *refresh_token,
                 struct rescue *ret_rescue)
{
    struct rescue rescue = {.path = path, .seal = seal};
    int r = make_file(path, &rescue.page);
    if (r < 0 || !rescue.page)
        return r < 0 ? r : -ENOMEM;
    make_mark(refresh_token, rescue.page->mark);
    random_fill(rescue.page->nonce, sizeof rescue.page->nonce);
    rescue.page->is_sealed = seal != NULL;
    *ret_rescue = rescue;
    return 0;
}

/* Encrypts and decrypts. There is no checksum: a text that was changed is not an answer. */
static void veil(const struct rescue_page *page, const struct seal *seal, const void *from,
                 uint32_t length, void *to)
{
    if (page->is_sealed)
        (void)crypto_stream_xchacha20_xor(to, from, length, page->nonce,
                                          (const unsigned char *)seal->key);
    else
        memcpy(to, from, length);
}

void rescue_note(struct rescue *rescue, const char *bytes, size_t length)
{
    struct rescue_page *page = rescue->page;
    if (!page)
        return;
    uint32_t kept = length < BODY_LARGEST ? (uint32_t)length : BODY_LARGEST;
    veil(page, rescue->seal, bytes, kept, page->body);
    __atomic_store_n(&page->length, kept, __ATOMIC_RELEASE);
    (void)msync(page, sizeof *page, MS_SYNC); /* against a power cut */
}

void rescue_leave(struct rescue *rescue)
{
    if (rescue->page)
        (void)munmap(rescue->page, sizeof *rescue->page);
    *rescue = (struct rescue){0};
}

void rescue_end(struct rescue *rescue)
{
    if (rescue->page)
        (void)unlink(rescue->path);
    rescue_leave(rescue);
}

/* Also gives the time of the answer, from which the token's end is counted. */
static bool read_page(const char *path, struct rescue_page **ret_page, int64_t *ret_time)
{
    struct buffer error = {0};
    struct stat status;
    char *bytes = NULL;
    size_t length = 0;
    bool fine = stat(path, &status) == 0 &&
                files_read(path, FILE_SECRET, sizeof **ret_page, &error, &bytes, &length) == 0 &&
                length == sizeof **ret_page;
    buffer_finish(&error);
    if (!fine) {
        secret_free(bytes);
        return false;
    }
    *ret_page = (struct rescue_page *)(void *)bytes;
    *ret_time = status.st_mtime;
    return true;
}

static bool is_of(const struct rescue_page *page, const struct seal *seal,
                  const char *refresh_token)
{
    unsigned char mark[MARK];
    make_mark(refresh_token, mark);
    return memcmp(mark, page->mark, MARK) == 0 && page->length <= BODY_LARGEST &&
           (!page->is_sealed || (seal && seal->key));
}

static bool parse(const struct rescue_page *page, const struct seal *seal, int64_t time,
                  struct renewal *ret_renewal)
{
    char *text = secret_alloc(BODY_LARGEST);
    if (!text)
        return false;
    veil(page, seal, page->body, page->length, text);
    int r = renewal_read(200, "", text, page->length, time, ret_renewal);
    secret_free(text);
    if (r == 0 && ret_renewal->meaning == RENEWAL_NEW)
        return true;
    renewal_finish(ret_renewal);
    return false;
}

bool rescue_find(const char *path, const struct seal *seal, const char *refresh_token,
                 struct renewal *ret_renewal)
{
    struct rescue_page *page;
    int64_t time;
    if (!read_page(path, &page, &time))
        return false;
    bool fine = is_of(page, seal, refresh_token) && parse(page, seal, time, ret_renewal);
    secret_free((char *)(void *)page);
    return fine;
}

bool rescue_was_begun(const char *path, const struct seal *seal, const char *refresh_token)
{
    struct rescue_page *page;
    int64_t time;
    if (!read_page(path, &page, &time))
        return false;
    bool fine = is_of(page, seal, refresh_token);
    secret_free((char *)(void *)page);
    return fine;
}
