/* A command that is killed when we are killed. */
#pragma once

#include <sys/types.h>

/* Before the fork. */
void lifeline_prepare(void);

/* In the child, before its exec. It changes no memory. */
void lifeline_tie(void);

/* When it was waited for: its number may be a stranger's from now on. */
void lifeline_release(pid_t child);
