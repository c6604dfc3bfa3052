#include "core/client/client.h"

#include "base/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *client_name(enum client_id id)
{
    return id == CLIENT_CLAUDE ? "claude" : "generic";
}

static enum client_id detect(const char *program, const char *asked)
{
    if (asked)
        return strcmp(asked, "claude") == 0 ? CLIENT_CLAUDE : CLIENT_GENERIC;
    return strcmp(path_name(program), "claude") == 0 ? CLIENT_CLAUDE : CLIENT_GENERIC;
}

static void copy_session(struct client_call *call, const char *id)
{
    snprintf(call->session_id, sizeof call->session_id, "%s", id);
}

static void find_session(struct client_call *call, const char *fresh_id)
{
    const struct claude_args *args = &call->claude;
    call->has_session = !args->subcommand && !args->no_persistence && !args->background;
    if (!call->has_session)
        return;
    bool old = (args->resumes || args->continues) && !args->fork_session;
    if (args->session_id)
        copy_session(call, args->session_id);
    else if (old && args->resume_id)
        copy_session(call, args->resume_id);
    else if (!old && fresh_id) {
        copy_session(call, fresh_id);
        call->names_session = true;
    }
}

void client_analyse(char *const *argv, const struct options *options, bool terminal,
                    const char *fresh_id, const char *help, struct client_call *ret_call)
{
    struct client_call call = {.argv = argv, .id = detect(argv[0], options->client)};
    if (call.id == CLIENT_CLAUDE) {
        claude_args_parse(argv, help, &call.claude);
        call.interactive = terminal && !call.claude.print;
        find_session(&call, fresh_id);
    }
    *ret_call = call;
}

static char **copy_vector(char *const *argv)
{
    size_t count = 0;
    while (argv[count])
        count++;
    char **copy = calloc(count + 1, sizeof *copy);
    if (copy)
        memcpy(copy, argv, count * sizeof *copy);
    return copy;
}

char **client_arguments(const struct client_call *call, enum carry carry, const char *settings)
{
    if (call->id != CLIENT_CLAUDE || call->claude.subcommand)
        return copy_vector(call->argv);
    struct claude_rewrite rewrite = {.settings = settings, .model = call->model};
    bool resume = carry == CARRY_PROMPT || carry == CARRY_CONTINUE;
    if (resume && *call->session_id)
        rewrite.resume_id = call->session_id;
    else if (!resume && call->names_session)
        rewrite.session_id = call->session_id;
    if (carry == CARRY_CONTINUE)
        rewrite.prompt = CLIENT_CONTINUE;
    return claude_args_rewrite(call->argv, &call->claude, &rewrite);
}

enum carry client_next_carry(const struct client_call *call, const struct options *options,
                             bool session_exists, bool work_begun)
{
    if (!call->has_session || !session_exists)
        return CARRY_REPEAT;
    /* A session the user named cannot be begun twice: the client refuses the id. */
    if (options->no_resume && !call->claude.session_id)
        return CARRY_REPEAT;
    return work_begun ? CARRY_CONTINUE : CARRY_PROMPT;
}

bool client_can_use(const struct kind *kind, const void *context)
{
    const struct client_call *call = context;
    if (call->id == CLIENT_CLAUDE && call->claude.bare)
        return kind->id == KIND_API;
    return call->id != CLIENT_CLAUDE || kind_is_anthropic(kind);
}
