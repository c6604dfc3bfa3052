#include "system/usage/pricefile.h"

#include "base/cleanup.h"
#include "system/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST ((size_t)1 << 20)

static char *pricefile_path(void)
{
    const char *named = getenv("TCR_PRICES_FILE");
    return named && *named ? files_expand(named, NULL)
                           : files_xdg("XDG_CONFIG_HOME", ".config", "prices.json");
}

int pricefile_read(struct prices *ret_prices, struct buffer *error)
{
    CLEANUP_FREE char *path = pricefile_path();
    struct buffer text = {0}, why = {0};
    *ret_prices = (struct prices){0};
    int r = path ? files_read_plain(path, LARGEST, &text) : -ENOENT;
    if (r == -ENOENT)
        return 0;
    if (r == 0)
        r = prices_parse(ret_prices, buffer_text(&text), text.length, &why);
    if (r < 0) {
        buffer_append_format(error, "%s: %s", path,
                             why.length > 0 ? buffer_text(&why) : strerror(-r));
        prices_finish(ret_prices);
    }
    buffer_finish(&why);
    buffer_finish(&text);
    return r;
}
