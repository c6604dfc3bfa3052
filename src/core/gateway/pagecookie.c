#include "core/gateway/pagecookie.h"

#include "base/head.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

void pagecookie_name(const char *head, char ret_name[PAGECOOKIE_NAME])
{
    struct header host;
    const char *port = NULL;
    if (head_find(head, "host", &host))
        for (const char *p = host.value; p < host.value + host.value_length; p++)
            port = *p == ':' ? p + 1 : *p == ']' ? NULL : port;
    size_t length = port ? (size_t)(host.value + host.value_length - port) : 0;
    bool is_port = length > 0 && length <= 5 && strspn(port, "0123456789") >= length;
    snprintf(ret_name, PAGECOOKIE_NAME, is_port ? "tcr-page-%.*s" : "tcr-page", (int)length, port);
}

/* In one header's value, from `*at` on: "a=b; c=d". */
static bool find_in(const char **at, const char *end, const char *name, const char **ret_value,
                    size_t *ret_length)
{
    size_t wanted = strlen(name);
    while (*at < end) {
        const char *start = *at;
        while (start < end && (*start == ' ' || *start == ';'))
            start++;
        const char *stop = memchr(start, ';', (size_t)(end - start));
        stop = stop ? stop : end;
        *at = stop;
        if ((size_t)(stop - start) <= wanted || memcmp(start, name, wanted) != 0 ||
            start[wanted] != '=')
            continue;
        *ret_value = start + wanted + 1;
        *ret_length = (size_t)(stop - *ret_value);
        return true;
    }
    return false;
}

bool pagecookie_next(const char *head, const char *name, const char **at, const char **ret_value,
                     size_t *ret_length)
{
    struct header header;
    for (const char *line = head; head_next_named(&line, "cookie", &header);) {
        const char *end = header.value + header.value_length;
        const char *from = *at ? *at : header.value;
        if (from > end)
            continue; /* it was in a later one */
        from = from < header.value ? header.value : from;
        bool found = find_in(&from, end, name, ret_value, ret_length);
        *at = from;
        if (found)
            return true;
    }
    return false;
}

bool pagecookie_origin_is_own(const char *head)
{
    static const char scheme[] = "http://";
    struct header origin, host;
    size_t length = strlen(scheme);
    if (head_count(head, "origin") != 1 || head_count(head, "host") != 1 ||
        !head_find(head, "origin", &origin) || !head_find(head, "host", &host))
        return false;
    return origin.value_length == length + host.value_length &&
           strncasecmp(origin.value, scheme, length) == 0 &&
           strncasecmp(origin.value + length, host.value, host.value_length) == 0;
}
