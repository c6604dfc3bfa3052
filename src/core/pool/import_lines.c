#include "core/pool/import_parts.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The variables that carry keys, see tcr-keys(5). A single API key is billed by use: it is the
 * master, as it is where keys come from the environment. */
static const struct variable {
    const char *name;
    bool list, master;
} variables[] = {
    {"TCR_KEYS", true, false},
    {"TCR_MASTER_KEY", false, true},
    {"CLAUDE_CODE_OAUTH_TOKENS", true, false},
    {"ANTHROPIC_API_KEYS", true, false},
    {"CLAUDE_FALLBACK_API_KEY", false, true},
    {"CLAUDE_CODE_OAUTH_TOKEN", false, false},
    {"ANTHROPIC_API_KEY", false, true},
};

#define BLANKS " \t\r"

/* A piece of the text, borrowed. */
struct piece {
    const char *begin;
    size_t length;
};

struct line_reader {
    struct importer *importer;
    const char *at, *end;
    size_t line; /* the number of the one just read */
    bool variables_only;
};

static struct piece trim(struct piece text)
{
    while (text.length > 0 && isspace((unsigned char)text.begin[0]))
        text.begin++, text.length--;
    while (text.length > 0 && isspace((unsigned char)text.begin[text.length - 1]))
        text.length--;
    return text;
}

static bool begins_with(struct piece text, const char *word)
{
    return text.length >= strlen(word) && memcmp(text.begin, word, strlen(word)) == 0;
}

static struct piece without_front(struct piece text, size_t length)
{
    return (struct piece){text.begin + length, text.length - length};
}

static struct piece next_line(struct line_reader *reader)
{
    const char *begin = reader->at;
    const char *stop = memchr(begin, '\n', (size_t)(reader->end - begin));
    reader->at = stop ? stop + 1 : reader->end;
    reader->line++;
    return (struct piece){begin, (size_t)((stop ? stop : reader->end) - begin)};
}

/* Where the quoted text ends; NULL if it does not. */
static const char *closing_quote(const char *p, const char *end, char quote)
{
    for (; p < end; p++) {
        if (*p == quote)
            return p;
        if (quote == '"' && *p == '\\')
            p++;
    }
    return NULL;
}

/* It may go on over lines: a list may be written one to a line. A quote that nothing closes is an
 * apostrophe, and must not take the rest of the file. */
static bool take_quoted(struct line_reader *reader, struct piece text, struct buffer *value)
{
    char quote = text.length > 0 ? text.begin[0] : '\0';
    bool quoted = quote == '"' || quote == '\'';
    const char *close = quoted ? closing_quote(text.begin + 1, reader->end, quote) : NULL;
    for (const char *p = close ? text.begin + 1 : NULL; p < close; p++) {
        bool escaped = quote == '"' && *p == '\\';
        p += escaped;
        buffer_append_char(value, escaped && *p == 'n' ? '\n' : *p);
    }
    while (close && reader->at < close)
        (void)next_line(reader);
    return close != NULL;
}

static void take_value(struct line_reader *reader, struct piece text, struct buffer *value)
{
    text = trim(text);
    if (take_quoted(reader, text, value))
        return;
    for (size_t i = 1; i < text.length; i++)
        if (text.begin[i] == '#' && strchr(BLANKS, text.begin[i - 1]))
            text.length = i;
    text = trim(text);
    buffer_append(value, text.begin, text.length);
}

static void add(struct line_reader *reader, struct piece name, struct piece token, bool master)
{
    struct buffer copy = {0};
    char place[32];
    token = trim(token);
    buffer_append(&copy, name.begin, name.length);
    const struct found_key key = {.name = name.length ? buffer_text(&copy) : NULL,
                                  .token = token.begin,
                                  .token_length = token.length,
                                  .master = master};
    snprintf(place, sizeof place, "line %zu", reader->line);
    if (copy.failed)
        reader->importer->out_of_memory = true;
    else
        importer_add(reader->importer, place, &key);
    buffer_finish_wiping(&copy);
}

