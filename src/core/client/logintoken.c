#include "core/client/logintoken.h"

#include "base/cursor.h"

#include <string.h>

#define BEGINNING "sk-ant-oat"
#define ESCAPE    '\033'
#define SHORTEST  30 /* shorter is a word about tokens */

static void feed_before(struct logintoken *logintoken, char c, struct buffer *shown)
{
    if (c == BEGINNING[logintoken->matched]) {
        logintoken->matched++;
    } else {
        /* No other of its letters is the first: what was held back begins nothing. */
        buffer_append(shown, BEGINNING, logintoken->matched);
        logintoken->matched = c == BEGINNING[0];
        if (!logintoken->matched)
            buffer_append(shown, &c, 1);
    }
    if (BEGINNING[logintoken->matched])
        return;
    logintoken->matched = 0;
    logintoken->state = LOGINTOKEN_INSIDE;
    logintoken->length = strlen(BEGINNING);
    memcpy(logintoken->room, BEGINNING, logintoken->length);
}

/* Modes of the terminal: ESC [ and one of < = > ?, numbers, a letter. */
static void feed_after(struct logintoken *logintoken, char c, struct buffer *shown)
{
    size_t at = logintoken->sequence_length;
    if (c == ESCAPE)
        at = 0;
    else if (at == 0)
        return;
    bool fits = at == 0   ? true
                : at == 1 ? c == '['
                : at == 2 ? c >= '<' && c <= '?'
                          : at + 1 < sizeof logintoken->sequence;
    logintoken->sequence[at++] = c;
    bool ends = fits && at > 3 && c >= '@' && c <= '~';
    if (ends)
        buffer_append(shown, logintoken->sequence, at);
    logintoken->sequence_length = fits && !ends ? at : 0;
}

static void end_token(struct logintoken *logintoken, struct buffer *shown)
{
    logintoken->room[logintoken->length] = '\0';
    if (logintoken->length >= SHORTEST) {
        logintoken->state = LOGINTOKEN_AFTER;
        return;
    }
    buffer_append(shown, logintoken->room, logintoken->length);
    logintoken->state = LOGINTOKEN_BEFORE;
    logintoken->length = 0;
}

static void feed_byte(struct logintoken *logintoken, char c, struct buffer *shown)
{
    if (logintoken->state == LOGINTOKEN_INSIDE && char_is_word(c)) {
        if (logintoken->length + 1 < logintoken->size)
            logintoken->room[logintoken->length++] = c;
        return;
    }
    if (logintoken->state == LOGINTOKEN_INSIDE)
        end_token(logintoken, shown);
    if (logintoken->state == LOGINTOKEN_BEFORE)
        feed_before(logintoken, c, shown);
    else
        feed_after(logintoken, c, shown);
}

void logintoken_feed(struct logintoken *logintoken, const char *bytes, size_t length,
                     struct buffer *shown)
{
    for (size_t i = 0; i < length; i++)
        feed_byte(logintoken, bytes[i], shown);
}

bool logintoken_is_there(const struct logintoken *logintoken)
{
    return logintoken->state == LOGINTOKEN_AFTER;
}
