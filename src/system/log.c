#include "system/log.h"

#include "base/secret.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum log_level current = LOG_NORMAL;

void log_set_level(enum log_level level)
{
    current = level;
}

bool log_says(enum log_level level)
{
    return current >= level;
}

/* In one write, so that the lines of a hundred runs on one stderr stay whole. What a message quotes
 * may hold control characters: they do not reach a terminal. */
static void put_line(const char *format, va_list args)
{
    char line[1024] = "tcr-run: ";
    size_t start = strlen(line);
    int length = vsnprintf(line + start, sizeof line - start - 1, format, args);
    if (length < 0)
        return;
    size_t end = start + (size_t)length;
    if (end > sizeof line - 2)
        end = sizeof line - 2;
    end = secret_mask(line, end);
    for (size_t i = start; i < end; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = ' ';
    line[end++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, end);
    (void)ignored;
}

void log_say(const char *format, ...)
{
    va_list args;
    if (!log_says(LOG_NORMAL))
        return;
    va_start(args, format);
    put_line(format, args);
    va_end(args);
}

void log_explain(const char *format, ...)
{
    va_list args;
    if (!log_says(LOG_VERBOSE))
        return;
    va_start(args, format);
    put_line(format, args);
    va_end(args);
}

void log_say_lines(const char *prefix, const char *lines)
{
    while (*lines) {
        int length = (int)strcspn(lines, "\n");
        log_say("%s%.*s", prefix, length, lines);
        lines += length + (lines[length] == '\n');
    }
}
