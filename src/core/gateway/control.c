#include "core/gateway/control.h"

#include "base/percent.h"
#include "core/gateway/route.h"

#include <stddef.h>
#include <string.h>

#define ACCOUNTS "/status/accounts"

static const char reading[] = "GET, HEAD";

static bool is_reading(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

void control_decode_name(const char *text, size_t length, char ret_name[CONTROL_NAME])
{
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        int c = (unsigned char)text[i];
        if (c == '%') {
            c = percent_read(text + i, length - i);
            i += 2;
        }
        if (c <= 0 || n + 1 >= CONTROL_NAME) {
            n = 0;
            break;
        }
        ret_name[n++] = (char)c;
    }
    ret_name[n] = '\0';
}

static bool is(const char *path, size_t length, const char *known)
{
    return length == strlen(known) && memcmp(path, known, length) == 0;
}

static void read_method(const char *method, enum control_id id, struct control *control)
{
    control->id = is_reading(method) ? id : CONTROL_METHOD;
    control->allowed = reading;
}

static void read_action(const char *method, const char *word, size_t length,
                        struct control *control)
{
    static const char *const actions[] = {"refresh", "enable", "disable", "reset"};
    control->id = CONTROL_UNKNOWN;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (!is(word, length, actions[i]))
            continue;
        control->action = actions[i];
        control->id = strcmp(method, "POST") == 0 ? CONTROL_ACTION : CONTROL_METHOD;
        control->allowed = "POST";
    }
}

/* `rest` is what follows "/status/accounts/". */
static void read_account(const char *method, const char *rest, size_t length,
                         struct control *control)
{
    const char *slash = memchr(rest, '/', length);
    size_t name = slash ? (size_t)(slash - rest) : length;
    control_decode_name(rest, name, control->name);
    if (slash)
        read_action(method, slash + 1, length - name - 1, control);
    else
        read_method(method, CONTROL_ACCOUNT, control);
}

bool control_read(const char *method, const char *target, struct control *ret_control)
{
    static const struct {
        const char *path;
        enum control_id id;
    } rows[] = {{"/status", CONTROL_STATUS},
                {ACCOUNTS, CONTROL_ACCOUNTS},
                {"/health", CONTROL_HEALTH},
                {"/metrics", CONTROL_METRICS}};
    const char *path = route_path(target);
    struct control control = {.id = CONTROL_UNKNOWN};
    if (!path)
        return false;
    size_t length = strcspn(path, "?#");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!is(path, length, rows[i].path))
            continue;
        read_method(method, rows[i].id, &control);
        *ret_control = control;
        return true;
    }
    if (strncmp(path, "/status/", strlen("/status/")) != 0)
        return false;
    if (length > strlen(ACCOUNTS "/") && strncmp(path, ACCOUNTS "/", strlen(ACCOUNTS "/")) == 0)
        read_account(method, path + strlen(ACCOUNTS "/"), length - strlen(ACCOUNTS "/"), &control);
    *ret_control = control;
    return true;
}
