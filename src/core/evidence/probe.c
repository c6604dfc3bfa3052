#include "core/evidence/probe.h"

#include "base/secret.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))
#define BASE64_VARIANT sodium_base64_VARIANT_ORIGINAL

/* Subscriptions are asked for the list of models too: /api/oauth/usage refuses a setup token (its
 * only scope is inference), and counting tokens wants a model's name, which would be out of date
 * here one day. No header says that Claude Code is asking: it is not. */
static const struct service {
    const char *path;
    const char *before_token; /* the header with the secret, up to it */
    bool basic;               /* the token as a user's name without a password, RFC 7617 */
    const char *headers[PROBE_HEADERS - 1];
} services[] = {
    [KIND_OAUTH] = {"/v1/models?limit=1",
                    "authorization: Bearer ",
                    false,
                    {"anthropic-version: 2023-06-01", "anthropic-beta: oauth-2025-04-20"}},
    [KIND_API] = {"/v1/models?limit=1", "x-api-key: ", false, {"anthropic-version: 2023-06-01"}},
    [KIND_BEARER] = {"/v1/models?limit=1",
                     "authorization: Bearer ",
                     false,
                     {"anthropic-version: 2023-06-01"}},
    [KIND_OPENAI] = {"/models", "authorization: Bearer ", false, {NULL}},
    [KIND_CURSOR] = {"/v0/me", "authorization: Basic ", true, {NULL}},
};

/* A login of Claude Code is asked about as the subscription that it is. */
static const struct service *service_of(const struct kind *kind)
{
    size_t id = kind->id == KIND_CONFIG_DIR ? KIND_OAUTH : (size_t)kind->id;
    return id < COUNT(services) ? &services[id] : NULL;
}

/* curl speaks other protocols too; none of them is meant. */
static const char *base_fault(const char *base)
{
    if (strncasecmp(base, "http://", 7) != 0 && strncasecmp(base, "https://", 8) != 0)
        return "does not begin with http:// or https://";
    for (const char *p = base; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return "has white space or control characters in it";
    return NULL;
}

static int build_url(const struct kind *kind, const struct service *service, const char *base,
                     struct probe *probe, struct buffer *error)
{
    const char *fault = base_fault(base);
    if (fault) {
        /* The value is not shown: it may hold a password. */
        buffer_append_format(error, "%s %s; expected the address of an API",
                             kind_base_variable(kind), fault);
        return -EINVAL;
    }
    size_t length = strlen(base), size = length + strlen(service->path) + 1;
    while (length > 0 && base[length - 1] == '/')
        length--;
    probe->url = malloc(size);
    if (!probe->url)
        return -ENOMEM;
    snprintf(probe->url, size, "%.*s%s", (int)length, base, service->path);
    return 0;
}

static int append_basic(char *to, size_t size, const char *token)
{
    size_t length = strlen(token) + 1;
    char *pair = secret_alloc(length + 1);
    if (!pair)
        return -ENOMEM;
    snprintf(pair, length + 1, "%s:", token);
    sodium_bin2base64(to, size, (const unsigned char *)pair, length, BASE64_VARIANT);
    secret_free(pair);
    return 0;
}

static int build_credential(const struct service *service, const char *token, struct probe *probe)
{
    size_t before = strlen(service->before_token);
    size_t room = sodium_base64_encoded_len(strlen(token) + 1, BASE64_VARIANT);
    probe->credential = secret_alloc(before + room);
    if (!probe->credential)
        return -ENOMEM;
    memcpy(probe->credential, service->before_token, before);
    probe->headers[probe->header_count++] = probe->credential;
    if (service->basic)
        return append_basic(probe->credential + before, room, token);
    snprintf(probe->credential + before, room, "%s", token);
    return 0;
}

int probe_build(const struct kind *kind, const char *token, const char *base,
                struct probe *ret_probe, struct buffer *error)
{
    const struct service *service = service_of(kind);
    *ret_probe = (struct probe){0};
    if (!service) {
        buffer_append_format(error, "no provider is known for %s", kind->variable);
        return -EINVAL;
    }
    int r = build_url(kind, service, base && *base ? base : kind_base(kind), ret_probe, error);
    if (r == 0)
        r = build_credential(service, token, ret_probe);
    for (size_t i = 0; i < COUNT(service->headers); i++)
        if (service->headers[i])
            ret_probe->headers[ret_probe->header_count++] = service->headers[i];
    return r;
}

void probe_finish(struct probe *probe)
{
    secret_free(probe->credential);
    free(probe->url);
    *probe = (struct probe){0};
}

bool probe_is_quoted(const struct probe *probe, const char *token, const char *text)
{
    const char *sent = probe->credential ? strrchr(probe->credential, ' ') : NULL;
    return strstr(text, token) || (sent && strstr(text, sent + 1));
}
