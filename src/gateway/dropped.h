/* What requests and answers lose when they are translated, reported once for each kind; and which
 * fields a model refuses, so that the next request is sent without them at once. */
#pragma once

#include "base/buffer.h"
#include "core/pool/modelmap.h"

#include <stddef.h>

struct gateway;

#define DROPPED_MODELS 32

struct dropped {
    struct buffer said; /* names, each with a line end before and after it */
    struct omission {
        char key[80], model[MODELMAP_NAME];
        unsigned omit; /* of REFUSABLE_... */
    } omissions[DROPPED_MODELS];
    size_t next;
};

void dropped_finish(struct dropped *dropped);

/* `notes` as in struct translation; each that is new becomes a line in the log of events. */
void dropped_say(struct gateway *gateway, const char *key, const char *notes);

/* What the key's model is known to refuse; 0 if nothing. */
unsigned dropped_known(const struct gateway *gateway, const char *key, const char *model);
void dropped_learn(struct gateway *gateway, const char *key, const char *model, unsigned omit);
