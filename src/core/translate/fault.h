/* Errors, from each format into each: always of the one who asked, whatever came. */
#pragma once

#include "core/translate/translate.h"

#define FAULT_TYPE 40

/* What an error's body says: its type as Anthropic names it, by the body's own type and code, else
 * by the status (0: unknown), and its sentence. A body that is none (HTML, nothing) is an
 * api_error. An overlong prompt is told as Claude Code expects it, so that it compacts. */
void fault_read(struct part body, int status, char ret_type[FAULT_TYPE], char *ret_text,
                size_t size);

/* The answer to a refused request: its body, and the status that goes with it. */
int fault_translate(const struct translation *translation, int status, const char *body,
                    size_t length, struct buffer *out);
