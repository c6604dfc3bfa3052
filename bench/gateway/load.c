/* load ADDRESS MODE…: requests to a gateway or a provider, and what they took, as one line of JSON.
 * ADDRESS is a path or a port of 127.0.0.1; times are microseconds.
 *
 *     latency N [QUERY]      N requests, one after another on one connection
 *     busy C N               N requests on C connections, each as fast as it can
 *     stream N EVENTS US     N streams one after another: the first byte, and the delay of each
 * event body N BYTES           N requests with such a body open N                 N streams that
 * stay open until standard input ends first COMMAND…         starts the command and asks until the
 * first answer */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (1 << 16)

static const char *address_text;

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int try_connecting(void)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    struct sockaddr_in port = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)atoi(address_text)),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bool is_path = strchr(address_text, '/') != NULL;
    int one = 1, fd = socket(is_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(path.sun_path, sizeof path.sun_path, "%s", address_text);
    int r = is_path ? connect(fd, (struct sockaddr *)&path, sizeof path)
                    : connect(fd, (struct sockaddr *)&port, sizeof port);
    if (r < 0) {
        (void)close(fd);
        return -1;
    }
    if (!is_path)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static int connect_now(void)
{
    int fd = try_connecting();
    if (fd < 0)
        err(1, "%s", address_text);
    return fd;
}

/* As real clients send them: a dozen headers. */
static size_t make_request(char *text, size_t size, const char *query, size_t body)
{
    int length = snprintf(
        text, size,
        "POST /v1/messages%s HTTP/1.1\r\nHost: api.anthropic.com\r\nAccept: application/json\r\n"
        "Authorization: Bearer sk-ant-oat01-FAKE-bench-0001\r\nContent-Type: application/json\r\n"
        "User-Agent: claude-cli/2.1.332 (external, cli)\r\nanthropic-version: 2023-06-01\r\n"
        "anthropic-beta: claude-code-20250219,oauth-2025-04-20\r\nx-app: cli\r\n"
        "X-Claude-Code-Session-Id: 0b5a1a1e-7f6e-4c0e-9d59-2b7a7f1f0001\r\n"
        "X-Stainless-Lang: js\r\nX-Stainless-OS: Linux\r\nX-Stainless-Timeout: 600\r\n"
        "Accept-Encoding: gzip, deflate, br, zstd\r\nConnection: keep-alive\r\n"
        "Content-Length: %zu\r\n\r\n",
        query, body);
    return (size_t)length;
}

static const char small_body[] =
    "{\"model\":\"m\",\"max_tokens\":100,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";

static char request[BUFFER];
static size_t request_length;

static void prepare(const char *query)
{
    request_length = make_request(request, sizeof request, query, strlen(small_body));
    memcpy(request + request_length, small_body, strlen(small_body));
    request_length += strlen(small_body);
}

static void send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            err(1, "send");
        bytes += n;
        length -= (size_t)n;
    }
}

/* Where an answer stands that is being read. */
struct reading {
    char text[BUFFER + 1];
    size_t length;
};

/* The whole length of an answer with a Content-Length once its head is there; 0 before. */
static size_t answer_length(struct reading *reading)
{
    reading->text[reading->length] = '\0';
    const char *end = strstr(reading->text, "\r\n\r\n");
    if (!end)
        return 0;
    if (strncmp(reading->text, "HTTP/1.1 200", 12) != 0)
        errx(1, "an answer of another kind: %.60s", reading->text);
    const char *name = strcasestr(reading->text, "\r\ncontent-length:");
    if (!name || name > end)
        errx(1, "an answer without its length");
    return (size_t)(end + 4 - reading->text) + strtoul(name + 17, NULL, 10);
}

