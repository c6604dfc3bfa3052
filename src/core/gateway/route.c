#include "core/gateway/route.h"

#include "core/gateway/control.h"
#include "core/gateway/pageroute.h"

#include "base/cursor.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *route_path(const char *target)
{
    static const char *const schemes[] = {"http://", "https://"};
    if (*target == '/')
        return target;
    for (size_t i = 0; i < COUNT(schemes); i++) {
        size_t length = strlen(schemes[i]);
        if (strncasecmp(target, schemes[i], length) != 0)
            continue;
        const char *path = target + length + strcspn(target + length, "/?#");
        return path > target + length && *path == '/' ? path : NULL;
    }
    return NULL;
}

/* Some programs expect OpenAI's API below /api. */
const char *route_api_path(const char *target)
{
    static const char *const paths[] = {"/api/v1/chat/completions", "/api/v1/responses",
                                        "/api/v1/models"};
    const char *path = route_path(target);
    for (size_t i = 0; path && i < COUNT(paths); i++) {
        size_t length = strlen(paths[i]);
        if (strncmp(path, paths[i], length) == 0 && strchr("?#/", path[length]))
            return path + strlen("/api");
    }
    return path;
}

enum { GET = 1, POST = 2, DELETE = 4, OTHER = 8, ANY = 15 };

static unsigned method_of(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ? GET
           : strcmp(method, "POST") == 0                             ? POST
           : strcmp(method, "DELETE") == 0                           ? DELETE
                                                                     : OTHER;
}

/* The first that fits. A path that ends in '/' stands for itself without it and all below it. */
static const struct row {
    const char *path;
    unsigned methods;
    enum route_id id;
    enum eventstream_format stream;
    enum provider provider;
    unsigned repeatable; /* methods that may come twice */
    unsigned creates;    /* methods that make what one key sees */
} rows[] = {
    {"/v1/messages", POST, ROUTE_MESSAGES, EVENTSTREAM_MESSAGES, PROVIDER_ANTHROPIC, POST, 0},
    {"/v1/messages/count_tokens", POST, ROUTE_COUNT_TOKENS, EVENTSTREAM_OTHER, PROVIDER_ANTHROPIC,
     POST, 0},
    {"/v1/messages/cache_touch", POST, ROUTE_MESSAGES, EVENTSTREAM_MESSAGES, PROVIDER_ANTHROPIC,
     POST, 0},
    {"/v1/messages/batches/", ANY, ROUTE_OBJECTS, EVENTSTREAM_OTHER, PROVIDER_ANTHROPIC, GET, POST},
    {"/sdk/v1/messages", POST, ROUTE_AGENT, EVENTSTREAM_MESSAGES, PROVIDER_ANTHROPIC, 0, 0},
    {"/sdk/v1/chat/completions", POST, ROUTE_AGENT, EVENTSTREAM_CHAT, PROVIDER_OPENAI, 0, 0},
    {"/v1/models/", GET, ROUTE_MODELS, EVENTSTREAM_OTHER, PROVIDER_UNKNOWN, GET, 0},
    {"/v1/chat/completions", POST, ROUTE_OPENAI, EVENTSTREAM_CHAT, PROVIDER_OPENAI, POST, 0},
    {"/v1/completions", POST, ROUTE_OPENAI, EVENTSTREAM_CHAT, PROVIDER_OPENAI, POST, 0},
    {"/v1/embeddings", POST, ROUTE_OPENAI, EVENTSTREAM_OTHER, PROVIDER_OPENAI, POST, 0},
    {"/v1/responses", POST, ROUTE_OPENAI, EVENTSTREAM_RESPONSES, PROVIDER_OPENAI, POST, POST},
    {"/v1/responses/", ANY, ROUTE_OBJECTS, EVENTSTREAM_RESPONSES, PROVIDER_OPENAI, GET, 0},
    {"/v1/files/", ANY, ROUTE_OBJECTS, EVENTSTREAM_OTHER, PROVIDER_UNKNOWN, GET, POST},
    {"/v1/skills/", ANY, ROUTE_OBJECTS, EVENTSTREAM_OTHER, PROVIDER_ANTHROPIC, GET, POST},
    {"/v1/containers/", ANY, ROUTE_OBJECTS, EVENTSTREAM_OTHER, PROVIDER_UNKNOWN, GET, POST},
    {"/v1/sessions/", ANY, ROUTE_OBJECTS, EVENTSTREAM_OTHER, PROVIDER_ANTHROPIC, GET, POST},
    {"/v1/agents/", ANY, ROUTE_OBJECTS, EVENTSTREAM_OTHER, PROVIDER_ANTHROPIC, GET, POST},
    {"/v1/environments/", ANY, ROUTE_OBJECTS, EVENTSTREAM_OTHER, PROVIDER_ANTHROPIC, GET, POST},
    {"/v1/memory_stores/", ANY, ROUTE_OBJECTS, EVENTSTREAM_OTHER, PROVIDER_ANTHROPIC, GET, POST},
    {"/v1/vaults/", ANY, ROUTE_OBJECTS, EVENTSTREAM_OTHER, PROVIDER_ANTHROPIC, GET, POST},
    {"/v1/code/", ANY, ROUTE_OBJECTS, EVENTSTREAM_OTHER, PROVIDER_ANTHROPIC, GET, POST},
    {"/v1/batches/", ANY, ROUTE_OBJECTS, EVENTSTREAM_OTHER, PROVIDER_OPENAI, GET, POST},
    {"/", ANY, ROUTE_OTHER, EVENTSTREAM_OTHER, PROVIDER_UNKNOWN, GET, 0},
};

