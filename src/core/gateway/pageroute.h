/* What is asked of the gateway's page: `/`, and what stands below /page. */
#pragma once

#include "core/gateway/control.h"

#include <stdbool.h>

enum page_id {
    PAGE_INDEX,    /* GET / */
    PAGE_FILE,     /* GET /page/NAME: one of the page's files, if there is one of this name */
    PAGE_OPEN,     /* GET /page/open?code=CODE */
    PAGE_LINK,     /* POST /page/link */
    PAGE_STATE,    /* GET /page/state */
    PAGE_EVENTS,   /* GET /page/events */
    PAGE_LOG,      /* GET /page/log */
    PAGE_USAGE,    /* GET /page/usage */
    PAGE_ADD,      /* POST /page/keys */
    PAGE_ACTION,   /* POST /page/keys/NAME/ACTION */
    PAGE_ORDER,    /* POST /page/order */
    PAGE_FALLBACK, /* POST /page/model_fallback */
    PAGE_UNKNOWN,  /* 404 */
    PAGE_METHOD,   /* 405: one of these, with another method */
};

struct pageroute {
    enum page_id id;
    const char *action;      /* PAGE_ACTION: "test", "enable", "disable", "reset", "refresh" or
                                "remove" */
    const char *allowed;     /* PAGE_METHOD: the methods, for the header */
    char name[CONTROL_NAME]; /* PAGE_ACTION: of the key, decoded; PAGE_FILE: of the file. "" if it
                                is none that a key could have */
};

/* False for what is not the page's. `target` as in route_find. */
bool pageroute_read(const char *method, const char *target, struct pageroute *ret_route);

/* A parameter of the target's query, decoded; false if it is not there, or too long. */
bool pageroute_parameter(const char *target, const char *name, char *ret_value, size_t size);
