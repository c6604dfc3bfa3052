#include "commands/leftbehind.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/variable.h"
#include "system/descriptor.h"
#include "system/keys/claude_files.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

extern char **environ;

#define ANSWER_MS 500 /* that a listener on this machine has; a slow one is one, too */

bool leftbehind_check(const char *url, char *ret_address)
{
    static const char scheme[] = "http://";
    struct listen_address at;
    struct buffer error = {0};
    char text[128];
    if (strncasecmp(url, scheme, strlen(scheme)) != 0)
        return false;
    url += strlen(scheme);
    int length = (int)strcspn(url, "/?#");
    bool has_port = memchr(url, ':', (size_t)length) != NULL;
    snprintf(text, sizeof text, "%.*s%s", length, url, has_port ? "" : ":80");
    int r = listen_parse(text, &at, &error);
    buffer_finish(&error);
    if (r < 0 || at.address.ss_family == AF_UNIX || listen_is_reached(&at))
        return false;
    CLEANUP_CLOSE int fd = descriptor_socket(at.address.ss_family, SOCK_STREAM, 0, false);
    struct pollfd slot = {.fd = fd, .events = POLLOUT};
    int fault = 0;
    socklen_t size = sizeof fault;
    if (ret_address)
        memcpy(ret_address, at.text, sizeof at.text);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&at.address, at.length) == 0)
        return false;
    if (errno != EINPROGRESS)
        return errno == ECONNREFUSED;
    return poll(&slot, 1, ANSWER_MS) > 0 &&
           getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size) == 0 && fault == ECONNREFUSED;
}

static const char *const names[] = {"ANTHROPIC_BASE_URL", "OPENAI_BASE_URL"};

static void look(const char *path, const char *name, const char *url,
                 void (*found)(void *, const struct left_behind *), void *context)
{
    struct left_behind left = {.path = path, .name = name};
    if (url && leftbehind_check(url, left.address))
        found(context, &left);
}

static void look_into(const struct settings_source *source,
                      void (*found)(void *, const struct left_behind *), void *context)
{
    const char *name = names[0];
    if (!memmem(source->text, source->length, name, strlen(name)))
        return;
    CLEANUP_JSON cJSON *json = json_parse(source->text, source->length, NULL);
    look(source->path, name, cJSON_GetStringValue(json_get(json_get(json, "env"), name)), found,
         context);
}

void leftbehind_find(void (*found)(void *context, const struct left_behind *left), void *context)
{
    struct claude_settings_files files = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        look(NULL, names[i], variable_value(environ, names[i]), found, context);
    CLEANUP_FREE char *config = claude_config_folder(environ);
    if (config && claude_settings_read(environ, config, &files) == 0)
        for (size_t i = 0; i < files.count; i++)
            look_into(&files.sources[i], found, context);
    claude_settings_finish(&files);
}
