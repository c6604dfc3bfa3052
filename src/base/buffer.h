/* A growable run of bytes. Out of memory is remembered in `failed` and makes every later append a
 * no-op, so that a caller who builds something in ten steps checks once, at the end. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
    char *data; /* NULL while empty; NUL-terminated when not */
    size_t length;
    size_t capacity;
    bool failed;
};

void buffer_finish(struct buffer *buffer);

/* Like buffer_finish, with the bytes overwritten first: for what may hold a secret. */
void buffer_finish_wiping(struct buffer *buffer);

/* Makes room at once for so many bytes more: growing means copying and wiping. */
void buffer_expect(struct buffer *buffer, size_t length);

void buffer_append(struct buffer *buffer, const void *bytes, size_t length);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_char(struct buffer *buffer, char c);
void buffer_append_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* In decimal; for what is printed by the thousand, or at every launch. */
void buffer_append_integer(struct buffer *buffer, int64_t number);

/* Forgets the first `length` bytes (all of them if fewer are there). */
void buffer_drop_front(struct buffer *buffer, size_t length);
void buffer_clear(struct buffer *buffer);

/* The text, never NULL; "" while empty. Borrowed until the next change. */
const char *buffer_text(const struct buffer *buffer);

/* Hands the text to the caller, who frees it; NULL if memory ran out on the way. */
char *buffer_take(struct buffer *buffer);
