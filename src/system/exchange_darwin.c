#include "system/exchange.h"

#include <errno.h>
#include <stdio.h>

int exchange_names(int folder, const char *one, const char *other)
{
    return renameatx_np(folder, one, folder, other, RENAME_SWAP) < 0 ? -errno : 0;
}
