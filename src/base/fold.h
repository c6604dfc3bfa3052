/* Sentences in lines that a terminal of 80 columns shows whole. A sentence that is too long is
 * broken between clauses, so that a hint or a command to paste stands on a line of its own; what
 * has no such place is left too long, as paths and commands are to be copied. */
#pragma once

#include <stddef.h>

#define FOLD_COLUMNS 80
#define FOLD_PREFIX  "tcr-run: "
#define FOLD_INDENT  "  " /* behind the prefix, where a line goes on with the sentence before it */
#define FOLD_KEPT    ",:]|"

/* How many bytes of the sentence go on a line with `columns` columns left. *ret_next: how many are
 * done with then: the ";" and the space between two clauses are in neither line. Where no ";"
 * helps, a "," or a ":" does, or a "]" or a "|" of a usage, which stays at the end of the first. A
 * sentence that fits, or that has no place to break, goes on the line whole. Inside of quotation
 * marks or parentheses is no such place. */
size_t fold_line(const char *sentence, size_t columns, size_t *ret_next);

/* Makes whole sentences again, in place, of lines with the prefix. */
void fold_undo(char *lines);
