#include "base/buffer.h"

#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST 128

/* Apart, so that the usual case is short. */
__attribute__((noinline)) static bool grow(struct buffer *buffer, size_t more)
{
    if (buffer->failed || more > SIZE_MAX / 4 - buffer->length) {
        buffer->failed = true;
        return false;
    }
    size_t needed = buffer->length + more + 1;
    size_t capacity = buffer->capacity ? buffer->capacity : SMALLEST;
    while (capacity < needed)
        capacity *= 2;
    /* Not realloc: it may leave an unwiped copy of a secret behind. */
    char *data = malloc(capacity);
    if (!data) {
        buffer->failed = true;
        return false;
    }
    if (buffer->data) {
        memcpy(data, buffer->data, buffer->length + 1);
        sodium_memzero(buffer->data, buffer->capacity);
        free(buffer->data);
    }
    data[buffer->length] = '\0';
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

static bool reserve(struct buffer *buffer, size_t more)
{
    bool fits = more < buffer->capacity && buffer->length + more < buffer->capacity;
    return fits && buffer->data && !buffer->failed ? true : grow(buffer, more);
}

void buffer_finish(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

void buffer_finish_wiping(struct buffer *buffer)
{
    if (buffer->data)
        sodium_memzero(buffer->data, buffer->capacity);
    buffer_finish(buffer);
}

void buffer_expect(struct buffer *buffer, size_t length)
{
    (void)reserve(buffer, length);
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
    if (!reserve(buffer, length))
        return;
    if (length > 0)
        memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

void buffer_append_integer(struct buffer *buffer, int64_t number)
{
    char digits[20], *p = digits + sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do
        *--p = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (number < 0)
        *--p = '-';
    buffer_append(buffer, p, (size_t)(digits + sizeof digits - p));
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

void buffer_append_char(struct buffer *buffer, char c)
{
    /* Where there is room, as nearly always, and many texts are made of these. */
    if (!buffer->failed && buffer->length + 1 < buffer->capacity) {
        buffer->data[buffer->length++] = c;
        buffer->data[buffer->length] = '\0';
        return;
    }
    buffer_append(buffer, &c, 1);
}

void buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) {
        buffer->failed = true;
    } else if (reserve(buffer, (size_t)length)) {
        (void)vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, again);
        buffer->length += (size_t)length;
    }
    va_end(again);
}

void buffer_drop_front(struct buffer *buffer, size_t length)
{
    if (length >= buffer->length) {
        buffer_clear(buffer);
        return;
    }
    buffer->length -= length;
    memmove(buffer->data, buffer->data + length, buffer->length + 1);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->length = 0;
    if (buffer->data)
        buffer->data[0] = '\0';
}

const char *buffer_text(const struct buffer *buffer)
{
    return buffer->data ? buffer->data : "";
}

char *buffer_take(struct buffer *buffer)
{
    if (!buffer->data)
        buffer_append(buffer, "", 0);
    char *text = buffer->failed ? NULL : buffer->data;
    if (!text)
        free(buffer->data);
    *buffer = (struct buffer){0};
    return text;
}
