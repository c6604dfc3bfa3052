#include "commands/gateway/gateway.h"

#include "base/cleanup.h"
#include "base/nearest.h"
#include "base/path.h"
#include "base/secret.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/output.h"
#include "system/clock.h"
#include "system/files.h"
#include "system/log.h"
#include "system/net/certificatefile.h"
#include "system/process/pidfile.h"
#include "system/random.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define TOKEN_BEGINNING "sk-ant-api03-tcr-gateway-"
#define TOKEN_BYTES     20
#define TOKEN_LARGEST   4096
#define STOP_MS         35000 /* the longest that it takes to end: open streams get 30 s */
#define LOOK_US         20000

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage, *what;
} verbs[] = {
    {"start", gateway_start,
     "[-d] [--listen ADDR]... [--hold TIME] [--keep TIME]\n"
     "[--profile NAME] [--keys FILE] [--key NAME] [--no-master]\n"
     "[--model-fallback RULES] [--no-model-fallback]",
     "serve on 127.0.0.1:" GATEWAY_PORT_DEFAULT " and [::1]:" GATEWAY_PORT_DEFAULT
     ", or on each ADDR"},
    {"stop", gateway_stop, "[--profile NAME]", "end it; open streams have 30 s"},
    {"status", gateway_status, "[--profile NAME] [--json]", "does it run, and where"},
    {"open", gateway_open, "[--print] [--profile NAME]",
     "open its page in the browser: keys, sessions, usage and the log"},
    {"token", gateway_token, "", "the stand-in that its clients send as their key"},
    {"users", gateway_users,
     "[list [--json] [--color WHEN] | revoke NAME\n"
     "| remove NAME | add NAME [--expires WHEN]\n"
     "[--models GLOB,...] [--per-day MONEY|REQUESTS]]",
     "who may use it from other machines, each with a key of its own"},
    {"install", gateway_install, "[-n] [--launchd] [options of start]",
     "let systemd or launchd start it with the first request; -n: show how"},
    {"uninstall", gateway_uninstall, "[--profile NAME]", "undo that"},
};
#define VERBS (sizeof verbs / sizeof *verbs)

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < VERBS; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

int gateway_say_usage(const char *verb)
{
    const struct verb *found = find_verb(verb);
    if (found)
        log_say("usage: tcr-run gateway %s%s%s", found->name, *found->usage ? " " : "",
                found->usage);
    return EXIT_OWN_FAILURE;
}

static int show_help(void)
{
    struct buffer text = {0};
    buffer_append_text(&text, "Usage: tcr-run gateway VERB\n"
                              "Programs that send their requests to the gateway use the pool's "
                              "keys: when one\nis used up, the same request goes on with the "
                              "next.\n\n");
    for (size_t i = 0; i < VERBS; i++) {
        output_append_usage(&text, verbs[i].name, verbs[i].usage);
        buffer_append_format(&text, "        %s\n", verbs[i].what);
    }
    buffer_append_text(
        &text, "\n"
               "  -d, --detach           in the background\n"
               "      --listen ADDR      a port, ADDRESS:PORT or [ADDRESS]:PORT; may be repeated\n"
               "      --hold TIME        how long a request waits for a key to be ready\n"
               "      --tls-cert FILE    speak TLS where other machines reach it\n"
               "      --tls-key FILE     the key of that certificate\n"
               "      --behind-proxy     a proxy in front of it speaks TLS\n"
               "      --keep TIME        how long usage is kept (90d); 0: none is recorded\n"
               "  -k, --key NAME         use this key and no other\n"
               "      --no-master        never use the master key\n"
               "  -f, --keys FILE        read the keys from FILE\n"
               "  -p, --profile NAME     the gateway with the keys of this profile\n"
               "      --json             as JSON\n"
               "      --print            of open: show the link, good once and for a minute\n"
               "Also --kind, --max-per-key, --cooldown, --retry-on and --retries (5, which is\n"
               "the most), as for a run.\n"
               "\nManual: tcr-run-gateway(1).\n");
    return output_print(&text);
}

