/* What is asked of the gateway itself: how its accounts stand, and changes to them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum control_id {
    CONTROL_STATUS,   /* GET /status */
    CONTROL_ACCOUNTS, /* GET /status/accounts */
    CONTROL_ACCOUNT,  /* GET /status/accounts/NAME */
    CONTROL_ACTION,   /* POST /status/accounts/NAME/refresh, … */
    CONTROL_HEALTH,   /* GET /health */
    CONTROL_METRICS,  /* GET /metrics */
    CONTROL_UNKNOWN,  /* 404: below /status, and none of these */
    CONTROL_METHOD,   /* 405: one of these, with another method */
};

#define CONTROL_NAME 128

struct control {
    enum control_id id;
    const char *action;      /* CONTROL_ACTION: "refresh", "enable", "disable" or "reset" */
    const char *allowed;     /* CONTROL_METHOD: the methods, for the header */
    char name[CONTROL_NAME]; /* of the account, decoded; "" if it is none that a key could have */
};

/* False for what is meant for a provider. `target` as in route_find. */
bool control_read(const char *method, const char *target, struct control *ret_control);

/* A key's name in a path, percent-decoded: "" if it is too long, or no text. */
void control_decode_name(const char *text, size_t length, char ret_name[CONTROL_NAME]);
