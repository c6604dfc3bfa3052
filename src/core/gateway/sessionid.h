/* What the gateway needs to know about a request: its session, its model, and whether it names
 * something that belongs to one key. A body of 5 MB is scanned once, string by string. It need not
 * be valid JSON: the provider judges that. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define SESSIONID_TEXT  128
#define SESSIONID_MODEL 128

struct sessionid {
    char session[SESSIONID_TEXT]; /* "" if the request names none: the connection is the session */
    char model[SESSIONID_MODEL];  /* as asked for; "" if none */
    bool stream;                  /* "stream": true */
    char object[SESSIONID_TEXT];  /* the first id of a file, container or skill; "" if none */
    char key[SESSIONID_TEXT]; /* X-Tcr-Key or X-Account-Name: a key picked by hand; "" if none */
};

/* Reads X-Claude-Code-Session-Id, and the key picked by hand. Fills all of *ret_id, and clears the
 * fields that the body tells. */
void sessionid_read_head(const char *head, struct sessionid *ret_id);

/* What to look for in a body. The less that is, the sooner it is found: clients name the model
 * first, and nothing after the last thing wanted is looked at. */
enum {
    SESSIONID_WANT_SESSION = 1, /* metadata.user_id's, unless the head named a session */
    SESSIONID_WANT_MODEL = 2,
    SESSIONID_WANT_STREAM = 4,
    SESSIONID_WANT_OBJECT = 8, /* the first: if there is none, the whole body is scanned */
    SESSIONID_WANT_ALL = 15,
};

/* Adds what the body tells. */
void sessionid_read_body(const char *body, size_t length, unsigned wanted, struct sessionid *id);

/* True if the outermost object has one member "model", however it is spelled: of two, the provider
 * may take the other than sessionid_read_body does. */
bool sessionid_names_one_model(const char *body, size_t length);

/* The id of what a request created, from the answer's body: its top-level "id" or its container's.
 * False if it has no id that only one key can see. */
bool sessionid_read_made(const char *body, size_t length, char ret_object[SESSIONID_TEXT]);
