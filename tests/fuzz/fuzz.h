/* What the harnesses share. Each fuzz_NAME.c defines LLVMFuzzerTestOneInput, which libFuzzer calls
 * (tests/fuzz/run) or replay.c (the unit tests). */
#pragma once

#include "base/buffer.h"
#include "core/evidence/resettime.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process by a signal, so that the input is kept. */
#define EXPECT(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_fail(const char *file, int line, const char *condition);

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* 2026-11-20T21:20:00Z */
#define FUZZ_NOW INT64_C(1795209600)

/* Knows UTC, which is the machine's zone too, and "America/New_York", five hours west of it. */
extern const struct zone_ops fuzz_zones;

/* The bytes of an input, eaten from the front; 0 where none is left. */
struct input {
    const uint8_t *bytes;
    size_t left;
};
uint8_t input_byte(struct input *input);
uint64_t input_number(struct input *input, size_t bytes);

/* A copy in memory of just that size, so that the sanitizer sees a byte read too many. Freed by the
 * caller. */
char *fuzz_copy(const char *bytes, size_t length);

/* All that is left, up to the first NUL, as a string. Freed by the caller. */
char *input_text(struct input *input);

/* All that is left, divided into strings at each `separator`; NULL-terminated, never empty. */
struct words {
    char **list;
    size_t count;
};
struct words input_words(struct input *input, char separator);
void words_finish(struct words *words);

/* True if what could be a whole token of the provider's stands in `text`. */
bool fuzz_shows_token(const char *text);

/* Expects lines that are each ended and hold no token. */
void fuzz_check_report(const struct buffer *lines);
