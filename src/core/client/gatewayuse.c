#include "core/client/gatewayuse.h"

#include "base/json.h"
#include "base/variable.h"
#include "core/client/environment.h"

#include <fnmatch.h>
#include <string.h>

/* What the client does beside its requests wants a direct line to the provider. */
static const char *const direct_options[] = {"--remote-control", "--rc",       "--cloud",
                                             "--remote",         "--teleport", "--bg"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_option(const char *word, const char *option)
{
    size_t length = strlen(option);
    return strncmp(word, option, length) == 0 && (word[length] == '\0' || word[length] == '=');
}

static const char *direct_option(const struct client_call *call)
{
    const struct claude_args *args = &call->claude;
    for (size_t i = args->start; i < args->count && strcmp(call->argv[i], "--") != 0; i++)
        for (size_t j = 0; i != args->prompt && j < COUNT(direct_options); j++)
            if (is_option(call->argv[i], direct_options[j]))
                return direct_options[j];
    return NULL;
}

static bool is_kept(const struct name_list *keep, const char *name)
{
    for (size_t i = 0; keep && i < keep->count; i++)
        if (fnmatch(keep->names[i], name, 0) == 0)
            return true;
    return false;
}

/* Unless it is kept, the command does not get it. */
static const char *cloud_variable(const struct gatewayuse_request *request)
{
    const char *name;
    if (!request->keep || request->keep->count == 0)
        return NULL;
    for (size_t i = 0; (name = environment_cloud(i)); i++) {
        const char *value = variable_value(request->environment, name);
        if (value && *value && is_kept(request->keep, name))
            return name;
    }
    return NULL;
}

/* An administrator's list of providers refuses a session on a socket (seen in the client). */
static const char *restricted_by(const struct gatewayuse_request *request)
{
    for (size_t i = 0; i < request->source_count; i++) {
        const struct settings_source *source = &request->sources[i];
        cJSON *json = source->managed ? json_parse(source->text, source->length, NULL) : NULL;
        bool restricts = json && json_get(json, "allowedProviders");
        cJSON_Delete(json);
        if (restricts)
            return source->path;
    }
    return NULL;
}

/* True if it cannot be, whatever is wished; also where there is no memory for the reason. */
static bool is_ruled_out(const struct gatewayuse_request *request, struct buffer *why)
{
    const struct client_call *call = request->call;
    bool is_claude = call->id == CLIENT_CLAUDE;
    const char *option = is_claude ? direct_option(call) : NULL;
    const char *cloud = cloud_variable(request);
    const char *restricted = is_claude ? restricted_by(request) : NULL;
    if (is_claude && call->claude.subcommand)
        buffer_append_text(why, "a subcommand of Claude Code makes no requests");
    else if (option)
        buffer_append_format(why, "%s needs a direct line to the provider", option);
    else if (cloud)
        buffer_append_format(why, "--keep passes %s on, which sends the requests to a cloud",
                             cloud);
    else if (restricted)
        buffer_append_format(why, "allowedProviders in %s refuses sessions on a socket",
                             restricted);
    else if (!request->has_kind)
        buffer_append_text(why, "no gateway speaks to the provider of these keys");
    else
        return false;
    return true;
}

enum gateway_way gatewayuse_decide(const struct gatewayuse_request *request, struct buffer *why)
{
    const struct client_call *call = request->call;
    bool is_claude = call->id == CLIENT_CLAUDE;
    if (request->wish == GATEWAY_OFF) {
        buffer_append_text(why, "none is wanted");
        return GATEWAY_NONE;
    }
    if (is_ruled_out(request, why))
        return GATEWAY_NONE;
    if (request->wish == GATEWAY_ON) {
        buffer_append_text(why, "one is asked for");
        return is_claude ? GATEWAY_SOCKET : GATEWAY_PORT;
    }
    if (request->translates)
        buffer_append_text(why, "a key of the pool has to be spoken to in another format");
    else if (!is_claude || !call->interactive)
        buffer_append_text(why, "only an interactive Claude Code gets one unasked");
    else if (!request->another_key)
        buffer_append_text(why, "there is no other key to change to");
    else
        buffer_append_text(why,
                           "an interactive Claude Code, and there is another key to change to");
    bool wanted = is_claude && (request->translates || (call->interactive && request->another_key));
    return wanted ? GATEWAY_SOCKET : GATEWAY_NONE;
}
