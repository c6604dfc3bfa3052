#include "gateway/errand.h"

#include "base/cleanup.h"
#include "base/fold.h"
#include "core/gateway/control.h"
#include "gateway/exchange.h"
#include "gateway/gateway.h"
#include "system/clock.h"
#include "system/descriptor.h"
#include "system/keys/keysource.h"
#include "system/keys/passphrase.h"
#include "system/process/gateway_program.h"
#include "system/process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define AT_ONCE  8    /* a flood would send more */
#define GRACE_MS 5000 /* between the request to end and SIGKILL */
#define WORDS    8192
#define INPUT    32768 /* less than a pipe takes at once */

struct errand {
    struct gateway *gateway;
    uint64_t number; /* number of the exchange; 0 once it has been answered */
    pid_t pid;
    struct watch output;
    struct timer limit;
    char name[CONTROL_NAME];
    void (*answer)(struct exchange *exchange, const char *name, bool done, const char *words);
    char words[WORDS]; /* what it printed; it never holds a token */
    size_t length;
    struct errand *next;
};

const char *errand_last_sentence(char *words)
{
    fold_undo(words);
    size_t length = strlen(words);
    while (length > 0 && words[length - 1] == '\n')
        words[--length] = '\0';
    char *line = strrchr(words, '\n');
    line = line ? line + 1 : words;
    size_t prefix = strlen(FOLD_PREFIX);
    return strncmp(line, FOLD_PREFIX, prefix) == 0 ? line + prefix : line;
}

static struct exchange *find_exchange(const struct gateway *gateway, uint64_t number)
{
    struct exchange *exchange = gateway->all;
    while (exchange && (exchange->number != number || exchange->state != CONSULTING))
        exchange = exchange->next;
    return exchange;
}

static void stop_reading(struct errand *errand)
{
    if (errand->output.fd < 0)
        return;
    loop_remove(&errand->gateway->loop, &errand->output);
    (void)close(errand->output.fd);
    errand->output.fd = -1;
}

static void answer(struct errand *errand, bool done, const char *words)
{
    struct exchange *exchange = find_exchange(errand->gateway, errand->number);
    errand->number = 0; /* only one answer */
    if (!exchange)
        return;
    errand->answer(exchange, errand->name, done, words);
    exchange_mark(exchange);
}

static void end(struct errand *errand, bool done)
{
    struct gateway *gateway = errand->gateway;
    struct errand **at = &gateway->errands;
    while (*at != errand)
        at = &(*at)->next;
    *at = errand->next;
    stop_reading(errand);
    timer_stop(&gateway->timers, &errand->limit);
    errand->words[errand->length] = '\0';
    answer(errand, done, errand->words);
    free(errand);
}

/* Nobody waits for it to end: whoever asked is answered now, and it is reaped when it has gone. */
static void took_too_long(void *context)
{
    struct errand *errand = context;
    (void)kill(errand->pid, errand->number ? SIGTERM : SIGKILL);
    answer(errand, false, "it did not end in time");
    stop_reading(errand);
    int64_t grace = errand->gateway->errand_ms < GRACE_MS ? errand->gateway->errand_ms : GRACE_MS;
    timer_set(&errand->gateway->timers, &errand->limit, clock_now_ms() + grace);
    errands_reap(errand->gateway); /* it may have ended while something else kept its output open */
}

static void read_words(void *context, uint32_t events)
{
    struct errand *errand = context;
    (void)events;
    char *to = errand->words + errand->length;
    ssize_t n = read(errand->output.fd, to, WORDS - 1 - errand->length);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    errand->length += n > 0 ? (size_t)n : 0;
    if (n > 0 && errand->length < WORDS - 1)
        return;
    stop_reading(errand);
    errands_reap(errand->gateway);
}

