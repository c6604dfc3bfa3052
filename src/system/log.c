#include "system/log.h"

#include "base/buffer.h"
#include "base/fold.h"
#include "base/secret.h"
#include "base/text.h"
#include "system/files.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LONGEST 1024

static enum log_level current = LOG_NORMAL;
static bool json, annotates;
static const char *command;
static const struct host *host;

bool log_prepare(const struct host *the_host)
{
    host = the_host;
    const char *format = getenv("TCR_LOG_FORMAT"), *actions = getenv("GITHUB_ACTIONS");
    annotates = actions && strcmp(actions, "true") == 0 && !isatty(STDERR_FILENO);
    return !format || !*format || log_set_format(format);
}

bool log_set_format(const char *name)
{
    if (strcmp(name, "text") != 0 && strcmp(name, "json") != 0)
        return false;
    json = *name == 'j';
    return true;
}

bool log_is_text(void)
{
    return !json;
}

void log_set_command(const char *name)
{
    command = name;
}

void log_set_level(enum log_level level)
{
    current = level;
}

bool log_says(enum log_level level)
{
    return current >= level;
}

/* Written at once, so that the lines of a hundred runs on one stderr stay whole. */
static void put(char *line, size_t length)
{
    length = secret_mask(line, length);
    line[length++] = '\n';
    (void)files_write_out(STDERR_FILENO, line, length, host);
}

/* A quotation in a message may hold control characters, which must not reach a terminal. There a
 * long message is folded, its lines written at once too; elsewhere a message is one line, for grep
 * and the like. */
static void put_text(const char *prefix, const char *sentence)
{
    char whole[LONGEST], lines[2 * LONGEST];
    int n = snprintf(whole, sizeof whole, "%s%s", prefix, sentence);
    if (n < 0)
        return;
    size_t end = (size_t)n < sizeof whole ? (size_t)n : sizeof whole - 1;
    size_t next, length = 0;
    size_t columns = isatty(STDERR_FILENO) ? FOLD_COLUMNS - strlen(FOLD_PREFIX) : LONGEST;
    whole[text_fit(whole, end)] = '\0';
    text_replace_controls(whole, strlen(whole), ' ');
    whole[secret_mask(whole, strlen(whole))] = '\0';
    const char *at = whole;
    do {
        const char *indent = at == whole ? "" : FOLD_INDENT;
        int line = (int)fold_line(at, columns - strlen(indent), &next);
        length += (size_t)snprintf(lines + length, sizeof lines - length, "%s%s%s%.*s",
                                   length > 0 ? "\n" : "", FOLD_PREFIX, indent, line, at);
        at += next;
    } while (*at && length < sizeof lines);
    put(lines, length < sizeof lines - 1 ? length : sizeof lines - 2);
}

/* As GitHub's toolkit escapes the text of a workflow command. */
static void put_annotation(const char *sentence)
{
    struct buffer line = {0};
    buffer_append_text(&line, "::warning::tcr-run: ");
    for (const char *c = sentence; *c; c++) {
        if (*c == '%' || *c == '\r' || *c == '\n')
            buffer_append_format(&line, "%%%02X", (unsigned char)*c);
        else
            buffer_append_char(&line, (unsigned char)*c < ' ' || *c == 0x7f ? ' ' : *c);
    }
    buffer_append_char(&line, '\n');
    if (!line.failed)
        put(line.data, line.length - 1);
    buffer_finish(&line);
}

static void put_json(const struct event *event, const char *sentence)
{
    struct event full = *event;
    struct buffer line = {0};
    full.time = full.time ? full.time : time(NULL);
    full.pid = getpid();
    full.text = sentence;
    full.command = command;
    event_print(&full, &line);
    if (!line.failed)
        put(line.data, line.length - 1);
    buffer_finish(&line);
}

static bool is_warning(enum event_kind kind)
{
    return kind == EVENT_WARNING || kind == EVENT_OVERAGE;
}

void log_event(const struct event *event, const char *sentence)
{
    if (!log_says(LOG_NORMAL))
        return;
    if (json)
        put_json(event, sentence);
    else if (annotates && (is_warning(event->kind) || event->kind == EVENT_FAILOVER))
        put_annotation(sentence);
    else
        put_text(is_warning(event->kind) ? "warning: " : "", sentence);
}

static void say(enum event_kind kind, const char *format, va_list args)
{
    char sentence[LONGEST];
    if (vsnprintf(sentence, sizeof sentence, format, args) >= 0)
        log_event(&(struct event){.kind = kind}, sentence);
}

void log_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(EVENT_MESSAGE, format, args);
    va_end(args);
}

void log_warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(EVENT_WARNING, format, args);
    va_end(args);
}

void log_explain(const char *format, ...)
{
    va_list args;
    if (!log_says(LOG_VERBOSE))
        return;
    va_start(args, format);
    say(EVENT_EXPLANATION, format, args);
    va_end(args);
}

static void say_lines(void (*say_one)(const char *, ...), const char *prefix, const char *lines)
{
    while (*lines) {
        int length = (int)strcspn(lines, "\n");
        say_one("%s%.*s", prefix, length, lines);
        lines += length + (lines[length] == '\n');
    }
}

void log_say_lines(const char *prefix, const char *lines)
{
    say_lines(log_say, prefix, lines);
}

void log_warn_lines(const char *prefix, const char *lines)
{
    say_lines(log_warn, prefix, lines);
}
