#include "base/shellword.h"

#include <string.h>

void shellword_append(struct buffer *text, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./=:,@%+";
    if (*word && word[strspn(word, plain)] == '\0') {
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
