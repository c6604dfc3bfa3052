/* What stdout can show, and what it is to show. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

struct screen {
    size_t columns; /* 0: no limit is known */
    size_t rows;    /* 0: no terminal */
    bool colours;
};

/* --color WHEN, as it was given; NULL: it was not. A command whose output has colours has
 * SCREEN_FLAG in its table of flags, and arguments_take looks whether the word is one. */
extern const char *screen_color;
#define SCREEN_FLAG                                                                                \
    {                                                                                              \
        "color", 0, NULL, &screen_color                                                            \
    }

/* False, with one sentence, if screen_color is not one of the words. */
bool screen_knows_color(struct buffer *error);

/* A terminal tells its own size; COLUMNS counts if stdout is not a terminal. Whether there are
 * colours is decided by --color; without it by NO_COLOR, then by FORCE_COLOR and CLICOLOR_FORCE,
 * then by what stdout is: a terminal that is not dumb. */
struct screen screen_look(void);

/* True for a terminal that can be told to move its cursor. */
bool screen_can_move(void);

enum style { STYLE_PLAIN, STYLE_GOOD, STYLE_BUSY, STYLE_WAIT, STYLE_BAD, STYLE_FAINT };

/* Begins and ends a style; nothing where there are no colours. */
void screen_begin(struct buffer *text, const struct screen *screen, enum style style);
void screen_end(struct buffer *text, const struct screen *screen, enum style style);

/* Appends as much as fits, control characters blanked; what was cut ends with "…". */
void screen_append_cut(struct buffer *text, const char *cell, size_t columns);
