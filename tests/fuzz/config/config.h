/* What meson writes for a build, for the sources that tests/fuzz/run compiles without it. */

#ifndef TCR_CONFIG_H
#define TCR_CONFIG_H

#define TCR_FORK     vfork
#define TCR_LIBEXEC  "/nonexistent"
#define TCR_MODIFIED st_mtim
#define TCR_REDIS
#define TCR_VERSION "0"

#endif
