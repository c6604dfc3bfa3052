/* The names that the provider and its client give to errors: in error bodies, in results, in rows
 * of streams and transcripts. They need no wording. */
#pragma once

#include "core/pool/failure.h"

#include <stdbool.h>

struct errorname {
    enum failure_class class;
    bool one_model; /* it is about the model in use alone */
};

/* An error body's type ("rate_limit_error") or the client's "error" ("rate_limit"). CLASS_NONE for
 * NULL and for errors that are not about a key. */
enum failure_class errorname_class(const char *name);

/* The client's own "api_error" ("usage_limit_reached"), which says more exactly what happened. An
 * unknown name is understood by its words, if the status says that the account was refused. */
struct errorname errorname_read(const char *api_error, int status);
