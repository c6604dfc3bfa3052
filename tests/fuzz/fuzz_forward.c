/* A request's head and target, and an answer's head: whatever they hold, one credential goes out,
 * nothing of the client's own, and no line holds two. */
#include "fuzz.h"

#include "base/head.h"
#include "core/gateway/forward.h"
#include "core/gateway/guard.h"
#include "core/gateway/route.h"
#include "core/gateway/sessionid.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SECRET "sk-ant-api03-FAKE-fuzz-0001"

static bool begins(const char *line, const char *name)
{
    return strncasecmp(line, name, strlen(name)) == 0;
}

static bool is_named(const char *line, const char *name)
{
    return strcspn(line, ":;") == strlen(name) && begins(line, name);
}

static void check_request(const char *head, enum kind_id kind)
{
    static const char *const gone[] = {"cookie",     "x-account-name", "host",
                                       "connection", "content-length", "transfer-encoding",
                                       "te",         "upgrade",        "api-key"};
    const struct forward_key key = {kind, SECRET};
    struct buffer lines = {0};
    const char *at = NULL, *line;
    size_t credentials = 0, codings = 0, oauth = 0;
    forward_request(head, &key, &lines);
    while ((line = forward_next_line(&lines, &at))) {
        EXPECT(!strpbrk(line, "\r\n"));
        EXPECT(strpbrk(line, ":;"));
        for (size_t i = 0; i < COUNT(gone); i++)
            EXPECT(!is_named(line, gone[i]));
        EXPECT(!begins(line, "proxy-") && !begins(line, "x-tcr-"));
        if (is_named(line, "authorization") || is_named(line, "x-api-key")) {
            credentials++;
            EXPECT(strstr(line, SECRET));
        }
        codings += is_named(line, "accept-encoding");
        oauth += is_named(line, "anthropic-beta") && strcasestr(line, "oauth-2025-04-20") != NULL;
    }
    EXPECT(credentials == 1 && codings == 1);
    EXPECT(kind != KIND_OAUTH || oauth >= 1);
    buffer_finish_wiping(&lines);
}

static void check_answer(const char *head)
{
    struct buffer once = {0}, twice = {0};
    int64_t length = 0;
    forward_answer(head, &once, &length);
    EXPECT(length >= FORWARD_LENGTH_UNKNOWN);
    /* What Connection named may stay only if Connection was no header of its own. */
    forward_answer(buffer_text(&once), &twice, &length);
    EXPECT(strcmp(buffer_text(&once), buffer_text(&twice)) == 0);
    EXPECT(length == FORWARD_LENGTH_UNKNOWN);
    EXPECT(head_count(buffer_text(&once), "content-length") == 0);
    EXPECT(head_count(buffer_text(&once), "x-tcr-key") == 0);
    buffer_finish(&once);
    buffer_finish(&twice);
}

static void check_target(const char *target, const char *head)
{
    static const char base[] = "https://api.example/v1";
    static const char *const hosts[] = {"127.0.0.1:4080"};
    struct buffer url = {0};
    struct route route;
    const struct guard guard = {SECRET, false, hosts, 1};
    if (forward_url(base, target, &url) == 0) {
        EXPECT(strncmp(buffer_text(&url), "https://api.example/", 20) == 0);
        EXPECT(!strpbrk(buffer_text(&url), " \r\n#"));
    }
    route_find("POST", target, &route);
    EXPECT(strlen(route.object) < ROUTE_OBJECT);
    /* The token is in no input, or hardly ever. */
    EXPECT(strstr(head, SECRET) || guard_check(&guard, "POST", target, head) != GUARD_ADMITTED);
    buffer_finish(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum kind_id kinds[] = {KIND_OAUTH, KIND_API, KIND_OPENAI};
    struct input input = {data, size};
    enum kind_id kind = kinds[input_byte(&input) % COUNT(kinds)];
    struct words parts = input_words(&input, '\f');
    const char *head = parts.list[0], *target = parts.count > 1 ? parts.list[1] : "";
    struct sessionid id;
    check_request(head, kind);
    check_answer(head);
    check_target(target, head);
    sessionid_read_head(head, &id);
    sessionid_read_body(target, strlen(target), SESSIONID_WANT_ALL, &id);
    for (const char *p = id.session; *p; p++)
        EXPECT(*p > ' ' && *p <= '~');
    words_finish(&parts);
    return 0;
}
