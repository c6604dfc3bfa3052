/* What the unit tests share. */
#pragma once

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "core/evidence/resettime.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Every token of the tests holds this word, and nothing else does: so it must be in no message. */
#define SECRET_WORD "FAKE"

#define OAUTH_1 "sk-ant-oat01-FAKE-home-0001"
#define OAUTH_2 "sk-ant-oat01-FAKE-work-0002"
#define OAUTH_3 "sk-ant-oat01-FAKE-team-0003"
#define API_1   "sk-ant-api03-FAKE-bill-0001"
#define API_2   "sk-ant-api03-FAKE-spare-0002"

#define SALT "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* Knows UTC alone, which is the machine's own zone too. */
extern const struct zone_ops utc_zones;

/* Seconds since 1970 of "2026-11-20T21:20:00Z". */
int64_t instant(const char *iso);

/* For cmocka_run_group_tests: what main does once before it calls anything in base. */
int start_libraries(void **state);

/* Reads a file below the source tree; one that is missing is empty. The caller ends the buffer. */
void read_source_file(const char *path, struct buffer *ret_bytes);

/* The number of '\n'. */
size_t count_lines(const char *text);

/* Fails, naming the row of a table, unless `text` holds `part`. */
void expect_part(const char *row, const char *text, const char *part);

/* Fails, naming the row of a table, if any of the bytes could be a token's. */
void expect_no_secret(const char *row, const char *text);
