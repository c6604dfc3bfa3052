/* What stands before a message on its line: a time stamp, a job's name, "Error: ", the class of an
 * exception, "API Error: 429 ". */
#pragma once

#include "core/pool/provider.h"

#include <stdbool.h>
#include <stddef.h>

struct lead {
    const char *rest;       /* the message itself; points into the text */
    bool client;            /* "API Error": what follows is Claude Code's own word */
    bool exception;         /* the class of an exception of a provider's SDK was named */
    bool connection;        /* one that means: no connection */
    bool barred;            /* a bar stands first: a table, unless it is an exception group's */
    int status;             /* the HTTP status that it names; 0 if none */
    enum provider provider; /* whose SDK it was */
};

/* `text` is a line as plain_normalise leaves it. */
void lead_read(const char *text, struct lead *ret_lead);

/* In a line as it was printed: the length of the tag that `parallel --tag` or `docker compose` put
 * before it, with the tab or bar and blanks after it; 0 if there is none. */
size_t lead_tag(const char *line, size_t length);
