/* Diagnostics on stderr, one line each: "tcr-run: …"; or, for machines, one JSON object as in
 * events.jsonl, with the sentence as its text. Where GitHub Actions reads stderr, warnings and
 * failovers become annotations. Writing them never fails a run. */
#pragma once

#include "core/state/event.h"
#include "system/host.h"

#include <stdbool.h>

enum log_level { LOG_QUIET = -1, LOG_NORMAL, LOG_VERBOSE, LOG_DEBUG };

/* Reads TCR_LOG_FORMAT, and whether this is GitHub Actions. While stderr has no room, the host
 * (borrowed) is asked whether to give up. False if that is not a format: then it is text. */
bool log_prepare(const struct host *host);

/* --log-format: "text" or "json"; false, and nothing changed, for anything else. */
bool log_set_format(const char *name);
bool log_is_text(void);

/* The command that the run is about, borrowed: JSON names it. */
void log_set_command(const char *name);

/* Before the first call everything up to LOG_NORMAL is printed. */
void log_set_level(enum log_level level);
bool log_says(enum log_level level);

/* Errors and answers; silenced by LOG_QUIET only, as are the next three. */
void log_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What should be fixed although nothing has failed: "tcr-run: warning: …". */
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What happened to a run. As JSON it includes the event's fields; the event's own text is left out.
 */
void log_event(const struct event *event, const char *sentence);

/* Each line of `lines` on its own, with `prefix` before it. */
void log_say_lines(const char *prefix, const char *lines);
void log_warn_lines(const char *prefix, const char *lines);

/* Explanations, for -v. */
void log_explain(const char *format, ...) __attribute__((format(printf, 1, 2)));
