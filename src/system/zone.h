#pragma once

#include "core/evidence/resettime.h"

/*
 * The C library's zones. A name is an IANA one (letters, digits, `/ _ + -`, relative, no dots),
 * looked up below $TZDIR or /usr/share/zoneinfo, or UTC or GMT, which need no file. NULL or "" is
 * the machine's own zone: TZ, else /etc/localtime. Errors: -EINVAL for an unknown zone, -EOVERFLOW
 * for a year that does not fit.
 *
 * A civil time that comes twice, when daylight saving ends, is the later of the two; one that is
 * skipped is as much later as the clock jumps (02:30 is 03:30): a key is never tried too early.
 *
 * While a call runs, TZ is another one: not for use beside other threads.
 */
extern const struct zone_ops zone_system;