/* "NAME=TOKEN" into both; all token if it begins like one, for a token may hold a '='. */
static struct piece split(struct piece text, struct piece *ret_name)
{
    const char *equals = begins_with(text, "sk-") ? NULL : memchr(text.begin, '=', text.length);
    *ret_name = (struct piece){text.begin, 0};
    if (!equals)
        return text;
    *ret_name = trim((struct piece){text.begin, (size_t)(equals - text.begin)});
    return without_front(text, (size_t)(equals + 1 - text.begin));
}

static void add_list(struct line_reader *reader, struct piece list)
{
    while (list.length > 0) {
        size_t length = 0;
        while (length < list.length && !strchr(",\n\r", list.begin[length]))
            length++;
        struct piece name, item = trim((struct piece){list.begin, length});
        item = item.length ? split(item, &name) : item;
        if (item.length > 0)
            add(reader, name, item, false);
        list = without_front(list, length < list.length ? length + 1 : length);
    }
}

/* The variable that a name is, or is numbered after: ANTHROPIC_API_KEY_2. */
static const struct variable *find_variable(struct piece name, struct piece *ret_suffix)
{
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const struct variable *variable = &variables[i];
        size_t length = strlen(variable->name);
        if (!begins_with(name, variable->name))
            continue;
        *ret_suffix = without_front(name, length);
        if (name.length == length ||
            (!variable->list && name.length > length + 1 && name.begin[length] == '_'))
            return variable;
    }
    return NULL;
}

static void take_variable(struct line_reader *reader, const struct variable *variable,
                          struct piece suffix, struct piece value)
{
    struct piece none = {value.begin, 0};
    struct kind kind;
    char start[16] = "";
    memcpy(start, value.begin, value.length < 15 ? value.length : 15);
    if (variable->list) {
        add_list(reader, value);
    } else if (suffix.length == 0) {
        if (value.length > 0)
            add(reader, none, value, variable->master);
    } else if (kind_from_token(start, &kind)) {
        /* ..._WORK names a key "WORK"; a number says nothing. */
        struct piece name = without_front(suffix, 1);
        add(reader, isdigit((unsigned char)name.begin[0]) ? none : name, value, false);
    }
}

static void read_line(struct line_reader *reader, struct piece line)
{
    struct buffer value = {0};
    struct piece name, suffix, rest;
    if (begins_with(line, "export ") || begins_with(line, "export\t"))
        line = trim(without_front(line, strlen("export ")));
    rest = split(line, &name);
    const struct variable *variable = name.length ? find_variable(name, &suffix) : NULL;
    take_value(reader, rest, &value);
    struct piece text = {buffer_text(&value), value.length};
    if (variable)
        take_variable(reader, variable, suffix, text);
    else if (!reader->variables_only || begins_with(text, "sk-ant-"))
        add(reader, name, text, false);
    reader->importer->out_of_memory |= value.failed;
    buffer_finish_wiping(&value);
}

static bool is_nothing(struct piece line)
{
    return line.length == 0 || line.begin[0] == '#';
}

/* One line with the name of a variable makes the file one of variables: what else is set there is
 * no mistake then. */
static bool has_variables(struct line_reader reader)
{
    while (reader.at < reader.end) {
        struct piece name, suffix, line = trim(next_line(&reader));
        bool exported = begins_with(line, "export ");
        line = exported ? trim(without_front(line, strlen("export "))) : line;
        if (is_nothing(line))
            continue;
        (void)split(line, &name);
        if (exported || (name.length && find_variable(name, &suffix)))
            return true;
    }
    return false;
}

void importer_read_lines(struct importer *importer, const char *bytes, size_t length)
{
    struct line_reader reader = {.importer = importer, .at = bytes, .end = bytes + length};
    reader.variables_only = has_variables(reader);
    importer->import->form = reader.variables_only ? IMPORT_ENV : IMPORT_LIST;
    while (reader.at < reader.end) {
        struct piece line = trim(next_line(&reader));
        if (!is_nothing(line))
            read_line(&reader, line);
    }
}
