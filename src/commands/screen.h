/* What stdout can show. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

struct screen {
    size_t columns; /* 0: no limit is known */
    size_t rows;    /* 0: no terminal */
    bool colours;   /* a terminal that is not dumb, and no NO_COLOR */
};

/* A terminal tells its own size; COLUMNS counts if stdout is not a terminal. */
struct screen screen_look(void);

/* True for a terminal that can be told to move its cursor. */
bool screen_can_move(void);

enum style { STYLE_PLAIN, STYLE_GOOD, STYLE_BUSY, STYLE_WAIT, STYLE_BAD, STYLE_FAINT };

/* Begins and ends a style; nothing where there are no colours. */
void screen_begin(struct buffer *text, const struct screen *screen, enum style style);
void screen_end(struct buffer *text, const struct screen *screen, enum style style);

/* Appends as much as fits, control characters blanked; what was cut ends with "…". */
void screen_append_cut(struct buffer *text, const char *cell, size_t columns);