static bool read_more(int fd, struct reading *reading)
{
    ssize_t n = recv(fd, reading->text + reading->length, BUFFER - reading->length, 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (n <= 0)
        errx(1, "the connection has ended");
    reading->length += (size_t)n;
    return true;
}

static void read_answer(int fd)
{
    static struct reading reading;
    size_t whole = 0;
    reading.length = 0;
    while (whole == 0 || reading.length < whole) {
        (void)read_more(fd, &reading);
        whole = answer_length(&reading);
    }
}

/* What was measured, in nanoseconds. */
struct samples {
    int64_t *values;
    size_t count, room;
};

static void add(struct samples *samples, int64_t value)
{
    if (samples->count == samples->room) {
        samples->room = samples->room ? samples->room * 2 : 1024;
        samples->values = realloc(samples->values, samples->room * sizeof(int64_t));
        if (!samples->values)
            errx(1, "out of memory");
    }
    samples->values[samples->count++] = value;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static double quantile(struct samples *samples, double part)
{
    qsort(samples->values, samples->count, sizeof(int64_t), compare);
    size_t i = (size_t)((double)(samples->count - 1) * part);
    return samples->count ? (double)samples->values[i] / 1000 : 0;
}

static void measure_latency(long count, const char *query)
{
    struct samples samples = {0};
    int fd = connect_now();
    prepare(query);
    for (long i = 0; i < count; i++) {
        int64_t begun = now_ns();
        send_all(fd, request, request_length);
        read_answer(fd);
        add(&samples, now_ns() - begun);
    }
    printf("{\"p50\": %.1f, \"p99\": %.1f}\n", quantile(&samples, 0.5), quantile(&samples, 0.99));
}

struct busy {
    int fd;
    int64_t begun;
    struct reading reading;
};

static void ask(struct busy *busy)
{
    busy->begun = now_ns();
    busy->reading.length = 0;
    send_all(busy->fd, request, request_length);
}

static void measure_busy(long connections, long count)
{
    struct samples samples = {0};
    struct busy *all = calloc((size_t)connections, sizeof *all);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    prepare("");
    for (long i = 0; all && i < connections; i++) {
        all[i].fd = connect_now();
        struct epoll_event event = {EPOLLIN, {.ptr = &all[i]}};
        (void)epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &event);
    }
    int64_t begun = now_ns();
    long sent = 0;
    for (; all && sent < connections && sent < count; sent++)
        ask(&all[sent]);
    while ((long)samples.count < count) {
        struct epoll_event events[64];
        int n = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < n; i++) {
            struct busy *busy = events[i].data.ptr;
            (void)read_more(busy->fd, &busy->reading);
            size_t whole = answer_length(&busy->reading);
            if (whole == 0 || busy->reading.length < whole)
                continue;
            add(&samples, now_ns() - busy->begun);
            if (sent++ < count)
                ask(busy);
        }
    }
    double seconds = (double)(now_ns() - begun) / 1e9;
    printf("{\"rate\": %.0f, \"p50\": %.1f, \"p99\": %.1f}\n", (double)count / seconds,
           quantile(&samples, 0.5), quantile(&samples, 0.99));
    free(all);
}

/* Adds the delay of each event in what has come; what is half there stays. */
static void read_events(struct reading *reading, int64_t came, struct samples *delays)
{
    static const char mark[] = "\"t\":";
    const char *at = reading->text, *found;
    reading->text[reading->length] = '\0';
    while ((found = strstr(at, mark)) && strlen(found) >= strlen(mark) + 19) {
        add(delays, came - strtoll(found + strlen(mark), NULL, 10));
        at = found + strlen(mark) + 19;
    }
    size_t kept = reading->length - (size_t)(at - reading->text);
    kept = kept > 64 ? 64 : kept;
    memmove(reading->text, reading->text + reading->length - kept, kept);
    reading->length = kept;
}

