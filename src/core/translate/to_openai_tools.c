#include "base/jsontext.h"
#include "core/translate/to_openai_parts.h"

#include <string.h>

#define DESCRIPTION_MOST 1024

/* Where an inside can be cut: not within an escape or a character. */
static struct part cut(struct part inside, size_t most)
{
    size_t at = 0;
    while (at < inside.length) {
        size_t step = inside.text[at] != '\\' ? 1 : inside.text[at + 1] == 'u' ? 6 : 2;
        while (at + step < inside.length && ((unsigned char)inside.text[at + step] & 0xC0) == 0x80)
            step++;
        if (at + step > most)
            break;
        at += step;
    }
    return (struct part){inside.text, at};
}

/* An object without properties must say that it has none; $schema is not taken by all. */
static void append_schema(struct part schema, struct buffer *out)
{
    struct scan scan = {schema.text, schema.text + schema.length};
    struct part name, value;
    size_t count = 0;
    bool has_properties = false;
    buffer_append_char(out, '{');
    if (raw_is(schema, '{') && scan_enter(&scan, '{'))
        while (scan_member(&scan, &count, &name) == SCAN_NEXT && scan_value(&scan, &value)) {
            has_properties |= part_is(&name, "properties");
            if (part_is(&name, "$schema"))
                continue;
            jsontext_comma(out);
            buffer_append_char(out, '"');
            raw_append(out, name);
            buffer_append_text(out, "\":");
            raw_append(out, value);
        }
    else
        buffer_append_text(out, "\"type\":\"object\"");
    if (!has_properties)
        buffer_append_text(out, out->data[out->length - 1] == '{' ? "\"properties\":{}"
                                                                  : ",\"properties\":{}");
    buffer_append_char(out, '}');
}

static void add_tool(struct translation *translation, struct part tool, struct buffer *out)
{
    static const char *const known[] = {"type",         "name",          "description",
                                        "input_schema", "cache_control", NULL};
    char changed[TOOLNAME_MOST + 1];
    translation_note_others(translation, "tools", tool, known);
    struct part name =
        toolname_send(&translation->names, raw_inside(raw_member(tool, "name")), changed);
    struct part description = raw_inside(raw_member(tool, "description"));
    jsontext_comma(out);
    buffer_append_text(out, RESPONSES(translation) ? "{\"type\":\"function\""
                                                   : "{\"type\":\"function\",\"function\":{");
    raw_add_inside(out, "name", name);
    if (description.length > 0)
        raw_add_inside(out, "description",
                       RESPONSES(translation) ? description : cut(description, DESCRIPTION_MOST));
    jsontext_name(out, "parameters");
    append_schema(raw_member(tool, "input_schema"), out);
    buffer_append_text(out, RESPONSES(translation) ? ",\"strict\":false}" : "}}");
}

/* A tool without a type is the client's own, as is one of type "custom". */
static bool is_own(struct part tool)
{
    struct part type = raw_member(tool, "type");
    return (type.length == 0 || raw_equals(type, "custom")) &&
           raw_has_text(raw_member(tool, "name"));
}

static bool is_named(struct part tools, struct part wanted)
{
    struct raw_items items = raw_items(tools);
    struct part tool;
    while (raw_next(&items, &tool)) {
        struct part name = raw_member(tool, "name");
        if (is_own(tool) && name.length == wanted.length &&
            memcmp(name.text, wanted.text, name.length) == 0)
            return true;
    }
    return false;
}

static void add_choice(struct translation *translation, struct part tools, struct part choice,
                       struct buffer *out)
{
    static const char *const rows[][2] = {{"auto", "auto"}, {"any", "required"}, {"none", "none"}};
    struct part type = raw_member(choice, "type"), name = raw_member(choice, "name");
    char changed[TOOLNAME_MOST + 1];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (raw_equals(type, rows[i][0]))
            jsontext_add_string(out, "tool_choice", rows[i][1]);
    if (raw_equals(type, "tool") && is_named(tools, name)) {
        buffer_append_text(out, RESPONSES(translation)
                                    ? ",\"tool_choice\":{\"type\":\"function\""
                                    : ",\"tool_choice\":{\"type\":\"function\",\"function\":{");
        raw_add_inside(out, "name", toolname_send(&translation->names, raw_inside(name), changed));
        buffer_append_text(out, RESPONSES(translation) ? "}" : "}}");
    } else if (raw_equals(type, "tool")) {
        translation_note(translation, "", RAW("tool_choice"));
    }
    if (raw_is(raw_member(choice, "disable_parallel_tool_use"), 't') &&
        translation_sends(translation, REFUSABLE_PARALLEL, "tool_choice.disable_parallel_tool_use"))
        buffer_append_text(out, ",\"parallel_tool_calls\":false");
}

void openai_tools(struct translation *translation, struct part tools, struct part choice,
                  struct buffer *out)
{
    struct buffer array = {0};
    struct raw_items items = raw_items(tools);
    struct part tool;
    while (raw_next(&items, &tool)) {
        struct part type = raw_inside(raw_member(tool, "type"));
        if (is_own(tool))
            add_tool(translation, tool, &array);
        else
            translation_note(translation, "tools", type);
    }
    if (array.length > 0) {
        jsontext_name(out, "tools");
        buffer_append_char(out, '[');
        buffer_append(out, array.data, array.length);
        buffer_append_char(out, ']');
        if (raw_is(choice, '{'))
            add_choice(translation, tools, choice, out);
    }
    out->failed |= array.failed;
    buffer_finish(&array);
}
