#include "core/gateway/pageroute.h"

#include "base/percent.h"
#include "core/gateway/route.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define BELOW "/page/"
#define KEYS  BELOW "keys/"

static bool is_reading(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static bool is(const char *path, size_t length, const char *known)
{
    return length == strlen(known) && memcmp(path, known, length) == 0;
}

static void take(const char *method, enum page_id id, bool reads, struct pageroute *route)
{
    bool fits = reads ? is_reading(method) : strcmp(method, "POST") == 0;
    route->id = fits ? id : PAGE_METHOD;
    route->allowed = reads ? "GET, HEAD" : "POST";
}

/* `rest` is what follows "/page/keys/". */
static void read_action(const char *method, const char *rest, size_t length,
                        struct pageroute *route)
{
    static const char *const actions[] = {"test",  "enable",  "disable",
                                          "reset", "refresh", "remove"};
    const char *slash = memchr(rest, '/', length);
    if (!slash)
        return;
    size_t name = (size_t)(slash - rest);
    control_decode_name(rest, name, route->name);
    for (size_t i = 0; i < COUNT(actions); i++)
        if (is(slash + 1, length - name - 1, actions[i])) {
            route->action = actions[i];
            take(method, PAGE_ACTION, false, route);
        }
}

static void read_below(const char *method, const char *path, size_t length, struct pageroute *route)
{
    static const struct {
        const char *path;
        enum page_id id;
        bool reads;
    } rows[] = {{BELOW "open", PAGE_OPEN, true},
                {BELOW "link", PAGE_LINK, false},
                {BELOW "state", PAGE_STATE, true},
                {BELOW "events", PAGE_EVENTS, true},
                {BELOW "log", PAGE_LOG, true},
                {BELOW "usage", PAGE_USAGE, true},
                {BELOW "keys", PAGE_ADD, false},
                {BELOW "order", PAGE_ORDER, false},
                {BELOW "model_fallback", PAGE_FALLBACK, false}};
    for (size_t i = 0; i < COUNT(rows); i++)
        if (is(path, length, rows[i].path)) {
            take(method, rows[i].id, rows[i].reads, route);
            return;
        }
    size_t keys = strlen(KEYS), below = strlen(BELOW);
    if (length > keys && memcmp(path, KEYS, keys) == 0) {
        read_action(method, path + keys, length - keys, route);
    } else if (length > below && length - below < CONTROL_NAME &&
               !memchr(path + below, '/', length - below)) {
        snprintf(route->name, sizeof route->name, "%.*s", (int)(length - below), path + below);
        take(method, PAGE_FILE, true, route);
    }
}

bool pageroute_read(const char *method, const char *target, struct pageroute *ret_route)
{
    const char *path = route_path(target);
    struct pageroute route = {.id = PAGE_UNKNOWN};
    if (!path)
        return false;
    size_t length = strcspn(path, "?#");
    if (length == 1 && is_reading(method))
        route.id = PAGE_INDEX;
    else if (strncmp(path, BELOW, strlen(BELOW)) == 0)
        read_below(method, path, length, &route);
    else if (!is(path, length, "/page"))
        return false;
    *ret_route = route;
    return true;
}

static bool decode(const char *text, size_t length, char *ret_value, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        int c = text[i] == '+' ? ' ' : (unsigned char)text[i];
        if (c == '%') {
            c = percent_read(text + i, length - i);
            i += 2;
        }
        if (c <= 0 || n + 1 >= size)
            return false;
        ret_value[n++] = (char)c;
    }
    ret_value[n] = '\0';
    return true;
}

bool pageroute_parameter(const char *target, const char *name, char *ret_value, size_t size)
{
    const char *at = strchr(target, '?');
    size_t wanted = strlen(name);
    for (at = at ? at + 1 : ""; *at && *at != '#';) {
        size_t length = strcspn(at, "&#"), own = strcspn(at, "=&#");
        if (own == wanted && own < length && memcmp(at, name, wanted) == 0)
            return decode(at + own + 1, length - own - 1, ret_value, size);
        at += length + (at[length] == '&');
    }
    return false;
}
