#include "core/client/environment.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/variable.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* How far --keep reaches. */
enum hold {
    HOLD_LOOSE, /* a name or a pattern keeps it */
    HOLD_OWN,   /* a key of the pool may stand there: its own name keeps it, no pattern does */
    HOLD_POOL   /* a whole pool or what is billed: nothing keeps it */
};

/* claude-code.md, "Credentials": what carries or redirects one, for every client. A star stands for
 * any letters. */
static const struct name {
    char name[48];
    enum hold hold;
} names[] = {
    {"TCR_KEYS", HOLD_POOL},
    {"TCR_MASTER_KEY", HOLD_POOL},
    {"ANTHROPIC_API_KEYS", HOLD_POOL},
    {"CLAUDE_CODE_OAUTH_TOKENS", HOLD_POOL},
    {"CURSOR_API_KEYS", HOLD_POOL},
    {"OPENAI_API_KEYS", HOLD_POOL},
    {"CLAUDE_FALLBACK_API_KEY", HOLD_POOL},
    {"ANTHROPIC_API_KEY", HOLD_OWN},
    {"ANTHROPIC_AUTH_TOKEN", HOLD_OWN},
    {"CLAUDE_CODE_OAUTH_TOKEN", HOLD_OWN},
    {"AGENT_PROXY_AUTH_TOKEN", HOLD_LOOSE},
    {"ANTHROPIC_AWS_API_KEY", HOLD_LOOSE},
    {"ANTHROPIC_BEDROCK_MANTLE_API_KEY", HOLD_LOOSE},
    {"ANTHROPIC_ENVIRONMENT_KEY", HOLD_LOOSE},
    {"ANTHROPIC_FEDERATION_RULE_ID", HOLD_LOOSE},
    {"ANTHROPIC_FOUNDRY_API_KEY", HOLD_LOOSE},
    {"ANTHROPIC_FOUNDRY_AUTH_TOKEN", HOLD_LOOSE},
    {"ANTHROPIC_IDENTITY_TOKEN", HOLD_LOOSE},
    {"ANTHROPIC_IDENTITY_TOKEN_FILE", HOLD_LOOSE},
    {"ANTHROPIC_PROFILE", HOLD_LOOSE},
    {"ANTHROPIC_SERVICE_ACCOUNT_ID", HOLD_LOOSE},
    {"ANTHROPIC_UNIX_SOCKET", HOLD_LOOSE},
    {"ANTHROPIC_WORK_SECRET", HOLD_LOOSE},
    {"AWS_BEARER_TOKEN_BEDROCK", HOLD_LOOSE},
    {"CCR_AGENT_PROXY_TOKEN_FILE_DESCRIPTOR", HOLD_LOOSE},
    {"CCR_OAUTH_TOKEN_FILE", HOLD_LOOSE},
    {"CLAUDE_API_KEY", HOLD_LOOSE},
    {"CLAUDE_BG_AUTH_SNAPSHOT_PATH", HOLD_LOOSE},
    {"CLAUDE_BG_CLAIM_AUTH", HOLD_LOOSE},
    {"CLAUDE_BG_PTY_AUTH", HOLD_LOOSE},
    {"CLAUDE_BG_RV_AUTH", HOLD_LOOSE},
    {"CLAUDE_BG_SESSION_CREDENTIAL", HOLD_LOOSE},
    {"CLAUDE_BG_SOCKET_TOKENS_PATH", HOLD_LOOSE},
    {"CLAUDE_BRIDGE_OAUTH_TOKEN", HOLD_LOOSE},
    {"CLAUDE_CODE_API_BASE_URL", HOLD_LOOSE},
    {"CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR", HOLD_LOOSE},
    {"CLAUDE_CODE_ARTIFACTS_API_TOKEN", HOLD_LOOSE},
    {"CLAUDE_CODE_CLIENT_KEY", HOLD_LOOSE},
    {"CLAUDE_CODE_CLIENT_KEY_PASSPHRASE", HOLD_LOOSE},
    {"CLAUDE_CODE_CUSTOM_OAUTH_URL", HOLD_LOOSE},
    {"CLAUDE_CODE_GATEWAY_TOKEN", HOLD_LOOSE},
    {"CLAUDE_CODE_GATEWAY_TOKEN_FILE_DESCRIPTOR", HOLD_LOOSE},
    {"CLAUDE_CODE_HFI_BEARER_TOKEN", HOLD_LOOSE},
    {"CLAUDE_CODE_HOST_AUTH_ENV_VAR", HOLD_LOOSE},
    {"CLAUDE_CODE_HOST_CREDS_FILE", HOLD_LOOSE},
    {"CLAUDE_CODE_MCP_SERVE_AUTH_TOKEN", HOLD_LOOSE},
    {"CLAUDE_CODE_MEMORY_API_TOKEN", HOLD_LOOSE},
    {"CLAUDE_CODE_MESSAGING_TOKEN", HOLD_LOOSE},
    {"CLAUDE_CODE_OAUTH_REFRESH_TOKEN", HOLD_LOOSE},
    {"CLAUDE_CODE_OAUTH_SCOPES", HOLD_LOOSE},
    {"CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR", HOLD_LOOSE},
    {"CLAUDE_CODE_SESSIONS_OAUTH_TOKEN", HOLD_LOOSE},
    {"CLAUDE_CODE_SESSION_ACCESS_TOKEN", HOLD_LOOSE},
    {"CLAUDE_CODE_SLACK_TAG_TOKEN", HOLD_LOOSE},
    {"CLAUDE_CODE_USE_ANTHROPIC_AWS", HOLD_LOOSE},
    {"CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD", HOLD_LOOSE},
    {"CLAUDE_CODE_USE_BEDROCK", HOLD_LOOSE},
    {"CLAUDE_CODE_USE_FOUNDRY", HOLD_LOOSE},
    {"CLAUDE_CODE_USE_GATEWAY", HOLD_LOOSE},
    {"CLAUDE_CODE_USE_MANTLE", HOLD_LOOSE},
    {"CLAUDE_CODE_USE_VERTEX", HOLD_LOOSE},
    {"CLAUDE_CODE_WEBSOCKET_AUTH_FILE_DESCRIPTOR", HOLD_LOOSE},
    {"CLAUDE_FALLBACK_BASE_URL", HOLD_LOOSE},
    {"CLAUDE_SECURESTORAGE_CONFIG_DIR", HOLD_LOOSE},
    {"CLAUDE_SESSION_INGRESS_TOKEN_FILE", HOLD_LOOSE},
    {"CLAUDE_TRUSTED_DEVICE_TOKEN", HOLD_LOOSE},
    {"ENVIRONMENT_SERVICE_KEY", HOLD_LOOSE},
    {"SELF_HOSTED_RUNNER_*_SECRET", HOLD_LOOSE},
    {"TCR_*", HOLD_LOOSE},
    /* A client started inside a client would take the outer one's session for its own. */
    {"CLAUDE_CODE_CHILD_SESSION", HOLD_LOOSE},
    {"CLAUDE_CODE_SESSION_ID", HOLD_LOOSE},
};

