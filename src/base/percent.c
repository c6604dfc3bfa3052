#include "base/percent.h"

static int digit_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

int percent_read(const char *at, size_t length)
{
    int high = length > 2 ? digit_of(at[1]) : -1;
    int low = high >= 0 ? digit_of(at[2]) : -1;
    return low >= 0 ? high * 16 + low : -1;
}
