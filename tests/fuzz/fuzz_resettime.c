/* The first byte chooses the time it is now. */
#include "fuzz.h"

#include <stdlib.h>

#define AHEAD_MOST (400 * INT64_C(86400))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t nows[] = {FUZZ_NOW,
                                   0,
                                   INT64_C(1577836800),   /* 2020-01-01 */
                                   INT64_C(1709208000),   /* a 29th of February */
                                   INT64_C(1798761599),   /* the last second of 2026 */
                                   INT64_C(253402300799), /* the last of 9999 */
                                   -1,
                                   INT64_MAX};
    struct input input = {data, size};
    int64_t now = nows[input_byte(&input) % COUNT(nows)];
    char *text = input_text(&input);
    int64_t until = -1;
    if (resettime_find(text, now, &fuzz_zones, &until))
        EXPECT(until >= nows[2] && until <= now + AHEAD_MOST);
    else
        EXPECT(until == -1);
    free(text);
    return 0;
}
