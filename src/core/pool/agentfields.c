#include "core/pool/agentfields.h"

#include <string.h>

#define PLACE           "policy.agent"
#define AT_MOST_DEFAULT 2
#define AT_MOST_LARGEST 64

/* Where the gateway was started means nothing to the ones who ask it. */
static void read_path(struct reader *reader, const char *place, const cJSON *item,
                      const char **ret_path)
{
    const char *text = cJSON_GetStringValue(item);
    if (!text || (*text != '/' && strncmp(text, "~/", 2) != 0))
        fields_mistake(reader, place, item->string, "expected a path that begins with / or ~/");
    else
        fields_read_text(reader, place, item, ret_path);
}

static void read_folder(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    (void)target;
    read_path(reader, place, item, &reader->keyring->agent.folder);
}

static void read_mcp_config(struct reader *reader, const char *place, const cJSON *item,
                            void *target)
{
    (void)target;
    read_path(reader, place, item, &reader->keyring->agent.mcp_config);
}

static void read_at_most(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    (void)target;
    fields_read_whole(reader, place, item, 1, AT_MOST_LARGEST, &reader->keyring->agent.at_most);
}

static void append_rule(struct buffer *list, const char *rule, size_t length)
{
    if (list->length > 0)
        buffer_append_char(list, ',');
    buffer_append(list, rule, length);
}

/* A rule may have commas of its own, in parentheses: "Bash(git add:*)". Tools of MCP servers are
 * there as soon as their servers are. */
static void read_tools(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    static const char of_server[] = "mcp__";
    struct buffer list = {0}, built_in = {0};
    const cJSON *tool;
    bool fine = cJSON_IsArray(item);
    (void)target;
    cJSON_ArrayForEach (tool, item) {
        const char *name = cJSON_GetStringValue(tool);
        fine = fine && name && *name && *name != '-';
        if (!fine)
            continue;
        append_rule(&list, name, strlen(name));
        if (strncmp(name, of_server, strlen(of_server)) != 0)
            append_rule(&built_in, name, strcspn(name, "("));
    }
    if (!fine)
        fields_mistake(reader, place, "tools",
                       "expected an array of rules such as [\"Read\", \"Bash(git log:*)\"]");
    else if (list.length > 0)
        reader->keyring->agent.tools = fields_keep(reader, buffer_text(&list));
    if (fine && built_in.length > 0)
        reader->keyring->agent.built_in = fields_keep(reader, buffer_text(&built_in));
    buffer_finish(&list);
    buffer_finish(&built_in);
}

void agentfields_read(struct reader *reader, const char *place, const cJSON *item, void *target)
{
    static const struct field fields[] = {{"folder", read_folder},
                                          {"tools", read_tools},
                                          {"mcp_config", read_mcp_config},
                                          {"at_most", read_at_most},
                                          {NULL, NULL}};
    (void)target;
    reader->keyring->agent.at_most = AT_MOST_DEFAULT;
    if (!cJSON_IsObject(item)) {
        fields_wrong_type(reader, place, item, "an object such as {\"folder\": \"~/work\"}");
        return;
    }
    fields_read(reader, PLACE, item, fields, reader->keyring);
    if (!json_get(item, "folder"))
        fields_mistake(reader, PLACE, "folder", "missing: where Claude Code is to run");
}
