/* Tells that a file grew, where the system can (inotify). A user has 128 such watchers, and the
 * commands of many runs at once want some of them: a process has one, for all its files. */
#pragma once

#include <stdbool.h>

/* Watches the file behind a descriptor for as long as it is open anywhere. False where nothing can
 * tell, or there are no watchers left: then it has to be looked at now and then. */
bool growth_watch(int fd);

/* What to poll for input; -1 if nothing is watched. */
int growth_fd(void);

/* Forgets what was told. To be called before the files are looked at: what comes after that look is
 * reported again. */
void growth_forget(void);
