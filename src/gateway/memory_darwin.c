#include "gateway/memory.h"

#include <malloc/malloc.h>
#include <stddef.h>

void memory_give_back(void)
{
    (void)malloc_zone_pressure_relief(NULL, 0);
}
