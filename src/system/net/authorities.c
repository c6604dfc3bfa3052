#include "system/net/authorities.h"

#include "system/files.h"
#include "system/net/authorityfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUNDLE_LARGEST (16 * 1024 * 1024)

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* As with Node, a file that cannot be read is reported and left out. */
static int append_file(struct buffer *bundle, const char *path, const char *whose,
                       const struct host *host)
{
    struct buffer text = {0};
    int r = files_read_plain(path, BUNDLE_LARGEST, &text);
    if (r < 0 && r != -ENOMEM) {
        host_report(host, REPORT_WARN, "%s (%s): %s; expected a file of certificates", path, whose,
                    strerror(-r));
        r = 0;
    }
    buffer_append(bundle, buffer_text(&text), text.length);
    buffer_append_char(bundle, '\n');
    buffer_finish(&text);
    return bundle->failed ? -ENOMEM : r;
}

/* Where the library would look. curl tells this since 7.84. */
static const char *own_file(const struct curl *curl, CURL *handle)
{
    char *path = NULL;
#if LIBCURL_VERSION_NUM >= 0x075400
    if (handle)
        (void)curl->easy_getinfo(handle, CURLINFO_CAINFO, &path);
#else
    (void)curl, (void)handle;
#endif
    return path;
}

/* Extra certificates add to the others, but curl can only replace its own: so both go into one
 * bundle. */
static int make_bundle(struct authorities *authorities, const struct curl *curl, const char *extra,
                       const struct host *host)
{
    CURL *handle = curl->easy_init();
    const char *file = authorities->file ? authorities->file : own_file(curl, handle);
    int r = append_file(&authorities->bundle, extra, "NODE_EXTRA_CA_CERTS", host);
    if (r == 0 && file)
        r = append_file(&authorities->bundle, file, "the other certificates", host);
    if (handle)
        curl->easy_cleanup(handle);
    return r;
}

int authorities_find(struct authorities *authorities, const struct curl *curl,
                     const struct host *host)
{
    const char *extra = variable("NODE_EXTRA_CA_CERTS");
    *authorities = (struct authorities){.file = variable("CURL_CA_BUNDLE")};
    if (!authorities->file) {
        authorities->file = variable("SSL_CERT_FILE");
        authorities->folder = variable("SSL_CERT_DIR");
    }
    if (!authorities->file && !authorities->folder)
        authorities->file = authorityfile_find();
    return extra ? make_bundle(authorities, curl, extra, host) : 0;
}

bool authorities_apply(struct authorities *authorities, const struct curl *curl, CURL *handle)
{
    CURLcode r = CURLE_OK;
    struct curl_blob blob = {authorities->bundle.data, authorities->bundle.length,
                             CURL_BLOB_NOCOPY};
    if (authorities->folder)
        r |= curl->easy_setopt(handle, CURLOPT_CAPATH, authorities->folder);
    if (authorities->bundle.length > 0)
        r |= curl->easy_setopt(handle, CURLOPT_CAINFO_BLOB, &blob);
    else if (authorities->file)
        r |= curl->easy_setopt(handle, CURLOPT_CAINFO, authorities->file);
    return r == CURLE_OK;
}

void authorities_finish(struct authorities *authorities)
{
    buffer_finish(&authorities->bundle);
}
