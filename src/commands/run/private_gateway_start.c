#include "commands/run/private_gateway_parts.h"

#include "base/variable.h"
#include "core/gateway/contract.h"
#include "system/descriptor.h"
#include "system/files.h"
#include "system/keys/passphrase.h"
#include "system/process/gateway_program.h"
#include "system/random.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

extern char **environ;

#define BACKLOG 128
#define FLOOR   10 /* above what scripts open by number */

void private_gateway_close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* Moves it away from the descriptors that the command's own programs open by number. If the limit
 * is below them (ulimit -n 10), there is nowhere to move it to. */
static int keep_high(int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, FLOOR);
    if (high < 0 && errno == EINVAL)
        return fd;
    int r = high < 0 ? -errno : high;
    (void)close(fd);
    return r;
}

/* The first folder in which the socket's path is short enough for the system. */
static int make_folder(struct private_gateway *gateway)
{
    const char *places[] = {variable_value(environ, "XDG_RUNTIME_DIR"),
                            variable_value(environ, "TMPDIR"), "/tmp"};
    const struct sockaddr_un *address = NULL;
    int r = -ENAMETOOLONG;
    for (size_t i = 0; i < sizeof places / sizeof places[0] && !gateway->folder; i++) {
        char *folder;
        if (!places[i] || places[i][0] != '/')
            continue;
        if (asprintf(&folder, "%s/tcr-XXXXXX", places[i]) < 0)
            return -ENOMEM;
        bool fits = strlen(folder) + strlen("/" GATEWAY_SOCKET_NAME) < sizeof address->sun_path;
        if (fits && mkdtemp(folder)) {
            gateway->folder = folder;
            continue;
        }
        r = fits ? -errno : r;
        free(folder);
    }
    if (!gateway->folder)
        return r;
    return asprintf(&gateway->socket, "%s/" GATEWAY_SOCKET_NAME, gateway->folder) < 0 ? -ENOMEM : 0;
}

static int bind_socket(struct private_gateway *gateway, int fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int r = make_folder(gateway);
    if (r < 0)
        return r;
    memcpy(address.sun_path, gateway->socket, strlen(gateway->socket) + 1);
    return bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
}

/* The kernel chooses the port. */
static int bind_port(struct private_gateway *gateway, int fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(fd, (struct sockaddr *)&address, size) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        return -errno;
    gateway->port = ntohs(address.sin_port);
    return 0;
}

int private_gateway_make_listener(struct private_gateway *gateway)
{
    bool socket_way = gateway->way == GATEWAY_SOCKET;
    int fd = descriptor_socket(socket_way ? AF_UNIX : AF_INET, SOCK_STREAM, 0, true);
    fd = fd < 0 ? -errno : keep_high(fd);
    if (fd < 0)
        return fd;
    gateway->listener = fd;
    int r = socket_way ? bind_socket(gateway, fd) : bind_port(gateway, fd);
    return r == 0 && listen(fd, BACKLOG) < 0 ? -errno : r;
}

/* A key that only we have: it opens nothing elsewhere, and nothing here after the run. It begins
 * like the kind it stands in for, because some programs look at that. */
void private_gateway_make_stand_in(struct private_gateway *gateway)
{
    unsigned char bytes[20];
    const struct kind *kind = &session_lead(gateway->session)->candidate->key->kind;
    bool is_claude = gateway->session->call.id == CLIENT_CLAUDE;
    const char *beginning = kind->id == KIND_OPENAI && !is_claude ? "sk-"
                            : kind_is_subscription(kind)          ? "sk-ant-oat01-"
                                                                  : "sk-ant-api03-";
    random_fill(bytes, sizeof bytes);
    int length = snprintf(gateway->stand_in, GATEWAY_STAND_IN, "%stcr-", beginning);
    for (size_t i = 0; i < sizeof bytes; i++)
        length += snprintf(gateway->stand_in + length, GATEWAY_STAND_IN - (size_t)length, "%02x",
                           bytes[i]);
}

/* Room for its arguments. The values of our own options are borrowed. */
#define WORDS_MOST 48
#define NUMBER     16

struct words {
    const char *list[WORDS_MOST];
    size_t count;
    char numbers[7][NUMBER];
    size_t number_count;
};

static void add(struct words *words, const char *name, const char *value)
{
    if (!value)
        return;
    words->list[words->count++] = name;
    words->list[words->count++] = value;
}

