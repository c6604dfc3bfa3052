#include "system/filesystem.h"

bool filesystem_is_memory(const char *folder)
{
    (void)folder;
    return false;
}
