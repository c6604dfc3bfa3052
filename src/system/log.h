/* Diagnostics: one line each on stderr, "tcr-run: …". Writing them never fails a run. */
#pragma once

#include <stdbool.h>

enum log_level { LOG_QUIET = -1, LOG_NORMAL, LOG_VERBOSE, LOG_DEBUG };

/* Before the first call everything up to LOG_NORMAL is said. */
void log_set_level(enum log_level level);
bool log_says(enum log_level level);

/* Errors and warnings; silenced by LOG_QUIET only. */
void log_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Explanations, for -v. */
void log_explain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Each line of `lines` on its own, with `prefix` before it. */
void log_say_lines(const char *prefix, const char *lines);
