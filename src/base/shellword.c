#include "base/shellword.h"

#include "base/cursor.h"

#include <string.h>

#define PLAIN                                                                                      \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"                               \
    "_-./=:,@%+"
#define BLANKS " \t\n"

void shellword_append(struct buffer *text, const char *word)
{
    if (*word && word[strspn(word, PLAIN)] == '\0') {
        buffer_append_text(text, word);
        return;
    }
    buffer_append_char(text, '\'');
    for (; *word; word++) {
        if (*word == '\'')
            buffer_append_text(text, "'\\''");
        else
            buffer_append_char(text, *word);
    }
    buffer_append_char(text, '\'');
}

char *shellword_copy(const char *word)
{
    struct buffer text = {0};
    shellword_append(&text, word);
    return buffer_take(&text);
}

bool shellword_are_plain(const char *text)
{
    return text[strspn(text, PLAIN BLANKS)] == '\0';
}

/* The value of a variable may be put in; what is between other signs may be run. */
char *shellword_first(const char *command)
{
    const char *start = command + strspn(command, BLANKS), *p = start;
    bool quoted = false;
    for (; *p && (quoted || !strchr(BLANKS ";&|", *p)); p++) {
        bool variable = *p == '$' && (char_is_letter(p[1]) || p[1] == '_');
        if (*p == '"')
            quoted = !quoted;
        else if (*p == '=' || !(strchr(PLAIN, *p) || variable || (quoted && *p == ' ') ||
                                (*p == '~' && p == start)))
            return NULL;
    }
    return quoted ? NULL : strndup(start, (size_t)(p - start));
}
