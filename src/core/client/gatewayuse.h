/* Whether a run's requests go through a gateway of its own, and by which way they reach it. */
#pragma once

#include "base/buffer.h"
#include "core/client/claude_settings.h"
#include "core/client/client.h"
#include "core/pool/policy.h"

#include <stdbool.h>
#include <stddef.h>

enum gateway_way {
    GATEWAY_NONE,
    GATEWAY_SOCKET, /* Claude Code, which takes a Unix socket: its requests stay what they are */
    GATEWAY_PORT    /* any program that knows a base URL: a port on loopback and a stand-in */
};

struct gatewayuse_request {
    enum gateway_wish wish;
    const struct client_call *call;
    char *const *environment;              /* what of ours the command will get */
    const struct name_list *keep;          /* --keep; may be NULL */
    const struct settings_source *sources; /* the client's settings files; managed ones count */
    size_t source_count;
    bool another_key; /* beside the first, a key of the same kind or a master can be used */
    bool translates;  /* a key of the pool serves the client in another format: it needs one */
    bool has_kind;    /* the keys are of a kind whose provider the gateway speaks to */
};

/* `why` gets one sentence without a period: why there is none, or why there is one. GATEWAY_ON that
 * cannot be had gives GATEWAY_NONE too: the caller reports it. */
enum gateway_way gatewayuse_decide(const struct gatewayuse_request *request, struct buffer *why);
