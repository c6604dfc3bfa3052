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
    const char *profile; /* that was asked for; NULL: none */
    size_t first_row;    /* where the keys do not all fit: the first that is shown */
    size_t page;         /* how many are; set by status_append_table */
};

/* False, the reason said, if there is no memory for it. */
bool status_look(struct pool *pool, struct status_view *ret_view);

/* For people. On a screen with rows, keys that do not fit above the last lines are left out: next,
 * used and resting ones come first then, from view->first_row on, which is put right if it is too
 * large. */
void status_append_table(struct buffer *text, struct status_view *view,
                         const struct screen *screen);

/* One short line, for a prompt or a status bar. */
void status_append_line(struct buffer *text, const struct status_view *view);

/* For programs: tcr-run-status(1). */
void status_append_json(struct buffer *text, const struct status_view *view);

/* Shows the table until somebody ends it. Returns the exit status. */
int status_watch(struct pool *pool);
