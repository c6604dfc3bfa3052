/* A server's certificate in a file, before its clients find out that it has ended. */
#pragma once

#include "base/buffer.h"

#include <stdint.h>

/* Appends one sentence without a full stop if something is to be done about it: it has ended, ends
 * within 30 days, or cannot be read. */
void certificatefile_judge(const char *path, int64_t now, struct buffer *text);
