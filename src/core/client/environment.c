#include "core/client/environment.h"

#include "base/cleanup.h"
#include "base/secret.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* claude-code.md, "Credentials": what carries or redirects one, for every client. */
static const char *const credential_names[] = {
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_API_KEYS",
    "ANTHROPIC_AWS_API_KEY",
    "ANTHROPIC_BEDROCK_MANTLE_API_KEY",
    "ANTHROPIC_FOUNDRY_API_KEY",
    "ANTHROPIC_IDENTITY_TOKEN",
    "ANTHROPIC_IDENTITY_TOKEN_FILE",
    "ANTHROPIC_PROFILE",
    "ANTHROPIC_SERVICE_ACCOUNT_ID",
    "AWS_BEARER_TOKEN_BEDROCK",
    "CLAUDE_API_KEY",
    "CLAUDE_BRIDGE_OAUTH_TOKEN",
    "ANTHROPIC_UNIX_SOCKET",
    "CLAUDE_CODE_CUSTOM_OAUTH_URL",
    "CLAUDE_CODE_HFI_BEARER_TOKEN",
    "CLAUDE_CODE_API_BASE_URL",
    "ANTHROPIC_FEDERATION_RULE_ID",
    "CLAUDE_BG_AUTH_SNAPSHOT_PATH",
    "CLAUDE_SECURESTORAGE_CONFIG_DIR",
    "CLAUDE_FALLBACK_API_KEY",
    "CLAUDE_FALLBACK_BASE_URL",
    "CLAUDE_SESSION_INGRESS_TOKEN_FILE",
    "CLAUDE_TRUSTED_DEVICE_TOKEN",
    "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR",
    "CLAUDE_CODE_CLIENT_KEY",
    "CLAUDE_CODE_CLIENT_KEY_PASSPHRASE",
    "CLAUDE_CODE_HOST_AUTH_ENV_VAR",
    "CLAUDE_CODE_OAUTH_REFRESH_TOKEN",
    "CLAUDE_CODE_OAUTH_SCOPES",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKENS",
    "CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR",
    "CLAUDE_CODE_SESSION_ACCESS_TOKEN",
    "CLAUDE_CODE_USE_ANTHROPIC_AWS",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_GATEWAY",
    "CLAUDE_CODE_USE_MANTLE",
    "CLAUDE_CODE_USE_VERTEX",
    "CURSOR_API_KEYS",
    "OPENAI_API_KEYS",
    /* A client started inside a client would take the outer one's session for its own. */
    "CLAUDE_CODE_CHILD_SESSION",
    "CLAUDE_CODE_SESSION_ID",
};

/* What --clean-env passes on: what a program needs to find itself, its user and its terminal. */
static const char *const clean_names[] = {
    "PATH", "HOME", "USER",   "LOGNAME", "SHELL", "TERM",  "COLORTERM", "LANG",
    "LC_*", "TZ",   "TMPDIR", "PWD",     "XDG_*", "LINES", "COLUMNS",   "NO_COLOR",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool environment_is_scrubbed(const char *name, size_t length)
{
    if (length >= 4 && memcmp(name, "TCR_", 4) == 0)
        return true;
    for (size_t i = 0; i < COUNT(credential_names); i++) {
        const char *candidate = credential_names[i];
        if (candidate[0] == name[0] && strncmp(candidate, name, length) == 0 && !candidate[length])
            return true;
    }
    return false;
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

/* A whole pool: no pattern of --keep is meant to hand that over. */
static bool is_pool(const char *entry, size_t length)
{
    static const char *const names[] = {"ANTHROPIC_API_KEYS", "CLAUDE_CODE_OAUTH_TOKENS",
                                        "CURSOR_API_KEYS", "OPENAI_API_KEYS"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (strncmp(names[i], entry, length) == 0 && !names[i][length])
            return true;
    return false;
}

static bool passes(const struct environment_plan *plan, const char *entry)
{
    size_t length = name_length(entry);
    if (is_set(plan, entry, length) || is_pool(entry, length))
        return false;
    if (plan->keep && matches(plan->keep->names, plan->keep->count, entry, length))
        return true;
    if (plan->scrub && matches(plan->scrub->names, plan->scrub->count, entry, length))
        return false;
    if (plan->clean && !matches(clean_names, COUNT(clean_names), entry, length))
        return false;
    return !environment_is_scrubbed(entry, length);
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
    buffer_append_format(&entry, "%s=%s", assignment->name, assignment->value);
    const char *kept =
        entry.failed ? NULL : secret_store_add(store, buffer_text(&entry), entry.length);
    buffer_finish_wiping(&entry);
    return kept;
}

static int fill(char *const *inherited, const struct environment_plan *plan,
                struct environment *environment)
{
    size_t n = 0;
    for (char *const *entry = inherited; *entry; entry++) {
        if (!passes(plan, *entry))
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
