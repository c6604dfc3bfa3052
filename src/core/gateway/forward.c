#include "core/gateway/forward.h"

#include "base/cursor.h"
#include "base/head.h"
#include "core/gateway/route.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define OWN_LINES 256 /* what is added to a head, about */

static const char beta_name[] = "anthropic-beta";
static const char oauth_beta[] = "oauth-2025-04-20";

/* In small letters. Lengths are known beforehand: most names differ from a header's there. */
struct pattern {
    const char *text;
    size_t length;
    bool is_beginning; /* of the names that it stands for */
};

#define NAME(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1, false                                                              \
    }
#define BEGINNING(text)                                                                            \
    {                                                                                              \
        text, sizeof(text) - 1, true                                                               \
    }

static bool name_fits(const struct header *header, const struct pattern *pattern)
{
    bool fits = pattern->is_beginning ? header->name_length >= pattern->length
                                      : header->name_length == pattern->length;
    return fits && char_lower(*header->name) == *pattern->text &&
           strncasecmp(header->name, pattern->text, pattern->length) == 0;
}

static bool is_among(const struct header *header, const struct pattern *patterns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (name_fits(header, &patterns[i]))
            return true;
    return false;
}

static bool is_hop_by_hop(const struct header *header)
{
    static const struct pattern names[] = {
        NAME("connection"), NAME("keep-alive"),        BEGINNING("proxy-"), NAME("te"),
        NAME("trailer"),    NAME("transfer-encoding"), NAME("upgrade"),
    };
    return is_among(header, names, COUNT(names));
}

static bool value_is(const struct header *header, const char *value)
{
    return header->value_length == strlen(value) &&
           strncasecmp(header->value, value, header->value_length) == 0;
}

/* RFC 9110, 7.6.1: headers that Connection names are for this connection only. */
static bool connection_names(const char *head, const struct header *wanted)
{
    struct header header;
    const char *word;
    size_t length;
    while (head_next_named(&head, "connection", &header)) {
        const char *at = header.value, *end = header.value + header.value_length;
        while (head_next_word(&at, end, &word, &length))
            if (length == wanted->name_length && strncasecmp(word, wanted->name, length) == 0)
                return true;
    }
    return false;
}

/* The usual values of Connection, which name no header. */
static bool names_some(const char *head)
{
    struct header header;
    bool found = false;
    while (head_next_named(&head, "connection", &header))
        found |= !value_is(&header, "keep-alive") && !value_is(&header, "close");
    return found;
}

/* A header of the connection, not of the message; `named`: Connection may name it. */
static bool belongs_to_way(const char *head, const struct header *header, bool named)
{
    return is_hop_by_hop(header) || (named && connection_names(head, header));
}

static bool is_credential(const struct header *header)
{
    static const struct pattern names[] = {
        NAME("authorization"),  NAME("x-api-key"), NAME("api-key"),
        NAME("x-goog-api-key"), NAME("cookie"),    NAME("cookie2"),
    };
    return is_among(header, names, COUNT(names));
}

static bool is_ours(const struct header *header)
{
    static const struct pattern names[] = {BEGINNING("x-tcr-"), NAME("x-account-name")};
    return is_among(header, names, COUNT(names));
}

static bool is_of_curl(const struct header *header)
{
    static const struct pattern names[] = {NAME("host"), NAME("content-length"), NAME("expect"),
                                           NAME("accept-encoding")};
    return is_among(header, names, COUNT(names));
}

static bool is_oauth_beta(const char *word, size_t length)
{
    return length == strlen(oauth_beta) && strncasecmp(word, oauth_beta, length) == 0;
}

static bool has_oauth_beta(const struct header *header)
{
    const char *at = header->value, *end = header->value + header->value_length, *word;
    size_t length;
    while (head_next_word(&at, end, &word, &length))
        if (is_oauth_beta(word, length))
            return true;
    return false;
}

/* With room for CRLF in its place. */
static void end_line(struct buffer *lines)
{
    buffer_append(lines, "\0", 2);
}

static void append_line(const char *name, size_t name_length, const char *value,
                        size_t value_length, struct buffer *lines)
{
    buffer_append(lines, name, name_length);
    if (value_length > 0) {
        buffer_append_text(lines, ": ");
        buffer_append(lines, value, value_length);
    } else {
        buffer_append_char(lines, ';');
    }
    end_line(lines);
}

/* The line without the one beta; none if it named no other. */
static void append_without_oauth(const struct header *header, struct buffer *lines)
{
    const char *at = header->value, *end = header->value + header->value_length, *word;
    size_t length, count = 0;
    while (head_next_word(&at, end, &word, &length)) {
        if (is_oauth_beta(word, length))
            continue;
        if (count++ == 0) {
            buffer_append(lines, header->name, header->name_length);
            buffer_append_text(lines, ": ");
        } else {
            buffer_append_char(lines, ',');
        }
        buffer_append(lines, word, length);
    }
    if (count > 0)
        end_line(lines);
}

/* One of the client's headers; `beta_missing` is true for the last anthropic-beta of a head that an
 * OAuth key needs one more in. */