/* Without a verb, the gateway is started. */
int command_gateway(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return show_help();
    if (argc < 2 || argv[1][0] == '-')
        return gateway_start(argc, argv);
    const struct verb *verb = find_verb(argv[1]);
    if (verb && argc == 3 && strcmp(argv[2], "--help") == 0)
        return gateway_help(verb->name, verb->usage, verb->what);
    if (verb)
        return verb->run(argc - 1, argv + 1);
    struct nearest nearest = nearest_begin(argv[1], strlen(argv[1]));
    for (size_t i = 0; i < VERBS; i++)
        nearest_consider(&nearest, verbs[i].name);
    if (nearest.word)
        log_say("gateway: unknown verb \"%s\"; did you mean: tcr-run gateway %s", argv[1],
                nearest.word);
    else
        log_say("gateway: unknown verb \"%s\"; expected start, stop, status, open, token, users, "
                "install "
                "or uninstall",
                argv[1]);
    return EXIT_OWN_FAILURE;
}

/* ---- its files ---- */

static char *state_path(const char *name)
{
    char *path = files_xdg("XDG_STATE_HOME", ".local/state", name);
    if (!path) {
        log_say("gateway: there is no home folder for its files");
        return NULL;
    }
    CLEANUP_FREE char *folder = path_folder(path);
    int r = folder ? files_make_folders(folder) : -ENOMEM;
    if (r == 0)
        return path;
    log_say("%s: %s", folder ? folder : path, strerror(-r));
    free(path);
    return NULL;
}

char *gateway_pid_path(const char *profile)
{
    char name[128];
    snprintf(name, sizeof name, profile ? "gateway-%s.pid" : "gateway.pid", profile);
    if (profile && (strchr(profile, '/') || strlen(profile) > 64)) {
        log_say("gateway: \"%s\" cannot be a profile's name", profile);
        return NULL;
    }
    return state_path(name);
}

static char *token_path(void)
{
    const char *named = getenv("TCR_GATEWAY_TOKEN_FILE");
    if (!named || !*named)
        return state_path("gateway.token");
    char *path = files_expand(named, NULL);
    if (!path)
        log_say("out of memory");
    return path;
}

/* Another process may create the token at the same moment: the first token counts, and is whole
 * when it has its name. */
static int place_token(const char *fresh, const char *path)
{
    int r = link(fresh, path) < 0 ? -errno : 0;
    if (r == 0 || r == -EEXIST) {
        (void)unlink(fresh);
        return 0;
    }
    return rename(fresh, path) < 0 ? -errno : 0; /* a file system without links */
}

static int make_token(const char *path)
{
    CLEANUP_FREE char *fresh = NULL;
    unsigned char bytes[TOKEN_BYTES];
    char text[sizeof TOKEN_BEGINNING + 2 * TOKEN_BYTES + 1] = TOKEN_BEGINNING;
    size_t length = strlen(text);
    random_fill(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++, length += 2)
        snprintf(text + length, 3, "%02x", bytes[i]);
    text[length++] = '\n';
    if (asprintf(&fresh, "%s.%ld", path, (long)getpid()) < 0)
        return -ENOMEM;
    (void)unlink(fresh);
    CLEANUP_CLOSE int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r = fd < 0 ? -errno : files_write_all(fd, text, length);
    secret_wipe(text, sizeof text);
    if (r == 0)
        r = place_token(fresh, path);
    if (fd >= 0 && r < 0)
        (void)unlink(fresh);
    return r;
}

char *gateway_stand_in(void)
{
    CLEANUP_FREE char *path = token_path();
    struct buffer error = {0};
    char *token = NULL;
    size_t length;
    if (!path)
        return NULL;
    int r = files_read(path, FILE_SECRET, TOKEN_LARGEST, &error, &token, &length);
    if (r == -ENOENT && (r = make_token(path)) == 0)
        r = files_read(path, FILE_SECRET, TOKEN_LARGEST, &error, &token, &length);
    if (r == 0)
        token[strcspn(token, "\r\n")] = '\0';
    if (r < 0 || strlen(token) < 16) {
        log_say("%s: %s", path,
                r == 0         ? "too short for a stand-in; expected 16 characters at least"
                : error.length ? buffer_text(&error)
                               : strerror(-r));
        secret_free(token);
        token = NULL;
    }
    buffer_finish(&error);
    return token;
}

/* ---- the small verbs ---- */

int gateway_token(int argc, char **argv)
{
    struct options options;
    const struct flag flags[] = {{0}};
    int words = arguments_parse_for(argc, argv, flags, &options, "gateway token");
    if (words != 0)
        return words < 0 ? EXIT_OWN_FAILURE : gateway_say_usage("token");
    char *token = gateway_stand_in();
    if (!token)
        return EXIT_OWN_FAILURE;
    struct buffer text = {0};
    buffer_append_format(&text, "%s\n", token);
    secret_free(token);
    return output_print(&text);
}

