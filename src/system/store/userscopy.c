#include "system/store/userscopy.h"

#include "base/json.h"
#include "system/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST      (16 * 1024 * 1024)
#define NAME_LONGEST 300

static int read_copy(int folder, const char *file, char ret_name[NAME_LONGEST],
                     struct buffer *ret_text)
{
    int length = snprintf(ret_name, NAME_LONGEST, "%s.users", file);
    return length >= NAME_LONGEST ? -ENAMETOOLONG
                                  : files_read_plain_at(folder, ret_name, LARGEST, ret_text);
}

int userscopy_keep(int folder, const char *file, const char *users)
{
    char name[NAME_LONGEST];
    struct buffer text = {0};
    int r = read_copy(folder, file, name, &text);
    bool same = r == 0 && strcmp(buffer_text(&text), users) == 0;
    buffer_finish(&text);
    if (r == -ENAMETOOLONG)
        return r;
    return same ? 0 : files_replace(folder, name, users, strlen(users));
}

static int check(const struct buffer *text)
{
    CLEANUP_JSON cJSON *json = NULL;
    int r = json_read(buffer_text(text), text->length, &json, NULL);
    return r < 0 ? r : cJSON_IsArray(json) ? 0 : -EINVAL;
}

char *userscopy_take(int folder, const char *file, const struct host *host, const char *why)
{
    char name[NAME_LONGEST];
    struct buffer text = {0};
    int r = read_copy(folder, file, name, &text);
    if (r == 0)
        r = check(&text);
    if (r == 0 && why)
        host_report(host, REPORT_WARN, "%s: the users of gateways were taken from %s", why, name);
    else if (r < 0 && r != -ENOENT && why)
        host_report(host, REPORT_WARN,
                    "%s: the users of gateways are in %s, which cannot be used (%s): put a copy of "
                    "yours there, or add them anew with tcr-run gateway users add",
                    why, name, strerror(-r));
    if (r == 0)
        return buffer_take(&text);
    buffer_finish(&text);
    return NULL;
}
