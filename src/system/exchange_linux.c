#include "system/exchange.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Older musl has no renameat2, though the kernel does. */
int exchange_names(int folder, const char *one, const char *other)
{
    return syscall(SYS_renameat2, folder, one, folder, other, RENAME_EXCHANGE) < 0 ? -errno : 0;
}
