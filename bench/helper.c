/*
 * helper: the moving parts of the benchmarks, in C so that they cost little themselves.
 *
 *   helper time ROUNDS OUT FILE         spawn each command of FILE once a round; nanoseconds, one
 * line a round; OUT is their stdout: "pipe", or a file to open helper produce KIND BYTES [READY GO]
 * zeros, text (80 columns) or short (6 bytes) lines to stdout helper sink BYTES read stdin to its
 * end, check how much came helper limited FOLDER               the first run reports a used-up
 * plan, the second succeeds; both note the time
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 65536, MAX_COMMANDS = 32, MAX_WORDS = 64 };

extern char **environ;

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "helper: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* ---- time ---- */

struct command {
    char *words[MAX_WORDS];
};

/* Words end in NUL, a command ends in an empty word. */
static int load_commands(const char *path, struct command *commands)
{
    static char text[BLOCK];
    int count = 0, word = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text);

    if (size <= 0)
        die(path);
    close(fd);
    for (char *p = text; p < text + size; p += strlen(p) + 1) {
        if (*p && word < MAX_WORDS - 1) {
            commands[count].words[word++] = p;
        } else {
            commands[count].words[word] = NULL;
            count++;
            word = 0;
        }
    }
    return count;
}

static void drain(int fd)
{
    static char block[BLOCK];

    while (read(fd, block, sizeof block) > 0)
        ;
    close(fd);
}

static int64_t time_command(struct command *command, int null, int out)
{
    posix_spawn_file_actions_t actions;
    int ends[2] = {-1, out}, status, piped = out < 0;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, null, 0);
    int64_t began = now();
    if (piped && pipe2(ends, O_CLOEXEC) < 0)
        die("pipe");
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    errno = posix_spawnp(&pid, command->words[0], &actions, NULL, command->words, environ);
    if (errno)
        die(command->words[0]);
    if (piped) {
        close(ends[1]);
        drain(ends[0]);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0)
        die(command->words[0]);
    int64_t took = now() - began;
    posix_spawn_file_actions_destroy(&actions);
    return took;
}

/* A new order each round, the same in every run: turning the order round would leave each command
 * behind the same other, whose use of the caches would be its burden. */
static void shuffle(int *order, int count)
{
    static uint32_t seed = 1;
    for (int i = 0; i < count; i++)
        order[i] = i;
    for (int i = count - 1; i > 0; i--) {
        seed = seed * 1664525u + 1013904223u;
        int other = (int)((seed >> 16) % (uint32_t)(i + 1));
        int kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

static int verb_time(int argc, char **argv)
{
    static struct command commands[MAX_COMMANDS];
    int64_t took[MAX_COMMANDS];
    int order[MAX_COMMANDS];

    (void)argc;
    int rounds = atoi(argv[0]), out = -1;
    int count = load_commands(argv[2], commands);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (strcmp(argv[1], "pipe") != 0)
        out = open(argv[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    for (int round = 0; round < rounds; round++) {
        shuffle(order, count);
        for (int i = 0; i < count; i++)
            took[order[i]] = time_command(&commands[order[i]], null, out);
        for (int i = 0; i < count; i++)
            printf("%lld%c", (long long)took[i], i + 1 < count ? ' ' : '\n');
    }
    return 0;
}

/* ---- produce and sink ---- */

static size_t fill_block(char *block, const char *kind)
{
    const char *line =
        strcmp(kind, "text") == 0
            ? "The quick brown fox jumps over the lazy dog, and then it does the same again..\n"
            : "ok 12\n";
    size_t length = strlen(line), size = 0;

    if (strcmp(kind, "zeros") == 0) {
        memset(block, 0, BLOCK);
        return BLOCK;
    }
    for (; size + length <= BLOCK; size += length)
        memcpy(block + size, line, length);
    return size;
}

static int verb_produce(int argc, char **argv)
{
    static char block[BLOCK];
    size_t size = fill_block(block, argv[0]);
    int64_t left = atoll(argv[1]);

    while (left > 0) {
        ssize_t count = write(1, block, left < (int64_t)size ? (size_t)left : size);
        if (count < 0)
            die("write");
        left -= count;
    }
    if (argc < 4)
        return 0;
    int fd = open(argv[2], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        die(argv[2]);
    for (int i = 0; i < 10000 && access(argv[3], F_OK) < 0; i++)
        usleep(1000);
    return 0;
}

static int verb_sink(int argc, char **argv)
{
    static char block[BLOCK * 4];
    int64_t total = 0;
    ssize_t count;

    (void)argc;
    while ((count = read(0, block, sizeof block)) > 0)
        total += count;
    if (count == 0 && total == atoll(argv[0]))
        return 0;
    fprintf(stderr, "helper: %lld bytes came instead of %s\n", (long long)total, argv[0]);
    return 1;
}

/* ---- failover ---- */

static void note(const char *folder, const char *name)
{
    char path[4096], text[32];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int length = snprintf(text, sizeof text, "%lld\n", (long long)now());
    if (fd < 0 || write(fd, text, (size_t)length) != length)
        die(path);
}

static int verb_limited(int argc, char **argv)
{
    static const char marker[] = "You've hit your session limit \u00b7 resets 11:21pm (UTC)\n";
    char path[4096];

    (void)argc;
    snprintf(path, sizeof path, "%s/first-end", argv[0]);
    if (access(path, F_OK) == 0) {
        note(argv[0], "second-start");
        return 0;
    }
    if (write(1, marker, sizeof marker - 1) < 0)
        die("write");
    note(argv[0], "first-end");
    _exit(1);
}

int main(int argc, char **argv)
{
    if (argc > 4 && strcmp(argv[1], "time") == 0)
        return verb_time(argc - 2, argv + 2);
    if (argc > 3 && strcmp(argv[1], "produce") == 0)
        return verb_produce(argc - 2, argv + 2);
    if (argc > 2 && strcmp(argv[1], "sink") == 0)
        return verb_sink(argc - 2, argv + 2);
    if (argc > 2 && strcmp(argv[1], "limited") == 0)
        return verb_limited(argc - 2, argv + 2);
    fprintf(stderr, "helper: wrong use\n");
    return 2;
}