void errands_reap(struct gateway *gateway)
{
    for (struct errand *errand = gateway->errands, *next; errand; errand = next) {
        int status;
        next = errand->next;
        if (errand->output.fd < 0 && spawn_wait(errand->pid, &status, WNOHANG) == errand->pid)
            end(errand, WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

/* The reading end of a pipe that holds it all; the writing end is closed. */
static int hold_input(const char *input)
{
    int ends[2];
    size_t length = strlen(input);
    if (length > INPUT)
        return -E2BIG;
    if (descriptor_pipe(ends, 0) < 0)
        return -errno;
    ssize_t n = write(ends[1], input, length);
    (void)close(ends[1]);
    if (n == (ssize_t)length)
        return ends[0];
    (void)close(ends[0]);
    return -EIO;
}

/* NULL-terminated, its strings borrowed; NULL if out of memory. */
static char **list_words(const struct errand_plan *plan, char *program, char *origin, char *seal)
{
    char **argv = calloc(plan->word_count + plan->name_count + 6, sizeof *argv);
    bool from_file = strcmp(origin, KEYSOURCE_ENVIRONMENT) != 0;
    size_t n = 0;
    if (!argv)
        return NULL;
    argv[n++] = program;
    for (size_t i = 0; i < plan->word_count; i++)
        argv[n++] = (char *)(uintptr_t)plan->words[i];
    if (from_file) {
        argv[n++] = (char *)"--keys";
        argv[n++] = origin;
    }
    if (*seal)
        argv[n++] = seal;
    argv[n++] = (char *)"--";
    for (size_t i = 0; i < plan->name_count; i++)
        argv[n++] = (char *)(uintptr_t)plan->names[i];
    return argv;
}

/* It gets a descriptor that opens a sealed file. */
static int start(struct errand *errand, const struct errand_plan *plan, int output)
{
    char *origin = errand->gateway->roster->origin, option[32] = "";
    CLEANUP_FREE char *program = launcher_program_find();
    CLEANUP_CLOSE int seal = passphrase_hand_over();
    CLEANUP_CLOSE int input =
        plan->input ? hold_input(plan->input) : open("/dev/null", O_RDONLY | O_CLOEXEC);
    bool exec_failed;
    if (!program || input < 0)
        return !program ? -ENOENT : plan->input ? input : -errno;
    if (seal >= 0)
        snprintf(option, sizeof option, "--seal-fd=%d", seal);
    CLEANUP_FREE char **argv = list_words(plan, program, origin, option);
    if (!argv)
        return -ENOMEM;
    const struct spawn_request request = {.argv = argv,
                                          .environment = environ,
                                          .streams = {input, output, output},
                                          .passed = {seal},
                                          .passed_count = seal >= 0};
    return spawn_start(&request, &errand->pid, &exec_failed);
}

static size_t count(const struct gateway *gateway)
{
    size_t n = 0;
    for (const struct errand *errand = gateway->errands; errand; errand = errand->next)
        n++;
    return n;
}

int errand_start(struct exchange *exchange, const struct errand_plan *plan)
{
    int ends[2];
    struct gateway *gateway = exchange->gateway;
    if (count(gateway) >= AT_ONCE)
        return -EAGAIN;
    struct errand *errand = calloc(1, sizeof *errand);
    if (!errand || descriptor_pipe(ends, 0) < 0) {
        free(errand);
        return -ENOMEM;
    }
    *errand = (struct errand){.gateway = gateway,
                              .number = exchange->number,
                              .answer = plan->answer,
                              .output = {ends[0], POLLIN, read_words, errand},
                              .limit = {.due = took_too_long, .context = errand}};
    snprintf(errand->name, sizeof errand->name, "%s", plan->name);
    int r = loop_add(&gateway->loop, &errand->output);
    if (r == 0) {
        r = start(errand, plan, ends[1]);
        if (r < 0)
            loop_remove(&gateway->loop, &errand->output);
    }
    (void)close(ends[1]);
    if (r < 0) {
        (void)close(ends[0]);
        free(errand);
        return r;
    }
    errand->next = gateway->errands;
    gateway->errands = errand;
    timer_set(&gateway->timers, &errand->limit, clock_now_ms() + gateway->errand_ms);
    return 0;
}

void errands_stop(struct gateway *gateway)
{
    while (gateway->errands) {
        struct errand *errand = gateway->errands;
        gateway->errands = errand->next;
        stop_reading(errand);
        timer_stop(&gateway->timers, &errand->limit);
        free(errand);
    }
}
