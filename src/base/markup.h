/* Text in HTML and XML. */
#pragma once

#include "base/buffer.h"

/* Appends a text so that it is read as that text, between two tags. */
void markup_append(struct buffer *markup, const char *text);
