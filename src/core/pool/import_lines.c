#include "core/pool/address.h"
#include "core/pool/import_parts.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The variables that carry keys, see tcr-keys(5). A single API key is billed by use: it is the
 * master, as it is where keys come from the environment. */
static const struct variable {
    const char *name;
    bool list, master;
    const char *stem;    /* what its keys are called; NULL: by their number in the pool */
    bool says_kind;      /* what a token is that does not tell it itself */
    enum kind_id kind;   /* if says_kind */
    const char *address; /* in which its own address stands; NULL: it has none */
} variables[] = {
    {"TCR_KEYS", true, false, NULL, false, 0, NULL},
    {"TCR_MASTER_KEY", false, true, NULL, false, 0, NULL},
    {"CLAUDE_CODE_OAUTH_TOKENS", true, false, "claude", false, 0, NULL},
    {"ANTHROPIC_API_KEYS", true, false, "anthropic", false, 0, NULL},
    {"CLAUDE_FALLBACK_API_KEY", false, true, NULL, true, KIND_API, "CLAUDE_FALLBACK_BASE_URL"},
    {"CLAUDE_CODE_OAUTH_TOKEN", false, false, "claude", false, 0, NULL},
    {"ANTHROPIC_AUTH_TOKEN", false, false, "bearer", true, KIND_BEARER, "ANTHROPIC_BASE_URL"},
    {"ANTHROPIC_API_KEY", false, true, "anthropic", false, KIND_API, "ANTHROPIC_BASE_URL"},
    {"OPENAI_API_KEYS", true, false, "openai", true, KIND_OPENAI, NULL},
    {"CURSOR_API_KEYS", true, false, "cursor", true, KIND_CURSOR, NULL},
    {"OPENAI_API_KEY", false, false, "openai", true, KIND_OPENAI, "OPENAI_BASE_URL"},
    {"CURSOR_API_KEY", false, false, "cursor", true, KIND_CURSOR, NULL},
};

/* What is set beside them. */
static const char *const addresses[] = {"ANTHROPIC_BASE_URL", "OPENAI_BASE_URL",
                                        "CLAUDE_FALLBACK_BASE_URL"};
#define ADDRESS_COUNT (sizeof addresses / sizeof addresses[0])

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
    struct buffer set[ADDRESS_COUNT]; /* what the addresses are */
    bool has_bearer;                  /* ANTHROPIC_AUTH_TOKEN is set */
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

/* How a key is found, besides its token. */
struct manner {
    struct piece name; /* empty: none */
    bool master;
    const struct variable *variable; /* NULL: not one of those above */
    const char *address;
};

static void add(struct line_reader *reader, struct manner manner, struct piece token)
{
    struct buffer copy = {0};
    char place[32];
    token = trim(token);
    buffer_append(&copy, manner.name.begin, manner.name.length);
    const struct variable *variable = manner.variable;
    struct kind kind = kind_make(variable ? variable->kind : KIND_API);
    const struct found_key key = {
        .name = manner.name.length ? buffer_text(&copy) : NULL,
        .token = token.begin,
        .token_length = token.length,
        .master = manner.master,
        .kind = variable && (variable->says_kind || manner.address) ? &kind : NULL,
        .address = manner.address,
        .address_name = variable ? variable->address : NULL};
    snprintf(place, sizeof place, "line %zu", reader->line);
    if (copy.failed)
        reader->importer->out_of_memory = true;
    else
        (void)importer_add(reader->importer, place, &key);
    buffer_finish_wiping(&copy);
}

