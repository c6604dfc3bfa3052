#include "base/cleanup.h"
#include "gateway/agent_parts.h"
#include "gateway/exchange_parts.h"
#include "gateway/gateway.h"
#include "gateway/picker.h"
#include "system/clock.h"
#include "system/descriptor.h"
#include "system/files.h"
#include "system/process/detach.h"
#include "system/process/gateway_program.h"
#include "system/random.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define GRACE_MS     3000 /* between the request to end and SIGKILL */
#define OUTPUT_CHUNK 65536
#define WORDS_MOST   40

/* ---- its end ---- */

static void close_watch(struct agent *agent, struct watch *watch)
{
    if (watch->fd < 0)
        return;
    loop_remove(&agent->gateway->loop, watch);
    (void)close(watch->fd);
    watch->fd = -1;
}

static void destroy(struct agent *agent)
{
    struct agent **at = &agent->gateway->agents;
    while (*at != agent)
        at = &(*at)->next;
    *at = agent->next;
    picker_wake(agent->gateway);
    close_watch(agent, &agent->input);
    close_watch(agent, &agent->output);
    timer_stop(&agent->gateway->timers, &agent->grace);
    agent_reply_destroy(agent->reply);
    translation_finish(&agent->translation);
    buffer_finish(&agent->prompt);
    free(agent);
}

static void kill_group(void *context)
{
    struct agent *agent = context;
    if (agent->pid > 0)
        (void)kill(-agent->pid, SIGKILL);
}

void agent_leave(struct exchange *exchange)
{
    struct agent *agent = exchange->agent;
    exchange->agent = NULL;
    if (!agent)
        return;
    agent->exchange = NULL;
    close_watch(agent, &agent->input);
    close_watch(agent, &agent->output);
    if (agent->pid == 0) {
        destroy(agent);
        return;
    }
    (void)kill(-agent->pid, SIGTERM);
    timer_set(&agent->gateway->timers, &agent->grace, clock_now_ms() + GRACE_MS);
}

/* The rest of its process group ends with it. */
void agents_reap(struct gateway *gateway)
{
    for (struct agent *agent = gateway->agents, *next; agent; agent = next) {
        next = agent->next;
        if (agent->pid == 0 || waitpid(agent->pid, &agent->status, WNOHANG) != agent->pid)
            continue;
        (void)kill(-agent->pid, SIGKILL);
        agent->pid = 0;
        if (agent->exchange)
            exchange_mark(agent->exchange);
        else
            destroy(agent);
    }
}

void agents_stop(struct gateway *gateway)
{
    while (gateway->agents) {
        struct agent *agent = gateway->agents;
        kill_group(agent);
        while (agent->pid > 0 && waitpid(agent->pid, NULL, 0) < 0 && errno == EINTR)
            ;
        if (agent->exchange)
            agent->exchange->agent = NULL;
        destroy(agent);
    }
}

/* ---- its streams ---- */

/* A command that ends without reading all of its input explains that in its answer. */
static void write_prompt(void *context, uint32_t events)
{
    struct agent *agent = context;
    (void)events;
    ssize_t n = write(agent->input.fd, agent->prompt.data + agent->written,
                      agent->prompt.length - agent->written);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    agent->written += n > 0 ? (size_t)n : 0;
    if (n > 0 && agent->written < agent->prompt.length)
        return;
    close_watch(agent, &agent->input);
    buffer_finish(&agent->prompt);
}

static void take(struct agent *agent, const char *bytes, size_t length)
{
    struct exchange *exchange = agent->exchange;
    struct buffer out = {0};
    agent_reply_feed(agent->reply, bytes, length, &out);
    bool fine = !out.failed &&
                (out.length == 0 || pending_append(&exchange->pending, out.data, out.length));
    buffer_finish(&out);
    exchange->is_broken |= !fine;
    exchange_mark(exchange);
}

static void read_output(void *context, uint32_t events)
{
    struct agent *agent = context;
    char bytes[OUTPUT_CHUNK];
    (void)events;
    ssize_t n = read(agent->output.fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n > 0) {
        take(agent, bytes, (size_t)n);
        agent->is_paused =
            agent->translation.stream && agent->exchange->pending.length > PENDING_HIGH;
        if (agent->is_paused)
            loop_remove(&agent->gateway->loop, &agent->output);
        return;
    }
    close_watch(agent, &agent->output);
    exchange_mark(agent->exchange);
}

