#include "base/fold.h"

#include "base/text.h"

#include <stdbool.h>
#include <string.h>

struct place {
    size_t fits;  /* the last one that leaves the line short enough; 0: there is none */
    size_t first; /* 0: there is none */
};

/* Where `mark` and a space stand between clauses. */
static struct place find_mark(const char *sentence, char mark, size_t most)
{
    struct place place = {0};
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; sentence[i]; i++) {
        if (sentence[i] == '"')
            quoted = !quoted;
        else if (!quoted && (sentence[i] == '(' || sentence[i] == ')'))
            depth += sentence[i] == '(' ? 1 : -1;
        if (quoted || depth > 0 || sentence[i] != mark || sentence[i + 1] != ' ')
            continue;
        if (mark == ']' && sentence[i + 2] != '[')
            continue;
        /* "fix:" alone makes no line. */
        if (i == 0 || (mark == ':' && i < most / 4))
            continue;
        place.first = place.first ? place.first : i;
        if (i + (mark != ';') <= most)
            place.fits = i;
    }
    return place;
}

static size_t find_break(const char *sentence, size_t most)
{
    static const char *const marks = ";" FOLD_KEPT;
    size_t earliest = 0;
    for (const char *mark = marks; *mark; mark++) {
        struct place place = find_mark(sentence, *mark, most);
        if (place.fits > 0)
            return place.fits;
        if (place.first > 0 && (earliest == 0 || place.first < earliest))
            earliest = place.first;
    }
    return earliest;
}

size_t fold_line(const char *sentence, size_t columns, size_t *ret_next)
{
    size_t most = text_cut(sentence, columns), all = strlen(sentence);
    size_t at = all <= most ? 0 : find_break(sentence, most);
    *ret_next = at > 0 ? at + 2 : all;
    if (at == 0)
        return all;
    return at + (sentence[at] != ';');
}

void fold_undo(char *lines)
{
    static const char further[] = "\n" FOLD_PREFIX FOLD_INDENT;
    char *to = lines;
    for (const char *from = lines; *from;) {
        if (strncmp(from, further, sizeof further - 1) != 0) {
            *to++ = *from++;
            continue;
        }
        if (to == lines || !strchr(FOLD_KEPT, to[-1]))
            *to++ = ';';
        *to++ = ' ';
        from += sizeof further - 1;
    }
    *to = '\0';
}
