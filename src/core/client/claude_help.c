#include "core/client/claude_help.h"

#include <string.h>

/* Entries stand two columns in, what explains them further right. */
#define INDENT "  "

/* The first line of the list under this heading; NULL if there is none. */
static const char *section(const char *text, const char *heading)
{
    const char *found = text ? strstr(text, heading) : NULL;
    if (!found || (found > text && found[-1] != '\n'))
        return NULL;
    return found + strlen(heading);
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end ? end + 1 : NULL;
}

/* The text of an entry; NULL for a line that explains one. A line that begins in the first column
 * ends the list. */
static const char *entry_of(const char *line)
{
    size_t indent = strlen(INDENT);
    return strncmp(line, INDENT, indent) == 0 && line[indent] != ' ' ? line + indent : NULL;
}

static bool is_in_list(const char *line)
{
    return line && (*line == ' ' || *line == '\n');
}

/* One of the names before the first blank, which bars or commas divide. */
static bool is_name(const char *name, size_t length, const char *word, size_t word_length)
{
    return length == word_length && memcmp(name, word, length) == 0;
}

bool claude_help_has_command(const char *text, const char *word)
{
    for (const char *line = section(text, "Commands:\n"); is_in_list(line);
         line = next_line(line)) {
        const char *name = entry_of(line);
        while (name) {
            size_t length = strcspn(name, "| \n");
            if (is_name(name, length, word, strlen(word)))
                return true;
            name = name[length] == '|' ? name + length + 1 : NULL;
        }
    }
    return false;
}

/* "<tools...>", "[filter]" or nothing. */
static enum arity arity_of(const char *value)
{
    size_t length = strcspn(value, ">]\n");
    bool many = length >= 3 && memcmp(value + length - 3, "...", 3) == 0;
    if (*value == '<')
        return many ? ARITY_MANY : ARITY_ONE;
    if (*value == '[')
        return many ? ARITY_MANY : ARITY_OPTIONAL;
    return ARITY_NONE;
}

/* "--allowedTools, --allowed-tools <tools...>   What it does" */
static bool lists_option(const char *entry, const char *word, size_t length, enum arity *ret_arity)
{
    bool found = false;
    while (*entry == '-') {
        size_t name = strcspn(entry, ", \n");
        found |= is_name(entry, name, word, length);
        entry += name;
        entry += strspn(entry, ",");
        entry += *entry == ' ';
    }
    if (found)
        *ret_arity = arity_of(entry);
    return found;
}

enum arity claude_help_arity(const char *text, const char *word, size_t length)
{
    enum arity arity;
    for (const char *line = section(text, "Options:\n"); is_in_list(line); line = next_line(line)) {
        const char *entry = entry_of(line);
        if (entry && lists_option(entry, word, length, &arity))
            return arity;
    }
    return ARITY_UNKNOWN;
}

bool claude_help_is_whole(const char *text)
{
    size_t length = strlen(text);
    return section(text, "Options:\n") && section(text, "Commands:\n") && text[length - 1] == '\n';
}
