#include "core/translate/toolname.h"

#include "base/cursor.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define KEPT 55

void toolnames_finish(struct toolnames *names)
{
    buffer_finish(&names->rows);
}

static bool is_fine(struct part text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!char_is_word(text.text[i]))
            return false;
    return text.length > 0 && text.length <= TOOLNAME_MOST;
}

/* FNV-1a: the names of one request are to differ, no more. */
static uint32_t hash_of(struct part text)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < text.length; i++)
        hash = (hash ^ (unsigned char)text.text[i]) * 16777619u;
    return hash;
}

static struct part shorten(struct part text, char ret_text[TOOLNAME_MOST + 1])
{
    size_t kept = text.length < KEPT ? text.length : KEPT;
    for (size_t i = 0; i < kept; i++)
        ret_text[i] = char_is_word(text.text[i]) ? text.text[i] : '_';
    snprintf(ret_text + kept, TOOLNAME_MOST + 1 - kept, "_%08x", (unsigned)hash_of(text));
    return (struct part){ret_text, kept + 9};
}

static bool same(struct part a, struct part b)
{
    return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

static struct part up_to(const char *text, const char *end, char stop)
{
    const char *found = memchr(text, stop, (size_t)(end - text));
    return (struct part){text, (size_t)((found ? found : end) - text)};
}

/* A row is the name as sent, a space, the name as it was and a line end; neither stands in a name
 * unescaped but for the space, which is why the one sent comes first. */
struct part toolname_restore(const struct toolnames *names, struct part inside)
{
    const char *at = buffer_text(&names->rows), *end = at + names->rows.length;
    while (at < end) {
        struct part row = up_to(at, end, '\n');
        struct part sent = up_to(at, at + row.length, ' ');
        if (same(sent, inside))
            return (struct part){at + sent.length + 1, row.length - sent.length - 1};
        at += row.length + 1;
    }
    return inside;
}

struct part toolname_send(struct toolnames *names, struct part inside,
                          char ret_text[TOOLNAME_MOST + 1])
{
    if (is_fine(inside) || inside.length == 0)
        return inside;
    struct part sent = shorten(inside, ret_text);
    if (same(toolname_restore(names, sent), sent)) {
        raw_append(&names->rows, sent);
        buffer_append_char(&names->rows, ' ');
        raw_append(&names->rows, inside);
        buffer_append_char(&names->rows, '\n');
    }
    return sent;
}

struct part toolid_send(struct part inside, char ret_text[TOOLNAME_MOST + 1])
{
    return is_fine(inside) || inside.length == 0 ? inside : shorten(inside, ret_text);
}
