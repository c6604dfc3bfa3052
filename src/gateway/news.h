/* Reports what happens to the keys, to the log of events beside the state and to the run that a
 * private gateway belongs to (contract.h). Nothing here waits for a reader. */
#pragma once

#include "core/pool/failure.h"
#include "core/state/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct served {
    char name[80];
    unsigned long requests;
};

struct news {
    int tell_fd;       /* -1: nobody is told */
    bool is_listening; /* that is told first; what happens before is in the log alone */
    void (*log)(void *context, const char *line);
    void *context;
    struct served *served;
    size_t served_count;
    unsigned long refused;
    int64_t master_said; /* clock_now_ms */
    int64_t model_said;  /* the same */
    char model[128];     /* that was reported last */
};

void news_listening(struct news *news);

/* Adds the time and our process, and reports it. */
void news_event(struct news *news, struct event *event);

/* Something that somebody should fix, also printed as a warning. */
void news_warn(struct news *news, const char *text);

/* Every key rests for a model, and another model is used instead; reported when that changes, and
 * every ten minutes. */
void news_model(struct news *news, const char *asked, const char *next);

/* A request was answered with a key, or with none. */
void news_served(struct news *news, const char *key);
void news_refused(struct news *news);

/* Reports the numbers and closes the descriptor, once. */
void news_end(struct news *news);
void news_finish(struct news *news);
