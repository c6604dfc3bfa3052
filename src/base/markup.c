#include "base/markup.h"

void markup_append(struct buffer *markup, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (*p == '&')
            buffer_append_text(markup, "&amp;");
        else if (*p == '<')
            buffer_append_text(markup, "&lt;");
        else if (*p == '>')
            buffer_append_text(markup, "&gt;");
        else
            buffer_append_char(markup, *p);
    }
}