int gateway_find_running(const char *profile, struct pidfile *ret_file)
{
    CLEANUP_FREE char *path = gateway_pid_path(profile);
    int r = -EAGAIN;
    for (int i = 0; path && r == -EAGAIN && i < 50; i++) {
        r = pidfile_read(path, ret_file);
        if (r == -EAGAIN)
            (void)usleep(LOOK_US);
    }
    if (path && r < 0 && r != -ESRCH)
        log_say("%s: %s", path, strerror(-r));
    return r;
}

/* The profile's name and the rest of what is asked for; false after printing what is wrong. */
static bool parse(int argc, char **argv, const struct flag *flags, struct options *options)
{
    char who[32];
    snprintf(who, sizeof who, "gateway %s", argv[0]);
    int words = arguments_parse_for(argc, argv, flags, options, who);
    if (words > 0)
        (void)gateway_say_usage(argv[0]);
    return words == 0;
}

int gateway_stop(int argc, char **argv)
{
    struct options options;
    struct pidfile file, again;
    const struct flag flags[] = {{0}};
    if (!parse(argc, argv, flags, &options))
        return EXIT_OWN_FAILURE;
    int r = gateway_find_running(options.profile, &file);
    if (r == -ESRCH)
        log_say("no gateway runs%s%s", options.profile ? " with profile " : "",
                options.profile ? options.profile : "");
    if (r < 0)
        return r == -ESRCH ? 1 : EXIT_OWN_FAILURE;
    pid_t pid = file.pid;
    pidfile_finish(&file);
    if (kill(pid, SIGTERM) < 0) {
        log_say("pid %ld: %s", (long)pid, strerror(errno));
        return EXIT_OWN_FAILURE;
    }
    for (int64_t end = clock_now_ms() + STOP_MS; clock_now_ms() < end; (void)usleep(LOOK_US)) {
        r = gateway_find_running(options.profile, &again);
        if (r == 0)
            pidfile_finish(&again);
        if (r != 0 || again.pid != pid)
            return 0;
    }
    log_say("the gateway (pid %ld) has not ended yet", (long)pid);
    return EXIT_OWN_FAILURE;
}

static void append_json(const struct pidfile *file, struct buffer *text)
{
    cJSON *json = output_begin_json(), *list = cJSON_AddArrayToObject(json, "listening");
    bool fine = json && list && json_set(json, "running", cJSON_CreateBool(file != NULL));
    if (file) {
        fine = fine && json_set_integer(json, "pid", file->pid);
        for (const char *line = buffer_text(&file->text); *line;
             line += strcspn(line, "\n"), line += *line == '\n') {
            char address[256];
            snprintf(address, sizeof address, "%.*s", (int)strcspn(line, "\n"), line);
            fine = fine && cJSON_AddItemToArray(list, cJSON_CreateString(address));
        }
    }
    text->failed |= !fine;
    output_append_json(text, json);
    json_destroy(json);
}

int gateway_status(int argc, char **argv)
{
    struct options options;
    struct pidfile file = {0};
    bool json = false;
    const struct flag flags[] = {{"json", 0, &json, NULL}, {0}};
    if (!parse(argc, argv, flags, &options))
        return EXIT_OWN_FAILURE;
    int r = gateway_find_running(options.profile, &file);
    if (r < 0 && r != -ESRCH)
        return EXIT_OWN_FAILURE;
    struct buffer text = {0}, fault = {0};
    bool listens = r == 0 && file.text.length > 0;
    if (json) {
        append_json(listens ? &file : NULL, &text);
    } else if (r == 0 && !listens) {
        buffer_append_format(&text, "starting, pid %ld\n", (long)file.pid);
    } else if (r == 0) {
        buffer_append_format(&text, "running, pid %ld\n", (long)file.pid);
        buffer_append_text(&text, buffer_text(&file.text));
        if (file.certificate.length > 0)
            certificatefile_judge(buffer_text(&file.certificate), time(NULL), &fault);
        if (fault.length > 0)
            log_warn("gateway: %s", buffer_text(&fault));
        buffer_finish(&fault);
    } else {
        buffer_append_text(&text, "not running\n");
    }
    if (r == 0)
        pidfile_finish(&file);
    int status = output_print(&text);
    return status != 0 ? status : listens ? 0 : 1;
}