static void add_number(struct words *words, const char *name, int64_t number)
{
    char *text = words->numbers[words->number_count++];
    snprintf(text, NUMBER, "%lld", (long long)number);
    add(words, name, text);
}

static void add_key_options(struct words *words, const struct session *session, char *kinds,
                            size_t size)
{
    const struct options *options = session->options;
    size_t length = 0;
    *kinds = '\0';
    for (size_t i = 0; i < session->asked.count && length < size; i++)
        length += (size_t)snprintf(kinds + length, size - length, "%s%s", i ? "," : "",
                                   session->asked.names[i]);
    if (length < size && options->kinds.count == 0 && session_has_models(session))
        snprintf(kinds + length, size - length, ",openai");
    add(words, "--keys", options->keys_file);
    add(words, "--profile", options->profile);
    add(words, "--key", options->key);
    add(words, "--kind", kinds);
    add(words, "--retries", options->retries);
    add(words, "--cooldown", options->cooldown);
    add(words, "--retry-on", options->retry_on);
    add(words, "--max-per-key", options->max_per_key);
    add(words, "--model-fallback", options->model_fallback);
    if (options->no_master)
        words->list[words->count++] = "--no-master";
    if (options->no_model_fallback)
        words->list[words->count++] = "--no-model-fallback";
}

static void add_descriptors(struct words *words, const struct private_gateway *gateway,
                            const struct gateway_start *start)
{
    add_number(words, "--listen-fd", start->passed[0]);
    add_number(words, "--tell-fd", start->passed[1]);
    add_number(words, "--life-fd", start->passed[2]);
    if (start->passed_count > 3)
        add_number(words, gateway->way == GATEWAY_PORT ? "--stand-in-fd" : "--seal-fd",
                   start->passed[3]);
    if (start->passed_count > 4)
        add_number(words, "--seal-fd", start->passed[4]);
    add(words, "--folder", gateway->folder);
    add(words, "--first", session_lead(gateway->session)->candidate->key->name);
    if (gateway->session->options->waits)
        add_number(words, "--hold", gateway->session->options->wait_longest);
}

static int stand_in_pipe(const struct private_gateway *gateway)
{
    int ends[2];
    if (descriptor_pipe(ends, 0) < 0)
        return -errno;
    int r = files_write_all(ends[1], gateway->stand_in, strlen(gateway->stand_in));
    (void)close(ends[1]);
    return r == 0 ? keep_high(ends[0]) : r;
}

/* One pipe: our end and the gateway's end, both with high numbers. */
static int open_pipe(bool we_read, int *ret_ours, int *ret_theirs)
{
    int ends[2];
    if (descriptor_pipe(ends, 0) < 0)
        return -errno;
    int read_end = keep_high(ends[0]), write_end = keep_high(ends[1]);
    *ret_ours = we_read ? read_end : write_end;
    *ret_theirs = we_read ? write_end : read_end;
    return read_end < 0 ? read_end : write_end < 0 ? write_end : 0;
}

static int start_with(struct private_gateway *gateway, struct gateway_start *start)
{
    char kinds[256];
    struct words words = {.list = {gateway->program, "--private"}, .count = 2};
    add_descriptors(&words, gateway, start);
    add_key_options(&words, gateway->session, kinds, sizeof kinds);
    start->argv = (char *const *)words.list;
    start->environment = environ;
    start->errors = gateway->errors;
    return gateway_program_start(start, &gateway->pid);
}

int private_gateway_start(struct private_gateway *gateway)
{
    struct gateway_start start = {.passed = {gateway->listener, -1, -1, -1, -1}, .passed_count = 3};
    bool stands_in = gateway->way == GATEWAY_PORT;
    int r = open_pipe(true, &gateway->tell, &start.passed[1]);
    if (r == 0)
        r = open_pipe(false, &gateway->life, &start.passed[2]);
    if (r == 0 && stands_in) {
        start.passed[3] = stand_in_pipe(gateway);
        start.passed_count = 4;
        r = start.passed[3] < 0 ? start.passed[3] : 0;
    }
    int seal = r == 0 ? passphrase_hand_over() : -ENOENT;
    if (seal >= 0)
        start.passed[start.passed_count++] = keep_high(seal);
    if (r == 0)
        r = start_with(gateway, &start);
    for (size_t i = 1; i < start.passed_count; i++)
        private_gateway_close_fd(&start.passed[i]);
    return r;
}
