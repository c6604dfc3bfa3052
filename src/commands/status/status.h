/* What `tcr-run status` shows, and the forms it has. */
#pragma once

#include "commands/pool.h"
#include "commands/screen.h"

/* One look at the pool. */
struct status_view {
    struct pool *pool;
    const struct state *state;    /* the store's, until the next look */
    const struct candidate *next; /* what a run would begin with; NULL: none is ready */
    bool needs_kind;              /* that depends on --kind */
    int64_t now;
};

/* False, the reason said, if there is no memory for it. */
bool status_look(struct pool *pool, struct status_view *ret_view);

/* For people. On a screen with rows, keys that do not fit above the last lines are left out. */
void status_append_table(struct buffer *text, const struct status_view *view,
                         const struct screen *screen);

/* One short line, for a prompt or a status bar. */
void status_append_line(struct buffer *text, const struct status_view *view);

/* For programs: tcr-run-status(1). */
void status_append_json(struct buffer *text, const struct status_view *view);

/* Shows the table until somebody ends it. Returns the exit status. */
int status_watch(struct pool *pool);
