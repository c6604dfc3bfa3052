/* What all translations between the three formats share. A translator takes bytes and gives bytes;
 * numbers and strings go from one text into the other as they stand (raw.h). */
#pragma once

#include "base/buffer.h"
#include "core/translate/raw.h"
#include "core/translate/toolname.h"

#include <stdbool.h>
#include <stdint.h>

enum format {
    FORMAT_MESSAGES,  /* Anthropic's /v1/messages */
    FORMAT_CHAT,      /* OpenAI's /v1/chat/completions */
    FORMAT_RESPONSES, /* OpenAI's /v1/responses */
};

#define TRANSLATION_NOTES 512
#define TRANSLATION_TEXT  256

/* What a request cannot have, in a sentence for the one who sent it. */
struct translation_fault {
    char param[64]; /* "messages.content"; "" while nothing is wrong */
    char text[TRANSLATION_TEXT];
};

/* One request and the answer to it. Zeroes and the first members are a beginning. */
struct translation {
    enum format client;   /* what the one who asked speaks … */
    enum format provider; /* … and the one who answers */
    const char *model;    /* sent in the place of the one asked for; NULL: that one. Borrowed */
    const char *session;  /* the session's id, for the provider's prompt cache; NULL: unknown */

    /* learned from the request: */
    char asked[128];               /* the model that was asked for, as the inside of a string */
    bool stream;                   /* an event stream was asked for */
    bool wants_usage;              /* a chat's last chunk with the usage was asked for */
    size_t length;                 /* of the request, in bytes */
    struct toolnames names;        /* those that had to be shortened */
    char notes[TRANSLATION_NOTES]; /* names of what was dropped, with ", " between them; "" if
                                      nothing */
    struct translation_fault fault;
};

void translation_finish(struct translation *translation);

/* Remembers once that such a field or block was dropped: "top_k", "messages.image". */
void translation_note(struct translation *translation, const char *where, struct part name);

/* Sets the fault, if none is set. */
void translation_refuse(struct translation *translation, const char *param, const char *text);

/* Translates a request from the client's format to the provider's. False if it cannot be: `fault`
 * of the translation tells (status 400), or `failed` of the buffer is set. */
bool translate_request(struct translation *translation, const char *body, size_t length,
                       struct buffer *ret_body);