static bool path_fits(const char *path, size_t length, const char *pattern)
{
    size_t wanted = strlen(pattern);
    if (pattern[wanted - 1] != '/')
        return length == wanted && memcmp(path, pattern, wanted) == 0;
    return (length == wanted - 1 && memcmp(path, pattern, length) == 0) ||
           (length >= wanted && memcmp(path, pattern, wanted) == 0);
}

/* OpenAI's clients take "/v1" for a part of the address and may leave it out. */
static const struct row *row_of(const char *path, size_t length, unsigned method)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        bool optional_v1 = row->id == ROUTE_OPENAI;
        if ((row->methods & method) && (path_fits(path, length, row->path) ||
                                        (optional_v1 && path_fits(path, length, row->path + 3))))
            return row;
    }
    return NULL;
}

static bool is_probe(const char *method, const char *path, size_t length)
{
    bool head = strcmp(method, "HEAD") == 0;
    bool hello = length == strlen("/api/hello") && memcmp(path, "/api/hello", length) == 0;
    return (head && (hello || length == 1)) || (hello && strcmp(method, "GET") == 0);
}

/* What follows the row's path up to the next '/'. */
static void read_object(const char *path, size_t length, const struct row *row,
                        char ret_object[ROUTE_OBJECT])
{
    size_t start = strlen(row->path);
    if (row->id != ROUTE_OBJECTS || length <= start)
        return;
    size_t end = start;
    while (end < length && path[end] != '/')
        end++;
    if (end - start < ROUTE_OBJECT)
        snprintf(ret_object, ROUTE_OBJECT, "%.*s", (int)(end - start), path + start);
}

void route_find(const char *method, const char *target, struct route *ret_route)
{
    const char *path = route_api_path(target);
    *ret_route = (struct route){.id = ROUTE_OTHER};
    if (!path)
        return;
    size_t length = strcspn(path, "?#");
    if (is_probe(method, path, length)) {
        ret_route->id = ROUTE_PROBE;
        ret_route->repeatable = true;
        return;
    }
    if (path_fits(path, length, "/usage") && method_of(method) == GET) {
        ret_route->id = ROUTE_USAGE;
        return;
    }
    struct control control;
    if (control_read(method, target, &control)) {
        ret_route->id = ROUTE_CONTROL;
        return;
    }
    struct pageroute page;
    if (pageroute_read(method, target, &page)) {
        ret_route->id = ROUTE_PAGE;
        return;
    }
    const struct row *row = row_of(path, length, method_of(method));
    if (!row)
        return;
    ret_route->id = row->id;
    ret_route->repeatable = (row->repeatable & method_of(method)) != 0;
    ret_route->creates = (row->creates & method_of(method)) != 0;
    ret_route->stream = row->stream;
    ret_route->provider = row->provider;
    read_object(path, length, row, ret_route->object);
}
