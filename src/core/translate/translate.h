/* What all translations between the three formats share. A translator takes bytes and gives bytes;
 * numbers and strings are copied from one text into the other unchanged (raw.h). */
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

#define TRANSLATION_NOTES 1024
#define TRANSLATION_TEXT  256

/* What a request cannot have, in a sentence for the one who sent it. */
struct translation_fault {
    char param[64]; /* "messages.content"; "" while nothing is wrong */
    char text[TRANSLATION_TEXT];
};

/* Fields of a request that some models and providers refuse: a bit for each. */
enum {
    REFUSABLE_LIMIT = 1 << 0, /* max_completion_tokens; without it, max_tokens is sent */
    REFUSABLE_TEMPERATURE = 1 << 1,
    REFUSABLE_TOP_P = 1 << 2,
    REFUSABLE_STOP = 1 << 3,
    REFUSABLE_EFFORT = 1 << 4, /* and thinking */
    REFUSABLE_PARALLEL = 1 << 5,
    REFUSABLE_USAGE = 1 << 6, /* stream_options */
    REFUSABLE_USER = 1 << 7,
    REFUSABLE_CACHE = 1 << 8,
    REFUSABLE_STORE = 1 << 9,
};

/* One request and the answer to it. To begin, zero it and set the first members. */
struct translation {
    enum format client;   /* what the one who asked speaks … */
    enum format provider; /* … and the one who answers */
    const char *model;    /* sent in place of the one asked for; NULL: that one. Borrowed */
    const char *session;  /* the session's id, for the provider's prompt cache; NULL: unknown */
    unsigned omit;        /* of REFUSABLE_...: what is not sent */

    /* learned from the request: */
    char asked[128];               /* the model that was asked for, as the inside of a string */
    bool stream;                   /* an event stream was asked for */
    bool wants_usage;              /* a chat's last chunk with the usage was asked for */
    size_t length;                 /* of the request, in bytes */
    unsigned sent;                 /* of REFUSABLE_...: what the request has */
    struct toolnames names;        /* those that had to be shortened */
    char notes[TRANSLATION_NOTES]; /* names of what was dropped, with ", " between them; "" if
                                      nothing */
    struct translation_fault fault;
};

void translation_finish(struct translation *translation);

/* Adds "where.name" to such notes, if they do not have it yet. */
void notes_add(char notes[TRANSLATION_NOTES], const char *where, struct part name);

/* Remembers once that such a field or block was dropped: "top_k", "messages.image". */
void translation_note(struct translation *translation, const char *where, struct part name);

/* For raw_members of a message; the context is the translation. */
void translation_note_message(void *translation, struct part name);

/* Remembers which model the client asked for; a name that is too long is none. */
void translation_keep_asked(struct translation *translation, struct part model);

/* Notes the members of an object that are not `known` (up to a NULL) and have no equivalent. */
void translation_note_others(struct translation *translation, const char *where, struct part object,
                             const char *const *known);

/* True if such a field may be sent, which is then recorded in `sent`; if not, it is noted as
 * dropped. */
bool translation_sends(struct translation *translation, unsigned refusable, const char *name);

/* Which of the request's refusable fields an answer of status 400 or 422 complains about; 0 if it
 * is about something else. */
unsigned translation_refused(const struct translation *translation, const char *body,
                             size_t length);

/* Sets the fault, if none is set. */
void translation_refuse(struct translation *translation, const char *param, const char *text);

/* Translates a request from the client's format to the provider's. False if it cannot be: `fault`
 * of the translation tells (status 400), or `failed` of the buffer is set. */
bool translate_request(struct translation *translation, const char *body, size_t length,
                       struct buffer *ret_body);
