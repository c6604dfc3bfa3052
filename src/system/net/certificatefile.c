#include "system/net/certificatefile.h"

#include "base/duration.h"
#include "core/gateway/certificate.h"
#include "system/files.h"

#include <string.h>

#define LARGEST      ((size_t)1 << 20)
#define SOON_SECONDS ((int64_t)30 * 86400)

static void append_end(const char *path, int64_t end, int64_t now, struct buffer *text)
{
    char time[DURATION_TEXT];
    duration_format(end > now ? end - now : now - end, time);
    if (end > now)
        buffer_append_format(text, "the certificate %s ends in %s; fix: renew it", path, time);
    else
        buffer_append_format(text,
                             "the certificate %s ended %s%s ago, so clients refuse the gateway; "
                             "fix: renew it",
                             path, now - end > DURATION_MAX ? "more than " : "", time);
}

void certificatefile_judge(const char *path, int64_t now, struct buffer *text)
{
    struct buffer bytes = {0};
    int64_t end;
    int r = files_read_plain(path, LARGEST, &bytes);
    if (r < 0)
        buffer_append_format(text, "the certificate %s cannot be read: %s", path, strerror(-r));
    else if (certificate_end(buffer_text(&bytes), bytes.length, &end) < 0)
        buffer_append_format(text, "there is no certificate in %s", path);
    else if (end < now + SOON_SECONDS)
        append_end(path, end, now, text);
    buffer_finish(&bytes);
}