/* What --clean-env passes on: what a program needs to find itself, its user and its terminal. */
static const char *const clean_names[] = {
    "PATH", "HOME", "USER",   "LOGNAME", "SHELL", "TERM",  "COLORTERM", "LANG",
    "LC_*", "TZ",   "TMPDIR", "PWD",     "XDG_*", "LINES", "COLUMNS",   "NO_COLOR",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A name of the table, which may have one star. */
static bool is_name(const char *pattern, const char *name, size_t length)
{
    size_t head = strcspn(pattern, "*");
    if (!pattern[head])
        return head == length && memcmp(pattern, name, length) == 0;
    const char *tail = pattern + head + 1;
    size_t rest = strlen(tail);
    return length >= head + rest && memcmp(pattern, name, head) == 0 &&
           memcmp(name + length - rest, tail, rest) == 0;
}

static uint32_t initial_bit(char initial)
{
    return UINT32_C(1) << (initial & 31);
}

/* What names of the table begin with: most variables of an environment begin otherwise. */
static uint32_t find_initials(void)
{
    uint32_t initials = 0;
    for (size_t i = 0; i < COUNT(names); i++)
        initials |= initial_bit(names[i].name[0]);
    return initials;
}

static const struct name *find_name(const char *name, size_t length)
{
    for (size_t i = 0; length > 0 && i < COUNT(names); i++)
        if (names[i].name[0] == name[0] && is_name(names[i].name, name, length))
            return &names[i];
    return NULL;
}

bool environment_is_scrubbed(const char *name, size_t length)
{
    return find_name(name, length) != NULL;
}

const char *environment_cloud(size_t index)
{
    static const char prefix[] = "CLAUDE_CODE_USE_";
    for (size_t i = 0; i < COUNT(names); i++)
        if (strncmp(names[i].name, prefix, sizeof prefix - 1) == 0 && index-- == 0)
            return names[i].name;
    return NULL;
}

/* NAME of an entry "NAME=VALUE"; an entry without '=' is all name. */
static size_t name_length(const char *entry)
{
    return strcspn(entry, "=");
}

static bool matches(const char *const *patterns, size_t count, const char *entry, size_t length)
{
    CLEANUP_FREE char *name = count > 0 ? strndup(entry, length) : NULL;
    for (size_t i = 0; name && i < count; i++)
        if (fnmatch(patterns[i], name, 0) == 0)
            return true;
    return false;
}

static bool is_set(const struct environment_plan *plan, const char *entry, size_t length)
{
    for (size_t i = 0; i < plan->set_count; i++)
        if (strlen(plan->set[i].name) == length && memcmp(plan->set[i].name, entry, length) == 0)
            return true;
    return false;
}

static bool is_named(const struct name_list *list, const char *entry, size_t length)
{
    for (size_t i = 0; i < list->count; i++)
        if (strlen(list->names[i]) == length && memcmp(list->names[i], entry, length) == 0)
            return true;
    return false;
}

static bool is_kept(const struct environment_plan *plan, const struct name *known,
                    const char *entry, size_t length)
{
    if (!plan->keep || (known && known->hold == HOLD_POOL))
        return false;
    if (known && known->hold == HOLD_OWN)
        return is_named(plan->keep, entry, length);
    return matches(plan->keep->names, plan->keep->count, entry, length);
}

static bool passes(const struct environment_plan *plan, uint32_t initials, const char *entry)
{
    size_t length = name_length(entry);
    const struct name *known = initials & initial_bit(*entry) ? find_name(entry, length) : NULL;
    if (is_set(plan, entry, length))
        return false;
    if (is_kept(plan, known, entry, length))
        return true;
    if (plan->scrub && matches(plan->scrub->names, plan->scrub->count, entry, length))
        return false;
    if (plan->clean && !matches(clean_names, COUNT(clean_names), entry, length))
        return false;
    return !known;
}

const char *environment_passed(char *const *inherited, const struct environment_plan *plan,
                               const char *name)
{
    const char *value = variable_value(inherited, name);
    return value && passes(plan, find_initials(), name) ? value : NULL;
}

static bool has_credential_header(const char *line, size_t length)
{
    static const char *const headers[] = {"authorization", "x-api-key"};
    while (length > 0 && isspace((unsigned char)*line))
        line++, length--;
    for (size_t i = 0; i < COUNT(headers); i++) {
        size_t name = strlen(headers[i]);
        if (length > name && strncasecmp(line, headers[i], name) == 0 && strchr(": \t", line[name]))
            return true;
    }
    return false;
}

static bool is_headers(const char *entry)
{
    static const char name[] = "ANTHROPIC_CUSTOM_HEADERS=";
    return strncmp(entry, name, sizeof name - 1) == 0;
}

/* ANTHROPIC_CUSTOM_HEADERS without its Authorization and x-api-key lines. */
static const char *copy_headers(const char *entry, struct secret_store *store)
{
    struct buffer copy = {0};
    const char *line = strchr(entry, '=') + 1, *separator = "";
    buffer_append(&copy, entry, (size_t)(line - entry));
    while (*line) {
        size_t length = strcspn(line, "\n");
        if (!has_credential_header(line, length)) {
            buffer_append_text(&copy, separator);
            buffer_append(&copy, line, length);
            separator = "\n";
        }
        line += length + (line[length] == '\n');
    }
    const char *kept =
        copy.failed ? NULL : secret_store_add(store, buffer_text(&copy), copy.length);
    buffer_finish_wiping(&copy);
    return kept;
}

static const char *make_entry(const struct assignment *assignment, struct secret_store *store)
{
    struct buffer entry = {0};
    buffer_append_text(&entry, assignment->name);
    buffer_append_char(&entry, '=');
    buffer_append_text(&entry, assignment->value);
    const char *kept =
        entry.failed ? NULL : secret_store_add(store, buffer_text(&entry), entry.length);
    buffer_finish_wiping(&entry);
    return kept;
}

static int fill(char *const *inherited, const struct environment_plan *plan,
                struct environment *environment)
{
    size_t n = 0;
    const uint32_t initials = find_initials();
    for (char *const *entry = inherited; *entry; entry++) {
        if (!passes(plan, initials, *entry))
            continue;
        const char *kept = is_headers(*entry) ? copy_headers(*entry, environment->store) : *entry;
        if (!kept)
            return -ENOMEM;
        environment->entries[n++] = (char *)kept;
    }
    for (size_t i = 0; i < plan->set_count; i++) {
        if (!plan->set[i].value)
            continue;
        const char *made = make_entry(&plan->set[i], environment->store);
        if (!made)
            return -ENOMEM;
        environment->entries[n++] = (char *)made;
    }
    return 0;
}

int environment_build(char *const *inherited, const struct environment_plan *plan,
                      struct environment *ret_environment)
{
    size_t most = plan->set_count + 1;
    for (char *const *entry = inherited; *entry; entry++)
        most++;
    struct environment environment = {.entries = calloc(most, sizeof(char *)),
                                      .store = secret_store_create()};
    int r =
        environment.entries && environment.store ? fill(inherited, plan, &environment) : -ENOMEM;
    if (r < 0)
        environment_finish(&environment);
    else
        *ret_environment = environment;
    return r;
}

void environment_finish(struct environment *environment)
{
    free(environment->entries);
    secret_store_destroy(environment->store);
    *environment = (struct environment){0};
}

static bool has_entry(char *const *environment, const char *entry)
{
    for (; *environment; environment++)
        if (strcmp(*environment, entry) == 0)
            return true;
    return false;
}

static bool has_name(char *const *environment, const char *entry)
{
    size_t length = name_length(entry);
    for (; *environment; environment++)
        if (name_length(*environment) == length && memcmp(*environment, entry, length) == 0)
            return true;
    return false;
}

void environment_describe(char *const *inherited, char *const *built, struct buffer *text)
{
    for (char *const *entry = inherited; *entry; entry++)
        if (!has_name(built, *entry))
            buffer_append_format(text, "- %.*s\n", (int)name_length(*entry), *entry);
    for (char *const *entry = built; *entry; entry++)
        if (!has_entry(inherited, *entry))
            buffer_append_format(text, "+ %.*s\n", (int)name_length(*entry), *entry);
}
