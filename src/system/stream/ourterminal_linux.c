#include "system/stream/ourterminal.h"

#include <fcntl.h>

int ourterminal_open(void)
{
    return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}
