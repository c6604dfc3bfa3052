/* Not part of any program: what tests/unit/purity must find fault with. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

long impure_call(void);

long impure_call(void)
{
    puts("impure");
    return (long)time(NULL) + (getenv("HOME") != NULL);
}
