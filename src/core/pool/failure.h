/* The ways in which a run can fail for a reason that is the credential's or the provider's, and
 * what each costs. Everything else is the command's own failure and costs no key (CLASS_NONE). */
#pragma once

#include "base/buffer.h"
#include "core/pool/provider.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum failure_class {
    CLASS_NONE,
    CLASS_LIMIT,     /* plan window, extra usage or spend limit used up */
    CLASS_THROTTLED, /* a short 429 */
    CLASS_AUTH,      /* 401, not logged in */
    CLASS_FORBIDDEN, /* 403: this kind of key is refused */
    CLASS_BILLING,   /* no credit */
    CLASS_SERVER,    /* 5xx, 529 */
    CLASS_NETWORK,   /* no connection */
    CLASS_COUNT
};

/* What a cooldown covers. */
enum failure_scope { SCOPE_KEY, SCOPE_MODEL, SCOPE_ORGANIZATION };

/* How a class was recognised, from weak to strong. */
enum failure_source {
    SOURCE_NOTHING,
    SOURCE_EXIT,       /* --exit-class */
    SOURCE_TEXT,       /* a line of output that is a known message as a whole */
    SOURCE_MARKER,     /* --marker */
    SOURCE_TRANSCRIPT, /* the client's own record of the session */
    SOURCE_RESULT      /* an error result in json or stream-json output */
};

#define FINDING_TEXT  240
#define FINDING_MODEL 64

/* The model of those who ask for none. */
#define FINDING_DEFAULT_MODEL "default"

/* One recognised failure. */
struct finding {
    enum failure_class class;
    enum failure_scope scope;
    enum failure_source source;
    enum provider provider;    /* whose message it is, where that shows */
    int64_t until;             /* reset time told, seconds since 1970; 0 if none was */
    int64_t longest;           /* seconds that a window of this name can last; 0: not known */
    char model[FINDING_MODEL]; /* SCOPE_MODEL: what it is called, lower case; "": the one in use */
    char what[FINDING_MODEL];  /* "session limit", "weekly limit", … for messages; may be "" */
    char line[FINDING_TEXT];   /* the line as seen, escapes removed, cut to fit */
};

/* A refusal of the model in use does not name it: `model` is its name as asked for, NULL or "" if
 * nobody asked for one. "[1m]" behind it stays where the refusal is of long context alone: the
 * model's other requests may go on. Changes nothing else. */
void finding_name_model(struct finding *finding, const char *model);

const char *failure_class_name(enum failure_class class);
const char *failure_scope_name(enum failure_scope scope);
const char *failure_source_name(enum failure_source source);

/* CLASS_COUNT if the name is unknown. "none" is CLASS_NONE. */
enum failure_class failure_class_parse(const char *name, size_t length);

/* That no class has this name: a clause for messages, with the nearest or all of them. */
void failure_append_unknown(const char *name, size_t length, struct buffer *text);

/* Seconds a key rests when no reset time was given (design: "Verdicts"). */
int64_t failure_default_cooldown(enum failure_class class);

/* True for trouble that is not the key's fault: the master is not spent on it. */
bool failure_is_transient(enum failure_class class);

/* A phrase for messages: "was refused (401)", "reached its limit", … */
const char *failure_phrase(enum failure_class class);
