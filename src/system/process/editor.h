/* The person's editor: VISUAL, else EDITOR, else the system's. */
#pragma once

/* Opens it for the file, on the terminal, and waits for its end; the shell reads the variable, so
 * that it can have options (`code --wait`). Signals that ask to end are handed on to it. Returns 0
 * with waitpid's status; -EINTR if somebody asked this process to end (the signal stays pending
 * where it can); -ENOENT if there is no editor; another negative errno if it could not be started.
 */
int editor_run(const char *path, int *ret_status);

/* The name of what editor_run would start, borrowed; NULL if there is none. */
const char *editor_name(void);

/* The same, if it is one that the person named. */
const char *editor_wanted(void);
