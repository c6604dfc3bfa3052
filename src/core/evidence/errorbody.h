/* The body of a provider's error where it stands in a line: JSON, or a Python dictionary. */
#pragma once

#include <stdbool.h>

#define ERRORBODY_NAME    48
#define ERRORBODY_MESSAGE 512

struct errorbody {
    bool is_error;                   /* a "type" in it is "error": Anthropic's own form */
    char name[ERRORBODY_NAME];       /* the error's type; "" if it names none */
    char message[ERRORBODY_MESSAGE]; /* cut to fit; "" if there is none */
};

/* `text` begins with '{'. What does not look like a body gives an empty one. */
void errorbody_read(const char *text, struct errorbody *ret_body);
