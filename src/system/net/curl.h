/* libcurl's functions, found at run time. Its own macros that check types do not apply to them:
 * numbers must be given as long. */
#pragma once

#include "base/buffer.h"

#include <curl/curl.h>

#define CURL_FUNCTIONS(F)                                                                          \
    F(global_init)                                                                                 \
    F(easy_init)                                                                                   \
    F(easy_cleanup)                                                                                \
    F(easy_setopt)                                                                                 \
    F(easy_getinfo)                                                                                \
    F(easy_strerror)                                                                               \
    F(multi_init)                                                                                  \
    F(multi_add_handle)                                                                            \
    F(multi_remove_handle)                                                                         \
    F(multi_perform)                                                                               \
    F(multi_poll)                                                                                  \
    F(multi_info_read)                                                                             \
    F(multi_cleanup)

struct curl {
#define CURL_MEMBER(name) __typeof__(curl_##name) *name;
    CURL_FUNCTIONS(CURL_MEMBER)
#undef CURL_MEMBER
};

/* Loads libcurl, once; it stays. NULL, with one sentence in `error`, if that cannot be. */
const struct curl *curl_load(struct buffer *error);
