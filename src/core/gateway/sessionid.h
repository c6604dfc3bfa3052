/* What the gateway wants to know of a request's body and head: the session, the model, what it
 * names that belongs to one key. A body of 5 MB is passed over once, string by string; it need not
 * be valid JSON, the provider judges that. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define SESSIONID_TEXT  128
#define SESSIONID_MODEL 128

struct sessionid {
    char session[SESSIONID_TEXT]; /* "" if the request tells none: the connection is the session */
    char model[SESSIONID_MODEL];  /* as asked for; "" if none */
    bool stream;                  /* "stream": true */
    char object[SESSIONID_TEXT];  /* the first id of a file, container or skill; "" if none */
    char key[SESSIONID_TEXT]; /* X-Tcr-Key or X-Account-Name: a key picked by hand; "" if none */
};

/* From X-Claude-Code-Session-Id, and the key picked by hand. Fills all of *ret_id, the fields of
 * the body with nothing. */
void sessionid_read_head(const char *head, struct sessionid *ret_id);

/* What is looked for in a body. The less it is, the sooner it is found: clients name the model
 * before all else, and what comes behind the last thing wanted is not looked at. */
enum {
    SESSIONID_WANT_SESSION = 1, /* metadata.user_id's; a session of the head's stands */
    SESSIONID_WANT_MODEL = 2,
    SESSIONID_WANT_STREAM = 4,
    SESSIONID_WANT_OBJECT = 8, /* the first: where there is none, all of the body is passed over */
    SESSIONID_WANT_ALL = 15,
};

/* Adds what the body says. */
void sessionid_read_body(const char *body, size_t length, unsigned wanted, struct sessionid *id);

/* The id of what a request made, from the answer's body: its top-level "id" or its container's.
 * False if there is none that only one key can see. */
bool sessionid_read_made(const char *body, size_t length, char ret_object[SESSIONID_TEXT]);
