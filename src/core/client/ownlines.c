#include "core/client/ownlines.h"

#include <errno.h>
#include <string.h>

static const char begin_line[] = "# >>> tcr-run setup wrote these lines; --undo removes them\n";
static const char end_line[] = "# <<< tcr-run setup\n";

/* The line as a whole, so that a remark about it is not taken for it. */
static const char *find_line(const char *at, const char *end, const char *line)
{
    size_t length = strlen(line);
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *next = newline ? newline + 1 : end;
        if ((size_t)(next - at) == length && memcmp(at, line, length) == 0)
            return at;
        at = next;
    }
    return NULL;
}

int ownlines_remove(const char *text, size_t length, struct buffer *ret_text)
{
    const char *end = text + length, *from = find_line(text, end, begin_line);
    if (!from)
        return 0;
    const char *last = find_line(from, end, end_line);
    if (!last)
        return -EINVAL;
    const char *to = last + strlen(end_line);
    buffer_append(ret_text, text, (size_t)(from - text));
    buffer_append(ret_text, to, (size_t)(end - to));
    return 1;
}

bool ownlines_add(const char *text, size_t length, const char *lines, struct buffer *ret_text)
{
    struct buffer without = {0}, with = {0};
    if (ownlines_remove(text, length, &without) != 1)
        buffer_append(&without, text, length);
    buffer_append(&with, buffer_text(&without), without.length);
    if (with.length > 0 && with.data[with.length - 1] != '\n')
        buffer_append_char(&with, '\n');
    buffer_append_text(&with, begin_line);
    buffer_append_text(&with, lines);
    buffer_append_text(&with, end_line);
    bool differs = with.length != length || memcmp(buffer_text(&with), text, length) != 0;
    if (differs)
        buffer_append(ret_text, buffer_text(&with), with.length);
    ret_text->failed |= with.failed || without.failed;
    buffer_finish(&without);
    buffer_finish(&with);
    return differs;
}
