#include "core/pool/redisurl.h"

#include "base/percent.h"
#include "base/secret.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char syntax[] =
    "expected redis://[user@]host[:port][/db][?prefix=name], rediss://… or "
    "redis+unix://[user@]/path[?db=n&prefix=name], with %40, %3A, %2F and %3F for an @, :, / and ? "
    "of a password";

static const struct scheme {
    const char *text;
    bool tls, is_socket;
} schemes[] = {
    {"redis://", false, false}, {"rediss://", true, false}, {"redis+unix://", false, true}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct scheme *scheme_of(const char *text)
{
    for (size_t i = 0; i < COUNT(schemes); i++)
        if (strncmp(text, schemes[i].text, strlen(schemes[i].text)) == 0)
            return &schemes[i];
    return NULL;
}

bool redisurl_is_one(const char *text)
{
    const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+";
    const char *begin = text + strspn(text, " ");
    const char *end = begin + strspn(begin, letters);
    return end > begin && strncmp(end, ":/", 2) == 0;
}

static int refuse(struct buffer *error, const char *what)
{
    buffer_append_format(error, "%s; %s", what, syntax);
    return -EINVAL;
}

/* Percent-decoded; an empty part is NULL. */
static int take_part(const char *text, size_t length, char **ret_part, struct buffer *error)
{
    if (length == 0)
        return 0;
    char *part = malloc(length + 1), *end = part;
    if (!part)
        return -ENOMEM;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '%') {
            int byte = percent_read(text + i, length - i);
            if (byte <= 0) {
                secret_wipe(part, length);
                free(part);
                return refuse(error, "a % without two hexadecimal digits after it");
            }
            c = (char)byte;
            i += 2;
        }
        *end++ = c;
    }
    *end = '\0';
    *ret_part = part;
    return 0;
}

/* USER:PASSWORD, :PASSWORD or USER. */
static int take_user(const char *text, size_t length, struct redisurl *url, struct buffer *error)
{
    const char *colon = memchr(text, ':', length);
    size_t user = colon ? (size_t)(colon - text) : length;
    int r = take_part(text, user, &url->user, error);
    if (r == 0 && colon)
        r = take_part(colon + 1, length - user - 1, &url->password, error);
    return r;
}

static bool is_number(const char *text, size_t length, long most)
{
    if (length == 0 || length > 5 || strspn(text, "0123456789") < length)
        return false;
    return strtol(text, NULL, 10) <= most;
}

static int take_host(const char *text, size_t length, struct redisurl *url, struct buffer *error)
{
    const char *end = text + length, *after = text;
    bool bracketed = length > 0 && *text == '[';
    if (bracketed)
        after = memchr(text, ']', length);
    const char *colon = after ? memchr(after, ':', (size_t)(end - after)) : NULL;
    const char *host_end = colon ? colon : end;
    if (!after || (bracketed && host_end != after + 1) || host_end - text <= 2 * bracketed)
        return refuse(error, "there is no host");
    if (colon && !is_number(colon + 1, (size_t)(end - colon - 1), 65535))
        return refuse(error, "the port is not a number up to 65535");
    int r =
        take_part(text + bracketed, (size_t)(host_end - text) - 2 * bracketed, &url->host, error);
    if (r < 0)
        return r;
    url->port =
        colon ? strndup(colon + 1, (size_t)(end - colon - 1)) : strdup(REDISURL_DEFAULT_PORT);
    return url->port ? 0 : -ENOMEM;
}

static int take_database(const char *text, size_t length, struct redisurl *url,
                         struct buffer *error)
{
    if (length == 0)
        return 0;
    if (!is_number(text, length, 99999))
        return refuse(error, "the database is not a number");
    url->database = atoi(text);
    return 0;
}

static bool is_named(const char *text, size_t length, const char *name)
{
    return length >= strlen(name) && memcmp(text, name, strlen(name)) == 0;
}

static int take_prefix(const char *text, size_t length, struct redisurl *url, struct buffer *error)
{
    free(url->prefix);
    url->prefix = NULL;
    int r = take_part(text, length, &url->prefix, error);
    if (r == 0 && (!url->prefix || length > 200))
        return refuse(error, "the prefix is empty or longer than 200 bytes");
    return r;
}

static int take_query(const char *text, struct redisurl *url, struct buffer *error)
{
    int r = 0;
    while (r == 0 && *text) {
        size_t length = strcspn(text, "&");
        if (is_named(text, length, "prefix="))
            r = take_prefix(text + 7, length - 7, url, error);
        else if (is_named(text, length, "db="))
            r = take_database(text + 3, length - 3, url, error);
        else
            r = refuse(error, "something else than prefix= and db= behind the ?");
        text += length + (text[length] == '&');
    }
    return r;
}

static int take_place(const char *text, bool is_socket, struct redisurl *url, struct buffer *error)
{
    size_t length = strcspn(text, "?"), authority = strcspn(text, "/?");
    const char *at = text_last(text, authority, '@');
    const char *host = at ? at + 1 : text;
    const char *path = text + authority;
    size_t path_length = length - authority;
    int r = at ? take_user(text, (size_t)(at - text), url, error) : 0;
    if (r < 0)
        return r;
    if (is_socket && (host != path || path_length < 2))
        return refuse(error, "the path of the socket is missing or does not begin with /");
    if (is_socket)
        return take_part(path, path_length, &url->socket, error);
    r = take_host(host, (size_t)(path - host), url, error);
    return r < 0 || path_length == 0 ? r : take_database(path + 1, path_length - 1, url, error);
}

int redisurl_parse(const char *text, struct redisurl *ret_url, struct buffer *error)
{
    const struct scheme *scheme = scheme_of(text);
    if (!scheme)
        return refuse(error, "this is not such a URL");
    struct redisurl url = {.tls = scheme->tls, .prefix = strdup(REDISURL_DEFAULT_PREFIX)};
    const char *rest = text + strlen(scheme->text), *query = strchr(rest, '?');
    int r = url.prefix ? take_place(rest, scheme->is_socket, &url, error) : -ENOMEM;
    if (r == 0 && query)
        r = take_query(query + 1, &url, error);
    if (r < 0)
        redisurl_finish(&url);
    else
        *ret_url = url;
    return r;
}

void redisurl_finish(struct redisurl *url)
{
    if (url->password)
        secret_wipe(url->password, strlen(url->password));
    free(url->socket);
    free(url->host);
    free(url->port);
    free(url->user);
    free(url->password);
    free(url->prefix);
    *url = (struct redisurl){0};
}

void redisurl_append(struct buffer *text, const struct redisurl *url)
{
    bool bracketed = url->host && strchr(url->host, ':');
    if (url->socket)
        buffer_append_format(text, "redis+unix://%s?db=%d&prefix=%s", url->socket, url->database,
                             url->prefix);
    else
        buffer_append_format(text, "%s://%s%s%s:%s/%d?prefix=%s", url->tls ? "rediss" : "redis",
                             bracketed ? "[" : "", url->host, bracketed ? "]" : "", url->port,
                             url->database, url->prefix);
}
