#include "core/pool/address.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct scheme {
    const char *begin;
    const char *port; /* that goes without saying */
    bool plain;
} schemes[] = {{"https://", ":443", false}, {"http://", ":80", true}};

static const struct scheme *scheme_of(const char *text)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncasecmp(text, schemes[i].begin, strlen(schemes[i].begin)) == 0)
            return &schemes[i];
    return NULL;
}

/* A '\' is a '/' to some clients: what stands before it would be another host. */
static const char *fault_of_characters(const char *text)
{
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return "has white space or control characters in it";
        else if ((unsigned char)*p > 0x7f)
            return "has letters in it that no address has; write the name in its xn-- form";
        else if (strchr("\\\"<>^`{|}", *p))
            return "has characters in it that no address has";
    return NULL;
}

static bool is_port(const char *text, size_t length)
{
    int port = 0;
    for (size_t i = 0; i < length && port <= 65535; i++) {
        if (!isdigit((unsigned char)text[i]))
            return false;
        port = port * 10 + (text[i] - '0');
    }
    return length > 0 && port > 0 && port <= 65535;
}

/* Without its port; the brackets of an IPv6 address belong to it. */
static size_t name_length(const char *host, size_t length)
{
    const char *bracket = *host == '[' ? memchr(host, ']', length) : NULL;
    if (*host == '[')
        return bracket ? (size_t)(bracket + 1 - host) : 0;
    const char *colon = memchr(host, ':', length);
    return colon ? (size_t)(colon - host) : length;
}

static const char *fault_of_host(const char *host, size_t length)
{
    size_t name = length > 0 ? name_length(host, length) : 0;
    if (memchr(host, '@', length))
        return "has a user or a password in it; the key itself is all that is sent";
    if (name == 0)
        return "names no host";
    if (*host != '[')
        for (size_t i = 0; i < name; i++)
            if (!isalnum((unsigned char)host[i]) && !strchr("-._", host[i]))
                return "names no host that can be";
    if (name < length && (host[name] != ':' || !is_port(host + name + 1, length - name - 1)))
        return "has no port from 1 to 65535 behind its ':'";
    return NULL;
}

static bool ends_with(const char *text, size_t length, const char *end)
{
    size_t n = strlen(end);
    return length >= n && strncasecmp(text + length - n, end, n) == 0;
}

/* What never leaves this machine. */
static bool is_loopback(const char *host, size_t length)
{
    size_t name = name_length(host, length);
    bool digits = true;
    for (size_t i = 0; i < name; i++)
        digits = digits && (isdigit((unsigned char)host[i]) || host[i] == '.');
    return (name == strlen("localhost") && ends_with(host, name, "localhost")) ||
           ends_with(host, name, ".localhost") || (name == 5 && memcmp(host, "[::1]", 5) == 0) ||
           (digits && name > 4 && memcmp(host, "127.", 4) == 0);
}

static const char *fault_of(const char *text, const struct scheme *scheme, bool plain_http)
{
    const char *fault = fault_of_characters(text);
    if (!scheme)
        return "begins with neither https:// nor http://";
    const char *host = text + strlen(scheme->begin);
    size_t length = strcspn(host, "/?#");
    if (!fault)
        fault = fault_of_host(host, length);
    if (!fault && host[strcspn(host, "?#")])
        fault = "has a query or a fragment (? or #) in it; a base URL ends with its path";
    if (!fault && scheme->plain && !plain_http && !is_loopback(host, length))
        return "would send the key unencrypted (http://)";
    if (!fault && strlen(text) >= ADDRESS_TEXT)
        return "is longer than any address";
    return fault;
}

int address_parse(const char *text, bool plain_http, char ret_address[ADDRESS_TEXT],
                  struct buffer *error)
{
    const struct scheme *scheme = scheme_of(text);
    const char *fault = fault_of(text, scheme, plain_http);
    if (fault) {
        buffer_append_text(error, fault);
        return -EINVAL;
    }
    const char *host = text + strlen(scheme->begin);
    size_t length = strcspn(host, "/"), end = strlen(host), port = strlen(scheme->port);
    while (end > length && host[end - 1] == '/')
        end--;
    size_t shown = length > port && ends_with(host, length, scheme->port) ? length - port : length;
    snprintf(ret_address, ADDRESS_TEXT, "%s%.*s%.*s", scheme->begin, (int)shown, host,
             (int)(end - length), host + length);
    for (size_t i = 0; i < strlen(scheme->begin) + shown; i++)
        ret_address[i] = (char)tolower((unsigned char)ret_address[i]);
    return 0;
}

int address_host(const char *address, const char **ret_host)
{
    const char *slashes = strstr(address, "//");
    *ret_host = slashes ? slashes + 2 : address;
    return (int)strcspn(*ret_host, "/");
}
