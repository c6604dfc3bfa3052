#include "base/nearest.h"

#include <string.h>

#define LONGEST  64
#define FARTHEST 2

struct nearest nearest_begin(const char *typed, size_t length)
{
    return (struct nearest){typed, length, NULL, length <= 3 ? 2 : FARTHEST + 1};
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Row by row: `rows[i % 3][j]` is how far the first i letters of one are from the first j of the
 * other. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][LONGEST + 1];
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3], *above = rows[(i - 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

void nearest_consider(struct nearest *nearest, const char *word)
{
    size_t length = strlen(word);
    if (nearest->length > LONGEST || length > LONGEST || nearest->length == 0)
        return;
    size_t found = distance(nearest->typed, nearest->length, word, length);
    /* What has no letter in its place is another word. */
    if (found >= nearest->distance || found >= length)
        return;
    nearest->distance = found;
    nearest->word = word;
}

bool nearest_append(const struct nearest *nearest, struct buffer *text)
{
    if (!nearest->word)
        return false;
    buffer_append_format(text, "did you mean \"%s\"?", nearest->word);
    return true;
}
