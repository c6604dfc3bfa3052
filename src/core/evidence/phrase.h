/* A family of wordings, written as a phrase:
 *
 *     (you've|you have) (hit|reached) your *limit$
 *
 * Small letters stand for both cases, a blank for one blank. "(a|b|)" is any of these texts. "*" is
 * up to PHRASE_GAP bytes that end where a word begins and lie within one sentence, or nothing. "#"
 * is a number. A phrase ends where a word ends. "!" asks for the end of the text or of its part: a
 * point or a bar; "$" for any mark, or a word that says when or what for ("until", "for"). Texts
 * are as plain_normalise leaves them. Nothing is kept and nothing is allocated. */
#pragma once

#include <stdbool.h>

#define PHRASE_GAP 80

/* True if the text begins so. */
bool phrase_starts(const char *phrase, const char *text);

/* True if a sentence or a part of it begins so: any word of the text. */
bool phrase_stands_in(const char *phrase, const char *text);
