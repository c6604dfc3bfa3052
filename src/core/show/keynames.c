#include "core/show/keynames.h"

bool keynames_add(struct keynames *names, const char *name)
{
    if (names->count++ >= names->most)
        return false;
    buffer_append_format(names->text, "%s\"%s\"", names->count > 1 ? names->between : "", name);
    return true;
}

void keynames_end(const struct keynames *names)
{
    if (names->count > names->most)
        buffer_append_format(names->text, "%sand %zu more", names->between,
                             names->count - names->most);
}