void agent_read_on(struct agent *agent)
{
    agent->is_paused = loop_add(&agent->gateway->loop, &agent->output) < 0;
}

/* ---- its start ---- */

struct words {
    const char *list[WORDS_MOST];
    size_t count;
};

static void add(struct words *words, const char *word)
{
    words->list[words->count++] = word;
}

static void add_pair(struct words *words, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    add(words, name);
    add(words, value);
}

/* The launcher's rules choose the key. Only tools that the key file allows are there: some others,
 * to read the folder's files, would need no permission. */
static void add_words(struct words *words, const struct agent *agent,
                      const struct agent_policy *policy, const char *model, const char *mcp)
{
    const struct options *options = agent->gateway->options;
    add(words, "--quiet");
    add_pair(words, "--keys", options->keys_file);
    add_pair(words, "--profile", options->profile);
    add_pair(words, "--key", options->key);
    if (options->no_master)
        add(words, "--no-master");
    add(words, "--");
    add(words, "claude");
    add(words, "-p");
    add_pair(words, "--input-format", "stream-json");
    add_pair(words, "--output-format", "stream-json");
    add(words, "--verbose");
    if (agent->translation.stream)
        add(words, "--include-partial-messages");
    add_pair(words, "--model", model);
    if (mcp) {
        add_pair(words, "--mcp-config", mcp);
        add(words, "--strict-mcp-config");
    }
    add(words, "--tools");
    add(words, policy->built_in ? policy->built_in : "");
    add_pair(words, "--allowedTools", policy->tools);
}

struct streams {
    const char *folder;
    int input, output;
};

static int arrange(posix_spawn_file_actions_t *actions, const void *context)
{
    const struct streams *streams = context;
    int r = posix_spawn_file_actions_addchdir_np(actions, streams->folder);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(actions, streams->input, STDIN_FILENO);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(actions, streams->output, STDOUT_FILENO);
    return r;
}

int agent_start(struct agent *agent, const struct agent_policy *policy, const char *model)
{
    CLEANUP_FREE char *program = launcher_program_find();
    CLEANUP_FREE char *folder = files_expand(policy->folder, NULL);
    CLEANUP_FREE char *mcp = policy->mcp_config ? files_expand(policy->mcp_config, NULL) : NULL;
    struct words words = {.list = {program}, .count = 1};
    int in[2], out[2];
    if (!program || !folder)
        return -ENOENT;
    if (descriptor_pipe(in, 0) < 0)
        return -errno;
    if (descriptor_pipe(out, 0) < 0) {
        (void)close(in[0]);
        (void)close(in[1]);
        return -EMFILE;
    }
    add_words(&words, agent, policy, model, mcp);
    agent->input.fd = in[1];
    agent->output.fd = out[0];
    (void)fcntl(in[1], F_SETFL, O_NONBLOCK);
    (void)fcntl(out[0], F_SETFL, O_NONBLOCK);
    /* In a session of its own, so that its process group can be ended as a whole. */
    const struct streams streams = {folder, in[0], out[1]};
    const struct detach_plan plan = {.path = program,
                                     .argv = (char *const *)words.list,
                                     .environment = environ,
                                     .arrange = arrange,
                                     .context = &streams};
    int r = detach_start(&plan, &agent->pid);
    (void)close(in[0]);
    (void)close(out[1]);
    if (r == 0)
        r = loop_add(&agent->gateway->loop, &agent->input);
    if (r == 0)
        r = loop_add(&agent->gateway->loop, &agent->output);
    return r;
}

size_t agent_count(const struct gateway *gateway)
{
    size_t count = 0;
    for (const struct agent *agent = gateway->agents; agent; agent = agent->next)
        count++;
    return count;
}

struct agent *agent_create(struct exchange *exchange)
{
    struct gateway *gateway = exchange->gateway;
    struct agent *agent = calloc(1, sizeof *agent);
    if (!agent)
        return NULL;
    *agent = (struct agent){.gateway = gateway,
                            .exchange = exchange,
                            .input = {-1, POLLOUT, write_prompt, agent},
                            .output = {-1, POLLIN, read_output, agent},
                            .grace = {.due = kill_group, .context = agent},
                            .next = gateway->agents};
    agent->translation.client =
        exchange->route.provider == PROVIDER_OPENAI ? FORMAT_CHAT : FORMAT_MESSAGES;
    uint8_t bytes[8];
    random_fill(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(agent->id + 2 * i, 3, "%02x", bytes[i]);
    gateway->agents = exchange->agent = agent;
    return agent;
}
