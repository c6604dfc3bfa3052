#include "core/gateway/launchagent.h"

#include "base/markup.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

static bool can_stand(const char *value)
{
    return !value || (text_is_utf8(value) && !text_has_controls(value));
}

static bool all_can_stand(const struct launchagent *agent)
{
    bool fine = can_stand(agent->label) && can_stand(agent->log);
    for (size_t i = 0; i < agent->word_count; i++)
        fine &= can_stand(agent->words[i]);
    for (size_t i = 0; i < agent->variable_count; i++)
        fine &= can_stand(agent->variables[i].name) && can_stand(agent->variables[i].value);
    for (size_t i = 0; i < agent->socket_count; i++)
        fine &= can_stand(agent->sockets[i].path) && can_stand(agent->sockets[i].host) &&
                can_stand(agent->sockets[i].port);
    return fine;
}

static void append_string(struct buffer *text, const char *indent, const char *value)
{
    buffer_append_format(text, "%s<string>", indent);
    markup_append(text, value);
    buffer_append_text(text, "</string>\n");
}

static void append_pair(struct buffer *text, const char *indent, const char *key, const char *value)
{
    buffer_append_format(text, "%s<key>", indent);
    markup_append(text, key);
    buffer_append_text(text, "</key>\n");
    append_string(text, indent, value);
}

/* 384 is 0600: property lists know no octal numbers. */
static void append_socket(struct buffer *text, const struct launchagent_socket *socket)
{
    buffer_append_text(text, "\t\t\t<dict>\n");
    if (socket->path) {
        append_pair(text, "\t\t\t\t", "SockPathName", socket->path);
        buffer_append_text(text, "\t\t\t\t<key>SockPathMode</key>\n"
                                 "\t\t\t\t<integer>384</integer>\n");
    } else {
        append_pair(text, "\t\t\t\t", "SockNodeName", socket->host);
        append_pair(text, "\t\t\t\t", "SockServiceName", socket->port);
        append_pair(text, "\t\t\t\t", "SockFamily", socket->is_six ? "IPv6" : "IPv4");
    }
    append_pair(text, "\t\t\t\t", "SockType", "stream");
    buffer_append_text(text, "\t\t\t</dict>\n");
}

static void append_environment(struct buffer *text, const struct launchagent *agent)
{
    if (agent->variable_count == 0)
        return;
    buffer_append_text(text, "\t<key>EnvironmentVariables</key>\n"
                             "\t<dict>\n");
    for (size_t i = 0; i < agent->variable_count; i++)
        append_pair(text, "\t\t", agent->variables[i].name, agent->variables[i].value);
    buffer_append_text(text, "\t</dict>\n");
}

/* Open answers have 30 s. Whoever renews a login is never ended half-way. */
int launchagent_append(const struct launchagent *agent, struct buffer *text)
{
    if (!all_can_stand(agent))
        return -EINVAL;
    buffer_append_text(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                             "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
                             "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
                             "<!-- " LAUNCHAGENT_WRITTEN " -->\n"
                             "<plist version=\"1.0\">\n"
                             "<dict>\n");
    append_pair(text, "\t", "Label", agent->label);
    buffer_append_text(text, "\t<key>ProgramArguments</key>\n"
                             "\t<array>\n");
    for (size_t i = 0; i < agent->word_count; i++)
        append_string(text, "\t\t", agent->words[i]);
    buffer_append_text(text, "\t</array>\n");
    append_environment(text, agent);
    buffer_append_text(text, "\t<key>Sockets</key>\n"
                             "\t<dict>\n"
                             "\t\t<key>" LAUNCHAGENT_SOCKETS "</key>\n"
                             "\t\t<array>\n");
    for (size_t i = 0; i < agent->socket_count; i++)
        append_socket(text, &agent->sockets[i]);
    buffer_append_text(text, "\t\t</array>\n"
                             "\t</dict>\n"
                             "\t<key>AbandonProcessGroup</key>\n"
                             "\t<true/>\n"
                             "\t<key>ExitTimeOut</key>\n"
                             "\t<integer>35</integer>\n");
    append_pair(text, "\t", "StandardErrorPath", agent->log);
    buffer_append_text(text, "</dict>\n"
                             "</plist>\n");
    return 0;
}
