#include "commands/run/private_gateway_parts.h"

#include "base/variable.h"
#include "core/gateway/contract.h"
#include "core/pool/destination.h"

#include <errno.h>
#include <stdio.h>

extern char **environ;

bool private_gateway_serves(const struct kind *kind)
{
    return kind_is_anthropic(kind) || kind->id == KIND_OPENAI;
}

const char *private_gateway_stand_in(const struct private_gateway *gateway, const struct key *key)
{
    if (!gateway || gateway->way == GATEWAY_NONE || !private_gateway_serves(&key->kind))
        return NULL;
    const struct destination to = destination_of(key, gateway->session->environment);
    bool hides = gateway->way == GATEWAY_PORT || to.from != DESTINATION_PROVIDER ||
                 session_needs_translation(gateway->session, key);
    return hides ? gateway->stand_in : NULL;
}

static bool has_kind(const struct session *session, bool openai)
{
    for (size_t i = 0; i < session->slot_count; i++) {
        const struct candidate *candidate = session->slots[i].candidate;
        if (candidate && (candidate->key->kind.id == KIND_OPENAI) == openai)
            return true;
    }
    return false;
}

/* A program may use the other provider with its own key, which the gateway would refuse. */
static bool leads(const struct private_gateway *gateway, bool openai)
{
    static const char *const anthropic[] = {"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN",
                                            "CLAUDE_CODE_OAUTH_TOKEN", NULL};
    static const char *const others[] = {"OPENAI_API_KEY", NULL};
    if (has_kind(gateway->session, openai))
        return true;
    for (const char *const *name = openai ? others : anthropic; *name; name++) {
        const char *value = variable_value(environ, *name);
        if (value && *value)
            return false;
    }
    return true;
}

/* Programs that use the SDKs read the API key's variable, whatever kind the pool's keys are. Claude
 * Code should know that it has a subscription's token. */
static size_t lead_there(const struct private_gateway *gateway, bool openai, const char *variable,
                         const char *address, struct assignment *set, size_t count)
{
    if (!leads(gateway, openai))
        return count;
    set[count++] = (struct assignment){variable, address};
    if (gateway->session->call.id != CLIENT_CLAUDE)
        set[count++] =
            (struct assignment){openai ? "OPENAI_API_KEY" : "ANTHROPIC_API_KEY", gateway->stand_in};
    return count;
}

size_t private_gateway_assign(const struct private_gateway *gateway, struct assignment *set,
                              size_t count)
{
    if (gateway->way == GATEWAY_NONE)
        return count;
    if (gateway->way == GATEWAY_SOCKET) {
        set[count++] = (struct assignment){"ANTHROPIC_UNIX_SOCKET", gateway->socket};
        set[count++] = (struct assignment){"ANTHROPIC_BASE_URL", GATEWAY_ADDRESS};
        return count;
    }
    count = lead_there(gateway, false, "ANTHROPIC_BASE_URL", gateway->address, set, count);
    count = lead_there(gateway, true, "OPENAI_BASE_URL", gateway->openai_address, set, count);
    set[count++] = (struct assignment){"NO_PROXY", gateway->no_proxy};
    set[count++] = (struct assignment){"no_proxy", gateway->no_proxy};
    return count;
}

int private_gateway_make_texts(struct private_gateway *gateway)
{
    const char *own = variable_value(environ, "NO_PROXY");
    if (!own || !*own)
        own = variable_value(environ, "no_proxy");
    private_gateway_make_stand_in(gateway);
    if (gateway->way != GATEWAY_PORT)
        return 0;
    if (asprintf(&gateway->address, "http://127.0.0.1:%d", gateway->port) < 0 ||
        asprintf(&gateway->openai_address, "%s/v1", gateway->address) < 0 ||
        asprintf(&gateway->no_proxy, "%s%s127.0.0.1,localhost", own ? own : "",
                 own && *own ? "," : "") < 0)
        return -ENOMEM;
    return 0;
}