static void append_header(const struct header *header, bool oauth, bool beta_missing,
                          struct buffer *lines)
{
    bool beta = header_is(header, beta_name);
    if (beta && !oauth && has_oauth_beta(header)) {
        append_without_oauth(header, lines);
        return;
    }
    if (!beta || !beta_missing || header->value_length == 0) {
        append_line(header->name, header->name_length, header->value, header->value_length, lines);
        return;
    }
    buffer_append(lines, header->name, header->name_length);
    buffer_append_text(lines, ": ");
    buffer_append(lines, header->value, header->value_length);
    buffer_append_char(lines, ',');
    buffer_append_text(lines, oauth_beta);
    end_line(lines);
}

/* Headers that curl would add to a request without them, and that are not removed anyway. */
static void append_fixed(const char *head, struct buffer *lines)
{
    static const char *const optional[] = {"Accept", "Content-Type", "User-Agent"};
    struct header header;
    for (size_t i = 0; i < COUNT(optional); i++)
        if (!head_find(head, optional[i], &header)) {
            buffer_append_text(lines, optional[i]);
            buffer_append_char(lines, ':');
            end_line(lines);
        }
    buffer_append_text(lines, "Expect:");
    end_line(lines);
    buffer_append_text(lines, "Accept-Encoding: identity");
    end_line(lines);
}

static void append_credential(const struct forward_key *key, struct buffer *lines)
{
    buffer_append_text(lines, key->kind == KIND_API ? "x-api-key: " : "Authorization: Bearer ");
    buffer_append_text(lines, key->secret);
    end_line(lines);
}

struct betas {
    size_t count; /* anthropic-beta headers with a value */
    bool oauth;
};

static struct betas count_betas(const char *head)
{
    struct betas betas = {0};
    struct header header;
    while (head_next_named(&head, beta_name, &header))
        if (header.value_length > 0) {
            betas.count++;
            betas.oauth |= has_oauth_beta(&header);
        }
    return betas;
}

void forward_request(const char *head, const struct forward_key *key, struct buffer *ret_lines)
{
    const bool oauth = key->kind == KIND_OAUTH;
    const struct betas betas = count_betas(head);
    const bool named = names_some(head);
    const char *at = head;
    struct header header;
    size_t seen = 0;
    buffer_expect(ret_lines, strlen(head) + OWN_LINES);
    while (head_next(&at, &header)) {
        if (belongs_to_way(head, &header, named) || is_credential(&header) || is_ours(&header) ||
            is_of_curl(&header))
            continue;
        seen += header_is(&header, beta_name) && header.value_length > 0;
        append_header(&header, oauth, oauth && !betas.oauth && seen == betas.count, ret_lines);
    }
    if (oauth && !betas.oauth && betas.count == 0)
        append_line(beta_name, strlen(beta_name), oauth_beta, strlen(oauth_beta), ret_lines);
    append_fixed(head, ret_lines);
    append_credential(key, ret_lines);
}

const char *forward_next_line(const struct buffer *lines, const char **at)
{
    const char *next = *at ? *at + strlen(*at) + 2 : lines->data;
    if (!lines->data || next >= lines->data + lines->length)
        return NULL;
    return *at = next;
}

static bool stays_here(const struct header *header)
{
    static const struct pattern names[] = {
        NAME("content-length"),       BEGINNING("set-cookie"),
        BEGINNING("access-control-"), NAME("alt-svc"),
        BEGINNING("x-tcr-"),          NAME("strict-transport-security"),
        BEGINNING("public-key-pins"), NAME("clear-site-data"),
    };
    return is_among(header, names, COUNT(names));
}

static int64_t read_length(const struct header *header)
{
    struct cursor c = {header->value, header->value + header->value_length};
    int64_t length;
    return cursor_read_number(&c, 1, 15, &length) && c.at == c.end ? length
                                                                   : FORWARD_LENGTH_UNKNOWN;
}

void forward_answer(const char *head, struct buffer *ret_head, int64_t *ret_length)
{
    const bool named = names_some(head);
    const char *at = head;
    struct header header;
    *ret_length = FORWARD_LENGTH_UNKNOWN;
    buffer_expect(ret_head, strlen(head) + OWN_LINES);
    while (head_next(&at, &header)) {
        if (header_is(&header, "content-length"))
            *ret_length = read_length(&header);
        if (stays_here(&header) || belongs_to_way(head, &header, named))
            continue;
        buffer_append(ret_head, header.name, header.name_length);
        buffer_append_text(ret_head, ": ");
        buffer_append(ret_head, header.value, header.value_length);
        buffer_append_text(ret_head, "\r\n");
    }
}

static bool is_clean(const char *path)
{
    for (const char *p = path; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '#')
            return false;
    return true;
}

static bool is_v1(const char *path)
{
    return strncmp(path, "/v1", 3) == 0 && (path[3] == '\0' || char_is_among(path[3], "/?"));
}

int forward_url(const char *base, const char *target, struct buffer *ret_url)
{
    const char *path = route_api_path(target);
    size_t length = strlen(base);
    if (!path || !is_clean(path))
        return -EINVAL;
    while (length > 0 && base[length - 1] == '/')
        length--;
    if (is_v1(path) && length >= 3 && memcmp(base + length - 3, "/v1", 3) == 0)
        length -= 3;
    buffer_append(ret_url, base, length);
    buffer_append_text(ret_url, path);
    return ret_url->failed ? -ENOMEM : 0;
}
