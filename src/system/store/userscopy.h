/* A copy of a gateway's users beside the state's file. A state can begin anew, since it is only
 * what was learned; users cannot, and the keys of those who were revoked must stay so. */
#pragma once

#include "system/host.h"

/* Makes FILE.users in the folder what `users` (the state's text) is; nothing happens if it is so
 * already. To be called before the state is written, under its lock: a copy that lags behind would
 * let in who was revoked. Returns 0 or a negative errno. */
int userscopy_keep(int folder, const char *file, const char *users);

/* The text of the copy, freed by the caller; NULL if there is none, or none that can be read.
 * Whatever is found besides "no file" is reported, with `why` as the beginning of the sentence
 * (NULL: nothing is). */
char *userscopy_take(int folder, const char *file, const struct host *host, const char *why);
