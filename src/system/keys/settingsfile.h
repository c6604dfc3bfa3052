/* Settings for Claude Code that may hold what must not stand in argv: a private file in TMPDIR or
 * /tmp, there as long as its process is. */
#pragma once

struct settingsfile {
    char *path; /* NULL: there is none */
    int fd;     /* holds the lock that says whose process still lives */
};

/* Makes one with this text, and removes those that killed processes of this user left in the same
 * folder. Returns 0, or a negative errno with nothing made. */
int settingsfile_create(const char *text, struct settingsfile *ret_file);

/* Takes one that was never made, too (zeroed). */
void settingsfile_remove(struct settingsfile *file);
