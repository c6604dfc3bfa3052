/* What subcommands write into events.jsonl beside the state. Best effort: it never fails a run. */
#pragma once

#include "commands/run/attempt.h"
#include "commands/run/step.h"
#include "core/show/gatewaynews.h"
#include "core/state/event.h"

/* How events call the run's command: its base name. */
const char *journal_command(const struct session *session);

/* Adds the event, with the time (unless it has one), our process and the run's command. */
void journal_add(const struct session *session, const struct event *event);

/* Says it on stderr as well, in these words. */
void journal_say(const struct session *session, const struct event *event, const char *sentence);
void journal_say_step(const struct step *step, enum event_kind kind, const char *sentence);

/* Adds what happened to the key that a step is about, and which one follows. */
void journal_add_step(const struct step *step, enum event_kind kind);

/* Adds that what was known of a key was forgotten. */
void journal_add_reset(const struct pool *pool, const char *key);

/* Adds what a check found out about a key. */
void journal_add_check(const struct pool *pool, const char *key, const char *text);

/* Adds how an attempt ended that did not fail for its key, and what the run took. `own_status` is
 * what attempt_run gave. `news`: of the gateway that the command had, now that it has ended; NULL
 * if it had none. */
void journal_add_ending(const struct attempt *attempt, int own_status,
                        const struct gatewaynews *news);
