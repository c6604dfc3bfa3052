/* Whatever the URL is, a refusal repeats nothing of it, and what is shown of one is taken again, as
 * the same place. */
#include "fuzz.h"

#include "core/pool/redisurl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void check_shown(const struct redisurl *url)
{
    struct redisurl again;
    struct buffer shown = {0}, error = {0};
    redisurl_append(&shown, url);
    /* A name with an odd byte is shown as it is, and that is no URL any more. */
    if (strcspn(buffer_text(&shown) + 8, "%@?#&[]") + 8 < shown.length - strlen("?prefix=tcr") ||
        strcmp(url->prefix, REDISURL_DEFAULT_PREFIX) != 0 || url->socket) {
        buffer_finish(&shown);
        return;
    }
    if (redisurl_parse(buffer_text(&shown), &again, &error) == 0) {
        EXPECT(strcmp(again.host, url->host) == 0 && strcmp(again.port, url->port) == 0);
        EXPECT(again.tls == url->tls && again.database == url->database);
        EXPECT(!again.user && !again.password);
        redisurl_finish(&again);
    }
    buffer_finish(&shown);
    buffer_finish(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct redisurl url = {.database = 77};
    struct buffer error = {0};
    char *text = malloc(size + 1);
    EXPECT(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    int r = redisurl_parse(text, &url, &error);
    if (r < 0) {
        EXPECT(r == -EINVAL && error.length > 0 && url.database == 77);
    } else {
        EXPECT(redisurl_is_one(text) && url.prefix && (url.socket || (url.host && url.port)));
        EXPECT(url.database >= 0 && url.database <= 99999);
        check_shown(&url);
        redisurl_finish(&url);
    }
    buffer_finish(&error);
    free(text);
    return 0;
}
