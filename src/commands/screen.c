#include "commands/screen.h"

#include "base/text.h"
#include "base/variable.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

extern char **environ;

#define LEAST_COLUMNS 10 /* nobody means fewer; a serial line says 0 or 1 */
#define MOST_COLUMNS  10000

const char *screen_color;

static bool is_set(const char *name)
{
    const char *value = variable_value(environ, name);
    return value && *value;
}

/* "0" and "false" are how other programs let these be turned off. */
static bool is_forced(const char *name)
{
    const char *value = variable_value(environ, name);
    return is_set(name) && strcmp(value, "0") != 0 && strcmp(value, "false") != 0;
}

bool screen_can_move(void)
{
    const char *term = variable_value(environ, "TERM");
    return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

bool screen_knows_color(struct buffer *error)
{
    static const char *const words[] = {"auto", "always", "never"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!screen_color || strcmp(screen_color, words[i]) == 0)
            return true;
    buffer_append_format(error,
                         "--color: \"%s\" is not when to use colours; write auto, always or never",
                         screen_color);
    return false;
}

static bool wants_colours(void)
{
    if (screen_color && strcmp(screen_color, "auto") != 0)
        return strcmp(screen_color, "always") == 0;
    return !is_set("NO_COLOR") &&
           (is_forced("FORCE_COLOR") || is_forced("CLICOLOR_FORCE") || screen_can_move());
}

static size_t columns_told(void)
{
    const char *text = variable_value(environ, "COLUMNS");
    long columns = text ? strtol(text, NULL, 10) : 0;
    return columns >= LEAST_COLUMNS && columns <= MOST_COLUMNS ? (size_t)columns : 0;
}

struct screen screen_look(void)
{
    struct winsize size;
    struct screen screen = {.columns = columns_told(), .colours = wants_colours()};
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
        return screen;
    screen.rows = size.ws_row;
    if (size.ws_col >= LEAST_COLUMNS)
        screen.columns = size.ws_col;
    return screen;
}

static const char *const codes[] = {
    [STYLE_PLAIN] = "",        [STYLE_GOOD] = "\033[32m", [STYLE_BUSY] = "\033[36m",
    [STYLE_WAIT] = "\033[33m", [STYLE_BAD] = "\033[31m",  [STYLE_FAINT] = "\033[2m",
};

void screen_begin(struct buffer *text, const struct screen *screen, enum style style)
{
    if (screen->colours)
        buffer_append_text(text, codes[style]);
}

void screen_end(struct buffer *text, const struct screen *screen, enum style style)
{
    if (screen->colours && *codes[style])
        buffer_append_text(text, "\033[0m");
}

void screen_append_cut(struct buffer *text, const char *cell, size_t columns)
{
    bool fits = text_width(cell) <= columns;
    size_t start = text->length;
    if (fits)
        buffer_append_text(text, cell);
    else if (columns > 0)
        buffer_append(text, cell, text_cut(cell, columns - 1));
    if (!text->failed && text->length > start)
        text_replace_controls(text->data + start, text->length - start, ' ');
    if (!fits && columns > 0)
        buffer_append_text(text, "…");
}
