/* SQLite's functions, found at run time: when there is usage to be recorded or shown, and never
 * before. Neither program's start has to load one library more. */
#pragma once

#include "base/buffer.h"

#include <sqlite3.h>

#define SQLITE_FUNCTIONS(F)                                                                        \
    F(open_v2)                                                                                     \
    F(close_v2)                                                                                    \
    F(exec)                                                                                        \
    F(prepare_v2)                                                                                  \
    F(finalize)                                                                                    \
    F(reset)                                                                                       \
    F(step)                                                                                        \
    F(bind_int64)                                                                                  \
    F(bind_null)                                                                                   \
    F(bind_text)                                                                                   \
    F(column_int64)                                                                                \
    F(column_text)                                                                                 \
    F(column_type)                                                                                 \
    F(busy_timeout)                                                                                \
    F(extended_result_codes)                                                                       \
    F(errstr)

struct sqlite {
#define SQLITE_MEMBER(name) __typeof__(sqlite3_##name) *name;
    SQLITE_FUNCTIONS(SQLITE_MEMBER)
#undef SQLITE_MEMBER
};

/* Loads SQLite, once; it stays. For one thread of a process. NULL, with one sentence in `error`, if
 * that cannot be. */
const struct sqlite *sqlite_load(struct buffer *error);
