/* What the files of an agent share: agent.c (a request and its answer) and agent_process.c (the
 * process, its streams and its end). */
#pragma once

#include "core/translate/agent.h"
#include "gateway/agent.h"
#include "gateway/loop.h"
#include "gateway/timers.h"

#include <sys/types.h>

struct agent_policy;

struct agent {
    struct gateway *gateway;
    struct exchange *exchange; /* NULL once nobody waits for it */
    pid_t pid;                 /* of its process group; 0 once it has been reaped */
    int status;                /* as waitpid tells it */
    struct watch input, output;
    bool is_paused; /* reading its output: the client has not read the earlier part */
    struct timer grace;
    struct buffer prompt;
    size_t written;
    struct translation translation;
    struct agent_reply *reply;
    char id[24];
    bool waits_for_book; /* until it shows what the run has learned of the keys */
    struct agent *next;
};

/* One for an exchange, not started; NULL if out of memory. */
struct agent *agent_create(struct exchange *exchange);

/* Starts `claude -p` for `model` (empty: its own choice), which reads the agent's prompt. Returns 0
 * or a negative errno; agent_leave is due in any case. */
int agent_start(struct agent *agent, const struct agent_policy *policy, const char *model);

size_t agent_count(const struct gateway *gateway);

/* Goes on reading its output, once the client has read enough of what came. */
void agent_read_on(struct agent *agent);
