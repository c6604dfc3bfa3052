/* Where the build found no libcurl. */
#include "system/net/http.h"

#include <errno.h>

bool http_is_there(struct buffer *error)
{
    buffer_append_text(error, "this tcr-run was built without libcurl, which checking keys needs; "
                              "apt-get install libcurl4-openssl-dev, then build again with meson "
                              "setup --reconfigure -Dcurl=enabled build");
    return false;
}

int http_run(const struct http_plan *plan, struct buffer *error)
{
    (void)plan;
    (void)http_is_there(error);
    return -EINVAL;
}

void http_finish(struct http_exchange *exchange)
{
    (void)exchange;
}
