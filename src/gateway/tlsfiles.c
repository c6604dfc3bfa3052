#include "gateway/tlsfiles.h"

#include "base/secret.h"
#include "gateway/arguments.h"
#include "gateway/front.h"
#include "gateway/gateway.h"
#include "system/clock.h"
#include "system/fileid.h"
#include "system/files.h"
#include "system/log.h"
#include "system/net/certificatefile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LARGEST  ((size_t)1 << 20)
#define LOOK_MS  1000
#define AGAIN_MS 86400000 /* until a certificate that ends is told of again */

struct tlsfiles {
    const char *certificate, *key; /* paths */
    struct fileid seen[2];
    struct fileid failed[2]; /* what could not be used when it was last tried */
    int64_t looked;          /* clock_now_ms */
    struct timer remind;
};

static void look_at(const struct tlsfiles *files, struct fileid ret_ids[2])
{
    ret_ids[0] = fileid_at(files->certificate);
    ret_ids[1] = fileid_at(files->key);
}

static bool are_unchanged(const struct fileid a[2], const struct fileid b[2])
{
    return fileid_is_unchanged(a[0], b[0]) && fileid_is_unchanged(a[1], b[1]);
}

/* Returns 0, or a negative errno with a sentence. */
static int take(struct gateway *gateway, struct buffer *error)
{
    const struct tlsfiles *files = gateway->tlsfiles;
    struct buffer certificate = {0}, why = {0};
    const char *path = files->key;
    char *key = NULL;
    size_t length;
    if (!front_has_tls(error))
        return -ECANCELED;
    int r = files_read(path, FILE_SECRET, LARGEST, &why, &key, &length);
    if (r == 0)
        r = files_read_plain(path = files->certificate, LARGEST, &certificate);
    if (r == 0 && !front_begin_tls(gateway->front, buffer_text(&certificate), key, &why))
        r = -ECANCELED;
    if (r < 0)
        buffer_append_format(error, "%s: %s", path,
                             why.length > 0 ? buffer_text(&why) : strerror(-r));
    secret_free(key);
    buffer_finish(&certificate);
    buffer_finish(&why);
    return r;
}

/* At first, after each change, and each day. */
static void judge(void *context)
{
    struct gateway *gateway = context;
    struct tlsfiles *files = gateway->tlsfiles;
    struct buffer text = {0};
    certificatefile_judge(files->certificate, time(NULL), &text);
    if (text.length > 0)
        news_warn(&gateway->news, buffer_text(&text));
    buffer_finish(&text);
    timer_set(&gateway->timers, &files->remind, clock_now_ms() + AGAIN_MS);
}

int tlsfiles_open(struct gateway *gateway, const struct arguments *arguments)
{
    struct buffer error = {0};
    struct tlsfiles *files = gateway->tlsfiles = calloc(1, sizeof *files);
    if (!files) {
        log_say("gateway: %s", strerror(ENOMEM));
        return -ECANCELED;
    }
    *files = (struct tlsfiles){.certificate = arguments->tls_cert,
                               .key = arguments->tls_key,
                               .looked = clock_now_ms(),
                               .remind = {.due = judge, .context = gateway}};
    look_at(files, files->seen);
    int r = take(gateway, &error);
    if (r < 0)
        log_say("gateway: %s", buffer_text(&error));
    else
        judge(gateway);
    buffer_finish(&error);
    return r < 0 ? -ECANCELED : 0;
}

void tlsfiles_close(struct gateway *gateway)
{
    if (gateway->tlsfiles)
        timer_stop(&gateway->timers, &gateway->tlsfiles->remind);
    free(gateway->tlsfiles);
    gateway->tlsfiles = NULL;
}

/* The two files are not renewed in one step: a pair that does not fit is told of if it is still so
 * at the next look. */
static void renew(struct gateway *gateway, const struct fileid now[2])
{
    struct tlsfiles *files = gateway->tlsfiles;
    struct buffer error = {0}, text = {0};
    bool again = are_unchanged(now, files->failed);
    if (take(gateway, &error) == 0) {
        memcpy(files->seen, now, sizeof files->seen);
        judge(gateway);
    } else if (!again) {
        memcpy(files->failed, now, sizeof files->failed);
    } else {
        memcpy(files->seen, now, sizeof files->seen);
        buffer_append_format(&text, "%s; the gateway goes on with the certificate that it has",
                             buffer_text(&error));
        news_warn(&gateway->news, buffer_text(&text));
    }
    buffer_finish(&error);
    buffer_finish(&text);
}

void tlsfiles_look(struct gateway *gateway, bool at_once)
{
    struct tlsfiles *files = gateway->tlsfiles;
    struct fileid now[2];
    if (!files || (!at_once && clock_now_ms() - files->looked < LOOK_MS))
        return;
    files->looked = clock_now_ms();
    look_at(files, now);
    if (!are_unchanged(now, files->seen))
        renew(gateway, now);
}
