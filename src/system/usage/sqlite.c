#include "system/usage/sqlite.h"

#include "system/library.h"

#include <stdbool.h>
#include <string.h>

/* On macOS dlopen looks for a name alone in the current folder, too. */
#ifdef __APPLE__
#define LIBRARY "/usr/lib/libsqlite3.dylib"
#else
#define LIBRARY "libsqlite3.so.0"
#endif

const struct sqlite *sqlite_load(struct buffer *error)
{
    static struct sqlite sqlite;
    static bool loaded;
    if (loaded)
        return &sqlite;
    void *library = library_open(LIBRARY);
    if (!library) {
        buffer_append_text(error, "usage needs SQLite, which cannot be loaded (" LIBRARY
                                  " is missing or unusable): apt-get install libsqlite3-0");
        return NULL;
    }
    loaded = true;
#define SQLITE_FIND(name) loaded &= LIBRARY_FIND(library, sqlite3_##name, &sqlite.name);
    SQLITE_FUNCTIONS(SQLITE_FIND)
#undef SQLITE_FIND
    if (!loaded)
        buffer_append_text(error, "the SQLite of this system is too old; expected 3.24 or newer");
    return loaded ? &sqlite : NULL;
}
