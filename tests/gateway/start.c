/* start SOCKET|PORT FOLDER [NAME=VALUE...] [--OPTION...] ["FIELD":VALUE...]
 *     [KIND:]KEY=ADDRESS[+"FIELD":VALUE,...]...
 *
 * Starts the gateway (TCR_GATEWAY) as tcr-run does, for the conversations: on a Unix socket at that
 * path, or on 127.0.0.1 at that port, where requests need the stand-in tcr-FAKE-stand-in-0001. The
 * keys stand in FOLDER/keys.json in this order, KIND is oauth (also without one), api, openai or
 * master; the fields stand in the file, or with the key, as they are; an address without a scheme
 * is http://. A key's token is known from its name: sk-ant-oat01-FAKE-home-0001. It writes
 * "listening" to standard output; SIGTERM ends it. Nothing of the environment passes but PATH, what
 * sanitizers need, and NAME=VALUE in capitals. */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_FD   20
#define TELL_FD     21
#define STAND_IN_FD 22
#define STAND_IN    "tcr-FAKE-stand-in-0001"
#define WORDS_MOST  64

static int listen_at(const struct sockaddr *address, socklen_t length, int family)
{
    int one = 1, fd = socket(family, SOCK_STREAM, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(fd, address, length) < 0 || listen(fd, 4096) < 0)
        err(1, "the socket");
    return fd;
}

static int listen_on_path(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        errx(1, "%s: too long", path);
    (void)unlink(path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    return listen_at((struct sockaddr *)&address, sizeof address, AF_UNIX);
}

static int listen_on_port(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(port)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return listen_at((struct sockaddr *)&address, sizeof address, AF_INET);
}

static void write_key(FILE *file, const char *word)
{
    static const struct {
        const char *kind, *prefix;
    } kinds[] = {{"oauth", "sk-ant-oat01"},
                 {"api", "sk-ant-api03"},
                 {"master", "sk-ant-api03"},
                 {"openai", "sk"}};
    char kind[16] = "oauth", name[64], address[256], *plus;
    const char *colon = strchr(word, ':'), *equals = strchr(word, '=');
    if (colon && colon < equals) {
        snprintf(kind, sizeof kind, "%.*s", (int)(colon - word), word);
        word = colon + 1;
    }
    snprintf(name, sizeof name, "%.*s", (int)(equals - word), word);
    snprintf(address, sizeof address, "%s%s", strstr(equals, "://") ? "" : "http://", equals + 1);
    if ((plus = strchr(address, '+')))
        *plus++ = '\0';
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            fprintf(
                file,
                "{\"name\": \"%s\", \"token\": \"%s-FAKE-%s-0001\", \"base_url\": \"%s\"%s%s%s}",
                name, kinds[i].prefix, name, address,
                strcmp(kind, "openai") == 0 ? ", \"kind\": \"openai\"" : "", plus ? ", " : "",
                plus ? plus : "");
}

static void write_keys(const char *path, char **words)
{
    FILE *file = fopen(path, "w");
    if (!file || chmod(path, 0600) < 0)
        err(1, "%s", path);
    fputs("{", file);
    for (char **word = words; *word; word++)
        if (**word == '"')
            fprintf(file, "%s,\n", *word);
    fputs("\"keys\": [", file);
    bool first = true;
    for (char **word = words; *word; word++)
        if (**word != '"' && strncmp(*word, "master:", 7) != 0) {
            fputs(first ? "" : ",\n", file);
            write_key(file, *word);
            first = false;
        }
    fputs("]", file);
    for (char **word = words; *word; word++)
        if (strncmp(*word, "master:", 7) == 0) {
            fputs(",\n\"master\": ", file);
            write_key(file, *word);
        }
    fputs("}\n", file);
    if (fclose(file) != 0)
        err(1, "%s", path);
}

static void set_environment(const char *folder)
{
    static const char *const kept[] = {"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"};
    char *values[4];
    for (size_t i = 0; i < 4; i++)
        values[i] = getenv(kept[i]) ? strdup(getenv(kept[i])) : NULL;
    clearenv();
    for (size_t i = 0; i < 4; i++)
        if (values[i])
            setenv(kept[i], values[i], 1);
    setenv("HOME", folder, 1);
}

static void give_stand_in(void)
{
    int ends[2];
    if (pipe(ends) < 0 || write(ends[1], STAND_IN "\n", strlen(STAND_IN) + 1) < 0 ||
        dup2(ends[0], STAND_IN_FD) < 0)
        err(1, "pipe");
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(int argc, char **argv)
{
    char keys[512], *keys_of[WORDS_MOST] = {0};
    const char *words[WORDS_MOST] = {"tcr-gateway", "--listen-fd", "20",     "--tell-fd",
                                     "21",          "--private",   "--keys", keys};
    size_t count = 8, key_count = 0;
    char *program = getenv("TCR_GATEWAY") ? strdup(getenv("TCR_GATEWAY")) : NULL;
    if (argc < 4 || argc > WORDS_MOST - 16 || !program)
        errx(2, "usage: TCR_GATEWAY=PROGRAM start SOCKET|PORT FOLDER [NAME=VALUE...] [--OPTION...] "
                "[KIND:]KEY=ADDRESS...");
    const char *folder = realpath(argv[2], NULL); /* a relative HOME would be none */
    if (!folder)
        err(1, "%s", argv[2]);
    set_environment(folder);
    snprintf(keys, sizeof keys, "%s/keys.json", folder);
    for (char **word = argv + 3; *word; word++) {
        if (**word >= 'A' && **word <= 'Z')
            putenv(*word);
        else if (**word == '-')
            words[count++] = *word;
        else
            keys_of[key_count++] = *word;
    }
    write_keys(keys, keys_of);
    bool is_path = strchr(argv[1], '/') != NULL;
    int fd = is_path ? listen_on_path(argv[1]) : listen_on_port(argv[1]);
    if (dup2(fd, LISTEN_FD) < 0 || dup2(STDOUT_FILENO, TELL_FD) < 0)
        err(1, "dup2");
    (void)close(fd);
    if (!is_path) {
        give_stand_in();
        words[count++] = "--stand-in-fd";
        words[count++] = "22";
    }
    execv(program, (char *const *)(uintptr_t)words);
    err(1, "%s", program);
}