static void measure_stream(long count, const char *events, const char *us)
{
    static struct reading reading;
    struct samples first = {0}, delays = {0};
    char query[64];
    int fd = connect_now();
    snprintf(query, sizeof query, "?stream=%s&us=%s", events, us);
    prepare(query);
    for (long i = 0; i < count; i++) {
        int64_t begun = now_ns();
        bool has_begun = false, ended = false;
        reading.length = 0;
        send_all(fd, request, request_length);
        while (!ended) {
            (void)read_more(fd, &reading);
            int64_t came = now_ns();
            if (!has_begun)
                add(&first, came - begun);
            has_begun = true;
            reading.text[reading.length] = '\0';
            ended =
                reading.length >= 5 && strcmp(reading.text + reading.length - 5, "0\r\n\r\n") == 0;
            read_events(&reading, came, &delays);
        }
    }
    printf("{\"first\": %.1f, \"delay\": %.1f, \"delay99\": %.1f, \"events\": %zu}\n",
           quantile(&first, 0.5), quantile(&delays, 0.5), quantile(&delays, 0.99), delays.count);
}

static void measure_body(long count, size_t bytes)
{
    struct samples samples = {0};
    int fd = connect_now();
    char *whole = malloc(bytes + BUFFER);
    if (!whole)
        errx(1, "out of memory");
    size_t length = make_request(whole, BUFFER, "", bytes);
    /* As prompts are: long strings with many escapes. */
    for (size_t i = 0; i < bytes; i++)
        whole[length + i] = "int main(void)\\n{ return \\\"x\\\"; }"[i % 33];
    memcpy(whole + length, "{\"model\":\"m\",\"messages\":[\"", 26);
    memcpy(whole + length + bytes - 3, "x\"]", 3);
    whole[length + bytes - 1] = '}';
    whole[length + bytes - 2] = ']';
    whole[length + bytes - 3] = '"';
    for (long i = 0; i < count; i++) {
        int64_t begun = now_ns();
        send_all(fd, whole, length + bytes);
        read_answer(fd);
        add(&samples, now_ns() - begun);
    }
    printf("{\"p50\": %.1f, \"p99\": %.1f}\n", quantile(&samples, 0.5), quantile(&samples, 0.99));
    free(whole);
}

/* Says "open" once each has brought its first bytes. */
static void hold_open(long count)
{
    static struct reading reading;
    int *fds = calloc((size_t)count, sizeof *fds);
    prepare("?hold");
    for (long i = 0; fds && i < count; i++) {
        fds[i] = connect_now();
        send_all(fds[i], request, request_length);
    }
    for (long i = 0; fds && i < count; i++) {
        reading.length = 0;
        (void)read_more(fds[i], &reading);
    }
    puts("open");
    (void)fflush(stdout);
    while (getchar() != EOF)
        continue;
    free(fds);
}

static void measure_first(char **command)
{
    int fd;
    prepare("");
    int64_t begun = now_ns();
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(STDOUT_FILENO);
        (void)dup2(STDERR_FILENO, STDOUT_FILENO);
        execvp(*command, command);
        err(127, "%s", *command);
    }
    while ((fd = try_connecting()) < 0)
        (void)usleep(100);
    send_all(fd, request, request_length);
    read_answer(fd);
    int64_t took = now_ns() - begun;
    struct rusage used = {0};
    (void)close(fd);
    (void)kill(pid, SIGTERM);
    (void)wait4(pid, NULL, 0, &used);
    printf("{\"first\": %.1f, \"cpu\": %.1f}\n", (double)took / 1000,
           (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec));
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (argc < 4)
        errx(2, "usage: load ADDRESS latency|busy|stream|body|open|first …");
    address_text = argv[1];
    const char *mode = argv[2];
    if (strcmp(mode, "latency") == 0)
        measure_latency(atol(argv[3]), argc > 4 ? argv[4] : "");
    else if (strcmp(mode, "busy") == 0 && argc > 4)
        measure_busy(atol(argv[3]), atol(argv[4]));
    else if (strcmp(mode, "stream") == 0 && argc > 5)
        measure_stream(atol(argv[3]), argv[4], argv[5]);
    else if (strcmp(mode, "body") == 0 && argc > 4)
        measure_body(atol(argv[3]), strtoul(argv[4], NULL, 10));
    else if (strcmp(mode, "open") == 0)
        hold_open(atol(argv[3]));
    else if (strcmp(mode, "first") == 0)
        measure_first(argv + 3);
    else
        errx(2, "no such mode");
    return 0;
}
