/* The sentences in which a provider or its client says that a key cannot be used for now: families
 * of wordings, told by their subject, because they differ from one version to the next. */
#pragma once

#include "core/pool/failure.h"

#include <stdbool.h>

/* Who says it: the less is known about that, the more a sentence has to name. */
enum speaker {
    SPEAKER_PREFIXED, /* a line of any program, after "Error: " or the like */
    SPEAKER_ANYBODY,  /* a line of any program, alone */
    SPEAKER_CLIENT,   /* a field or a line that is surely the client's or the provider's */
};

/* What a sentence means. */
struct sentence {
    enum failure_class class;
    bool known; /* it is one of the families; with CLASS_NONE a near miss: no other sign counts */
    bool one_model; /* it is about the model in use, which it does not name */
};

/* `text` is a sentence as plain_normalise leaves it, without what stands before it. */
struct sentence sentence_read(const char *text, enum speaker speaker);

/* The same for an error's message, where the words may stand anywhere: what makes a refusal of the
 * request (`status`) one of the account. */
struct sentence sentence_find(const char *text, int status);
