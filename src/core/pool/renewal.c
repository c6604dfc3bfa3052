#include "core/pool/renewal.h"

#include "base/head.h"
#include "core/pool/address.h"
#include "core/pool/keydate.h"
#include "core/pool/kind.h"
#include "core/pool/token.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIFE_LONGEST (400 * (int64_t)86400)

bool renewal_is_due(int64_t ends, int64_t before, int64_t now)
{
    return ends > 0 && now >= ends - before;
}

bool renewal_may_ask(int64_t after, int64_t now)
{
    return after <= now || after > now + RENEWAL_WAIT_LONGEST;
}

int renewal_address(const struct keyring *keyring, const char *variable, char *ret_url, size_t size,
                    struct buffer *error)
{
    const char *from_file = keyring->oauth_token_url ? keyring->oauth_token_url : RENEWAL_TOKEN_URL;
    char address[ADDRESS_TEXT];
    struct buffer fault = {0};
    int r = 0;
    if (!variable || !*variable)
        snprintf(ret_url, size, "%s", from_file);
    else if ((r = address_parse(variable, false, address, &fault)) == 0)
        snprintf(ret_url, size, "%s", address);
    else
        buffer_append_format(error, "TCR_OAUTH_TOKEN_URL: the address %s", buffer_text(&fault));
    buffer_finish(&fault);
    return r;
}

void renewal_print_request(const char *refresh_token, const char *client_id, const char *scopes,
                           struct buffer *body)
{
    CLEANUP_JSON cJSON *object = cJSON_CreateObject();
    bool fine = object && json_set_string(object, "grant_type", "refresh_token") &&
                json_set_string(object, "refresh_token", refresh_token) &&
                json_set_string(object, "client_id", client_id) &&
                (!scopes || json_set_string(object, "scope", scopes));
    char *text = fine ? json_print(object, false) : NULL;
    if (text)
        buffer_append_text(body, text);
    else
        body->failed = true;
    json_free_text(text);
}

/* OAuth says {"error": "invalid_grant"}, the provider's own API {"error": {"type": …}}. */
static const char *error_name(const cJSON *answer)
{
    const char *name = json_string(answer, "error");
    if (!name)
        name = json_string(json_get(answer, "error"), "type");
    return name ? name : "";
}

/* What a name means, with whatever status it comes. */
static bool meaning_of_name(const char *name, enum renewal_meaning *ret_meaning)
{
    static const struct {
        const char *name;
        enum renewal_meaning meaning;
    } rows[] = {
        {"invalid_grant", RENEWAL_ENDED},    {"not_found_error", RENEWAL_ENDED},
        {"rate_limit_error", RENEWAL_LATER}, {"overloaded_error", RENEWAL_LATER},
        {"invalid_request", RENEWAL_SCOPES}, {"invalid_request_error", RENEWAL_SCOPES},
        {"invalid_client", RENEWAL_UNCLEAR}, {"invalid_scope", RENEWAL_UNCLEAR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, name) != 0)
            continue;
        *ret_meaning = rows[i].meaning;
        return true;
    }
    return false;
}

/* A page of a proxy, or of a wrong address, says nothing of the token. */
static enum renewal_meaning meaning_of(int status, const char *name)
{
    enum renewal_meaning meaning = RENEWAL_UNCLEAR;
    if (status == 0 || status == 408 || status == 429 || status >= 500)
        return RENEWAL_LATER;
    (void)meaning_of_name(name, &meaning);
    return meaning;
}

static bool is_word(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz_");
    return length > 0 && length < 40 && !text[length];
}

static void explain(int status, const char *name, struct renewal *renewal)
{
    if (status == 0)
        snprintf(renewal->reason, RENEWAL_TEXT, "no answer");
    else if (is_word(name))
        snprintf(renewal->reason, RENEWAL_TEXT, "%s (%d)", name, status);
    else
        snprintf(renewal->reason, RENEWAL_TEXT, "status %d", status);
}

static int64_t read_wait(int status, const char *headers)
{
    char text[32];
    char *end;
    if (status != 429)
        return RENEWAL_PAUSE;
    if (!head_value(headers, "retry-after", text, sizeof text))
        return RENEWAL_WAIT;
    long seconds = strtol(text, &end, 10);
    if (end == text || *end || seconds < 0)
        return RENEWAL_WAIT;
    return seconds < RENEWAL_WAIT_LONGEST ? seconds : RENEWAL_WAIT_LONGEST;
}