static void skip(struct line_reader *reader, struct piece name, const char *reason)
{
    char place[160];
    snprintf(place, sizeof place, "line %zu: %.*s", reader->line,
             (int)(name.length < 100 ? name.length : 100), name.begin);
    importer_skip(reader->importer, place, reason);
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

/* After its variable: "openai-2". */
static struct piece number_name(const struct variable *variable, struct piece number, char *text,
                                size_t size)
{
    if (!variable->stem)
        return (struct piece){"", 0};
    int length = snprintf(text, size, "%s%s%.*s", variable->stem, number.length ? "-" : "",
                          (int)(number.length < 8 ? number.length : 8), number.begin);
    return (struct piece){text, (size_t)length};
}

static void add_list(struct line_reader *reader, const struct variable *variable, struct piece list)
{
    char text[48], digits[24];
    size_t count = 0;
    while (list.length > 0) {
        size_t length = 0;
        while (length < list.length && !strchr(",\n\r", list.begin[length]))
            length++;
        struct manner manner = {.variable = variable};
        struct piece item = trim((struct piece){list.begin, length});
        item = item.length ? split(item, &manner.name) : item;
        if (item.length > 0) {
            int width = snprintf(digits, sizeof digits, "%zu", ++count);
            if (manner.name.length == 0)
                manner.name =
                    number_name(variable, (struct piece){digits, (size_t)width}, text, sizeof text);
            add(reader, manner, item);
        }
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

static bool is_anthropic(struct piece token)
{
    struct kind kind;
    char start[16] = "";
    memcpy(start, token.begin, token.length < 15 ? token.length : 15);
    return kind_from_token(start, &kind);
}

static bool is_providers_own(const char *text, enum kind_id id)
{
    char address[ADDRESS_TEXT];
    struct buffer fault = {0};
    struct kind kind = kind_make(id);
    int r = address_parse(text, true, address, &fault);
    buffer_finish(&fault);
    return r == 0 && strcmp(address, kind_base(&kind)) == 0;
}

/* NULL if it is that of the provider itself, which says nothing. */
static const char *address_of(const struct line_reader *reader, const struct variable *variable)
{
    for (size_t i = 0; variable->address && i < ADDRESS_COUNT; i++)
        if (strcmp(addresses[i], variable->address) == 0 && reader->set[i].length > 0 &&
            !is_providers_own(buffer_text(&reader->set[i]), variable->kind))
            return buffer_text(&reader->set[i]);
    return NULL;
}

/* As where keys come from the environment: an address was set for the first of the tokens beside it
 * that is there. */
static void take_single(struct line_reader *reader, const struct variable *variable,
                        struct piece value)
{
    char text[48];
    struct piece own = {variable->name, strlen(variable->name)}, none = {"", 0};
    struct manner manner = {
        .variable = variable, .master = variable->master, .address = address_of(reader, variable)};
    bool bearer = variable->kind == KIND_BEARER,
         api = strcmp(variable->name, "ANTHROPIC_API_KEY") == 0;
    if (bearer && !manner.address) {
        skip(reader, own, "it is a key only together with ANTHROPIC_BASE_URL");
        return;
    }
    if (api && manner.address && reader->has_bearer) {
        manner.address = NULL;
        if (!is_anthropic(value)) {
            skip(reader, own, "ANTHROPIC_BASE_URL was set for ANTHROPIC_AUTH_TOKEN");
            return;
        }
    } else if (api && manner.address) {
        manner.master = false;
    }
    if (!manner.master)
        manner.name = number_name(variable, none, text, sizeof text);
    add(reader, manner, value);
}

static bool may_be_token(const struct variable *variable, struct piece value)
{
    return is_anthropic(value) ||
           (variable->says_kind && (begins_with(value, "sk-") || begins_with(value, "key_")));
}

static void take_variable(struct line_reader *reader, const struct variable *variable,
                          struct piece suffix, struct piece value)
{
    char text[48];
    if (variable->list) {
        add_list(reader, variable, value);
    } else if (suffix.length == 0) {
        if (value.length > 0)
            take_single(reader, variable, value);
    } else if (may_be_token(variable, value)) {
        /* ..._WORK names a key "WORK"; a number says nothing. */
        struct manner manner = {.name = without_front(suffix, 1), .variable = variable};
        if (isdigit((unsigned char)manner.name.begin[0]))
            manner.name = number_name(variable, manner.name, text, sizeof text);
        add(reader, manner, value);
    }
}

static bool ends_with(struct piece text, const char *end)
{
    size_t length = strlen(end);
    return text.length > length && memcmp(text.begin + text.length - length, end, length) == 0;
}

/* Another program's. What stands before a '=' may be a piece of a token, and is not shown then. */
static void pass_over(struct line_reader *reader, struct piece name, struct piece value)
{
    for (size_t i = 0; i < name.length; i++)
        if (!isupper((unsigned char)name.begin[i]) && !isdigit((unsigned char)name.begin[i]) &&
            name.begin[i] != '_')
            return;
    if (value.length > 0 &&
        (ends_with(name, "_API_KEY") || ends_with(name, "_API_KEYS") || begins_with(value, "sk-")))
        skip(reader, name,
             "it is another program's; tcr-run keys add --kind env:VARIABLE adds such a key");
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
        add(reader, (struct manner){.name = name}, text);
    else
        pass_over(reader, name, text);
    reader->importer->out_of_memory |= value.failed;
    buffer_finish_wiping(&value);
}

static bool is_nothing(struct piece line)
{
    return line.length == 0 || line.begin[0] == '#';
}

static void note_beside(struct line_reader *reader, struct piece name, struct piece value)
{
    bool bearer =
        name.length == strlen("ANTHROPIC_AUTH_TOKEN") && begins_with(name, "ANTHROPIC_AUTH_TOKEN");
    reader->has_bearer |= bearer && value.length > 0;
    for (size_t i = 0; i < ADDRESS_COUNT; i++)
        if (name.length == strlen(addresses[i]) && begins_with(name, addresses[i])) {
            reader->set[i].length = 0;
            buffer_append(&reader->set[i], value.begin, value.length);
        }
}

/* One line with the name of a variable makes the file one of variables: what else is set there is
 * no mistake then. What the single tokens need to know of others may stand below them. */
static bool look_ahead(struct line_reader *reader)
{
    struct line_reader ahead = *reader;
    bool found = false;
    while (ahead.at < ahead.end) {
        struct buffer value = {0};
        struct piece name, suffix, line = trim(next_line(&ahead));
        bool exported = begins_with(line, "export ");
        line = exported ? trim(without_front(line, strlen("export "))) : line;
        if (is_nothing(line))
            continue;
        struct piece rest = split(line, &name);
        take_value(&ahead, rest, &value);
        note_beside(&ahead, name, (struct piece){buffer_text(&value), value.length});
        found |= exported || (name.length && find_variable(name, &suffix));
        reader->importer->out_of_memory |= value.failed;
        buffer_finish_wiping(&value);
    }
    memcpy(reader->set, ahead.set, sizeof reader->set);
    reader->has_bearer = ahead.has_bearer;
    return found;
}

void importer_read_lines(struct importer *importer, const char *bytes, size_t length)
{
    struct line_reader reader = {.importer = importer, .at = bytes, .end = bytes + length};
    reader.variables_only = look_ahead(&reader);
    importer->import->form = reader.variables_only ? IMPORT_ENV : IMPORT_LIST;
    while (reader.at < reader.end) {
        struct piece line = trim(next_line(&reader));
        if (!is_nothing(line))
            read_line(&reader, line);
    }
    for (size_t i = 0; i < ADDRESS_COUNT; i++) {
        importer->out_of_memory |= reader.set[i].failed;
        buffer_finish(&reader.set[i]);
    }
}
