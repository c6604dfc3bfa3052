#include "core/evidence/errorbody.h"

#include "core/evidence/errorname.h"

#include <stdio.h>
#include <string.h>

/* Skips a quoted text; NULL if it does not end. */
static const char *read_quoted(const char *at, char *ret_text, size_t size)
{
    char quote = *at++;
    size_t length = 0;
    while (*at && *at != quote) {
        if (*at == '\\' && at[1])
            at++;
        if (length + 1 < size)
            ret_text[length++] = *at;
        at++;
    }
    ret_text[length] = '\0';
    return *at ? at + 1 : NULL;
}

static void take_member(const char *name, const char *value, struct errorbody *body)
{
    if (strcmp(name, "type") == 0 && strcmp(value, "error") == 0)
        body->is_error = true;
    else if (strcmp(name, "type") == 0 && errorname_class(body->name) == 0)
        snprintf(body->name, sizeof body->name, "%s", value);
    else if (strcmp(name, "message") == 0 && !*body->message)
        snprintf(body->message, sizeof body->message, "%s", value);
}

void errorbody_read(const char *text, struct errorbody *ret_body)
{
    char name[ERRORBODY_MESSAGE] = "", value[ERRORBODY_MESSAGE];
    *ret_body = (struct errorbody){0};
    for (const char *at = text; at && *at;) {
        if (*at != '"' && *at != '\'') {
            at++;
            continue;
        }
        at = read_quoted(at, value, sizeof value);
        const char *next = at ? at + strspn(at, " ") : NULL;
        if (next && *next == ':')
            memcpy(name, value, sizeof name);
        else if (*name) {
            take_member(name, value, ret_body);
            *name = '\0';
        }
    }
}
