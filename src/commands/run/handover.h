/* What the command of an attempt is given: the arguments, the environment, and how the secret goes.
 */
#pragma once

#include "commands/run/session.h"
#include "core/client/claude_settings.h"
#include "core/client/environment.h"
#include "system/keys/settingsfile.h"

#include <stdbool.h>

struct handover {
    char **argv;
    struct environment environment;
    struct shield shield;
    struct settings_source own;        /* the user's --settings, read */
    int secret_fd;                     /* -1: in the variable */
    struct settingsfile settings_file; /* what --settings names; zeroed: none, or in argv */
};

/* For the keys of all slots; `candidate` is the lead's, the one that the client logs in with and
 * that can go on a descriptor. Returns 0, or the exit status to end with, after reporting the
 * reason. Ended with handover_finish either way. */
int handover_build(struct session *session, struct candidate *candidate, bool fast_fail,
                   struct handover *ret_handover);
void handover_finish(struct handover *handover);
