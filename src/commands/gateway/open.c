#include "base/cleanup.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/shellword.h"
#include "base/variable.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/gateway/gateway.h"
#include "commands/host.h"
#include "commands/output.h"
#include "system/files.h"
#include "system/log.h"
#include "system/net/http.h"
#include "system/net/listen.h"
#include "system/process/detach.h"
#include "system/process/pidfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

#define ANSWER_SECONDS 10
#define SCHEME         "http://"

/* The stand-in token is sent to this machine alone. */
static bool is_own_port(const char *address)
{
    struct listen_address at;
    struct buffer error = {0};
    bool own = strncmp(address, SCHEME, strlen(SCHEME)) == 0 &&
               listen_parse(address + strlen(SCHEME), &at, &error) == 0 &&
               at.address.ss_family != AF_UNIX && !listen_is_reached(&at);
    buffer_finish(&error);
    return own;
}

/* The first such line that the gateway wrote about itself. */
static bool find_address(const struct pidfile *file, char *ret_address, size_t size)
{
    for (const char *line = buffer_text(&file->text); *line;
         line += strcspn(line, "\n"), line += *line == '\n') {
        snprintf(ret_address, size, "%.*s", (int)strcspn(line, "\n"), line);
        if (is_own_port(ret_address))
            return true;
    }
    return false;
}

/* The link in the answer, which leads to that address and nowhere else. */
static bool read_link(const struct http_exchange *exchange, const char *address,
                      struct buffer *ret_link)
{
    CLEANUP_JSON cJSON *json = json_parse(exchange->room, exchange->room_length, NULL);
    const char *url = json_string(json, "url");
    const char *error = json_string(json_get(json, "error"), "message");
    size_t length = strlen(address);
    if (exchange->status == 200 && url && strncmp(url, address, length) == 0 &&
        url[length] == '/' && !url[strcspn(url, " '\"\\\n")]) {
        buffer_append_text(ret_link, url);
        return true;
    }
    if (exchange->status == 0)
        log_say("gateway open: %s: %s", address, exchange->error);
    else if (error)
        log_say("gateway open: %s", strncmp(error, "tcr-run: ", 9) == 0 ? error + 9 : error);
    else
        log_say("gateway open: %s answers %d, not with a link; if it is of an older version, start "
                "it again",
                address, exchange->status);
    return false;
}

static bool ask_for_link(const char *address, const char *stand_in, struct buffer *ret_link)
{
    struct buffer url = {0}, header = {0}, error = {0};
    bool found = false;
    char *room = secret_alloc(4096);
    buffer_append_format(&url, "%s/page/link", address);
    buffer_append_format(&header, "x-api-key: %s", stand_in);
    const char *headers[] = {buffer_text(&header), "content-type: application/json"};
    struct http_exchange exchange = {.url = buffer_text(&url),
                                     .headers = headers,
                                     .header_count = 2,
                                     .post = "{}",
                                     .post_length = 2,
                                     .direct = true,
                                     .room = room,
                                     .room_size = 4096};
    const struct http_plan plan = {
        .exchanges = &exchange, .count = 1, .seconds = ANSWER_SECONDS, .host = &command_host};
    int r = room && !url.failed && !header.failed ? http_run(&plan, &error) : -ENOMEM;
    if (r == 0)
        found = read_link(&exchange, address, ret_link);
    else
        log_say("gateway open: %s", error.length > 0 ? buffer_text(&error) : strerror(-r));
    http_finish(&exchange);
    secret_free(room);
    buffer_finish(&url);
    buffer_finish_wiping(&header);
    buffer_finish(&error);
    return found;
}

#ifdef __APPLE__
static const char *usual_browser(void)
{
    return "open";
}
#else
static const char *usual_browser(void)
{
    const char *x = variable_value(environ, "DISPLAY");
    const char *wayland = variable_value(environ, "WAYLAND_DISPLAY");
    CLEANUP_FREE char *program = files_find_program("xdg-open");
    bool shows = (x && *x) || (wayland && *wayland);
    return program && shows ? "xdg-open" : NULL;
}
#endif

/* A shell command that opens the address that follows it; NULL if there is none, or no display. */
static const char *find_browser(void)
{
    const char *named = variable_value(environ, "BROWSER");
    if (named && *named && !strchr(named, '%') && !strchr(named, ':'))
        return named;
    return usual_browser();
}

static int show(const char *link, bool print)
{
    struct buffer text = {0}, why = {0};
    const char *browser = print ? NULL : find_browser();
    int status = 0;
    buffer_append_format(&text, browser ? "%s '%s'" : "%s%s\n", browser ? browser : "", link);
    if (!browser)
        return output_print(&text);
    int r = text.failed ? -ENOMEM : 0;
    if (r == 0 && !detach_can_run(browser, environ, &command_host, &why))
        r = -ENOENT;
    if (r == 0)
        r = detach_run(buffer_text(&text), environ);
    if (r < 0) {
        log_say("gateway open: %s: %s; --print shows the link instead", browser,
                why.length > 0 ? buffer_text(&why) : strerror(-r));
        status = EXIT_OWN_FAILURE;
    } else {
        log_say("the page opens in your browser; if it does not: tcr-run gateway open --print");
    }
    buffer_finish_wiping(&text);
    buffer_finish(&why);
    return status;
}

static int open_page(const struct pidfile *file, bool print)
{
    char address[256];
    struct buffer link = {0};
    int status = EXIT_OWN_FAILURE;
    if (!find_address(file, address, sizeof address)) {
        log_say("gateway open: it listens on no port that only this machine reaches; start it with "
                "--listen 127.0.0.1:" GATEWAY_PORT_DEFAULT " besides");
        return status;
    }
    char *stand_in = gateway_stand_in();
    if (stand_in && ask_for_link(address, stand_in, &link))
        status = show(buffer_text(&link), print);
    secret_free(stand_in);
    buffer_finish_wiping(&link);
    return status;
}

int gateway_open(int argc, char **argv)
{
    struct options options;
    struct pidfile file;
    bool print = false;
    const struct flag flags[] = {{"print", 0, &print, NULL}, {0}};
    int words = arguments_parse_for(argc, argv, flags, &options, "gateway open");
    if (words != 0)
        return words < 0 ? EXIT_OWN_FAILURE : gateway_say_usage("open");
    int r = gateway_find_running(options.profile, &file);
    if (r == -ESRCH) {
        CLEANUP_FREE char *name = options.profile ? shellword_copy(options.profile) : NULL;
        log_say("no gateway runs%s%s; start it: tcr-run gateway start -d%s%s",
                name ? " with profile " : "", name ? name : "", name ? " --profile " : "",
                name ? name : "");
    }
    if (r < 0)
        return r == -ESRCH ? 1 : EXIT_OWN_FAILURE;
    int status = open_page(&file, print);
    pidfile_finish(&file);
    return status;
}