/* A token that could not stand in a key file would take the new refresh token with it. */
static bool is_token(const char *text)
{
    size_t length = text ? strlen(text) : 0;
    struct buffer ignored = {0};
    struct kind kind;
    bool fine = length >= 8 && token_check(text, length, NULL, &ignored) == 0;
    buffer_finish(&ignored);
    return fine && (!kind_from_token(text, &kind) || kind.id == KIND_OAUTH);
}

static void read_tokens(int64_t now, struct renewal *renewal)
{
    const char *access = json_string(renewal->answer, "access_token");
    const char *refresh = json_string(renewal->answer, "refresh_token");
    int64_t seconds = 0;
    renewal->meaning = RENEWAL_NEW;
    renewal->access_token = is_token(access) ? access : NULL;
    renewal->refresh_token = refresh && *refresh ? refresh : NULL;
    if (json_integer(renewal->answer, "expires_in", &seconds) && seconds > 0 &&
        seconds <= LIFE_LONGEST)
        renewal->ends = now + seconds;
    if (renewal->access_token)
        return;
    /* Whatever else is wrong, the next refresh token is kept. */
    renewal->meaning = renewal->refresh_token ? RENEWAL_NEW : RENEWAL_UNCLEAR;
    snprintf(renewal->reason, RENEWAL_TEXT, "the answer holds no usable access token");
}

int renewal_read(int status, const char *headers, const char *body, size_t length, int64_t now,
                 struct renewal *ret_renewal)
{
    struct renewal *renewal = ret_renewal;
    *renewal = (struct renewal){0};
    if (length > 0 && json_read(body, length, &renewal->answer, NULL) == -ENOMEM)
        return -ENOMEM;
    if (status >= 200 && status <= 299) {
        read_tokens(now, renewal);
        return 0;
    }
    const char *name = error_name(renewal->answer);
    renewal->meaning = meaning_of(status, name);
    explain(status, name, renewal);
    if (renewal->meaning == RENEWAL_LATER)
        renewal->not_before = now + read_wait(status, headers);
    return 0;
}

void renewal_finish(struct renewal *renewal)
{
    json_destroy(renewal->answer);
    *renewal = (struct renewal){0};
}

static void forget(cJSON *object, const char *name)
{
    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
}

bool renewal_forget(cJSON *entry)
{
    bool had = json_get(entry, "refresh_after") || json_get(entry, "refresh_ended");
    forget(entry, "refresh_after");
    forget(entry, "refresh_ended");
    return had;
}

/* An end that is not told is not known: then a refusal is what shows it. */
static bool apply_tokens(cJSON *entry, const struct renewal *renewal)
{
    struct kind kind;
    bool fine =
        !renewal->refresh_token || json_set_string(entry, "refresh_token", renewal->refresh_token);
    (void)renewal_forget(entry);
    if (!renewal->access_token)
        return fine;
    forget(entry, "expires");
    if (!kind_from_token(renewal->access_token, &kind) && !json_get(entry, "kind"))
        fine = fine && json_set_string(entry, "kind", "oauth");
    return fine && json_set_string(entry, "token", renewal->access_token) &&
           (renewal->ends == 0 || json_set_integer(entry, "expires", renewal->ends));
}

int renewal_apply_entry(cJSON *entry, const struct renewal *renewal, int64_t now)
{
    bool fine;
    switch (renewal->meaning) {
    case RENEWAL_NEW:
        fine = apply_tokens(entry, renewal);
        break;
    case RENEWAL_ENDED:
        fine = json_set_integer(entry, "refresh_ended", now);
        break;
    case RENEWAL_LATER:
        fine = json_set_integer(entry, "refresh_after", renewal->not_before);
        break;
    default:
        return 1;
    }
    return fine ? 0 : -ENOMEM;
}

int renewal_apply_login(cJSON *login, const struct renewal *renewal)
{
    if (renewal->meaning != RENEWAL_NEW)
        return 1;
    bool fine =
        (!renewal->refresh_token ||
         json_set_string(login, "refreshToken", renewal->refresh_token)) &&
        (!renewal->access_token || json_set_string(login, "accessToken", renewal->access_token)) &&
        (renewal->ends == 0 || json_set_integer(login, "expiresAt", renewal->ends * 1000));
    return fine ? 0 : -ENOMEM;
}
