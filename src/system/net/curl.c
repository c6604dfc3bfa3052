#include "system/net/curl.h"

#include "system/library.h"

#include <stdbool.h>
#include <string.h>

/* The same library with another TLS library below it, which git depends on in Debian: better than
 * none. The one of macOS with its folder, as dlopen would look in the current one there. */
#ifdef __APPLE__
static const char *const names[] = {"/usr/lib/libcurl.4.dylib"};
#else
static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
#endif

static void *open_library(struct buffer *error)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        void *library = library_open(names[i]);
        if (library)
            return library;
    }
    buffer_append_format(
        error,
        "checking keys needs libcurl, but %s is missing or unusable; apt-get install libcurl4",
        names[0]);
    return NULL;
}

const struct curl *curl_load(struct buffer *error)
{
    static struct curl curl;
    static bool loaded;
    if (loaded)
        return &curl;
    void *library = open_library(error);
    if (!library)
        return NULL;
    bool fine = true;
#define CURL_FIND(name) fine = fine && LIBRARY_FIND(library, curl_##name, &curl.name);
    CURL_FUNCTIONS(CURL_FIND)
#undef CURL_FIND
    loaded = fine && curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!loaded)
        buffer_append_text(error, "the libcurl of this system is too old for checking keys, or "
                                  "does not start; expected 7.66 or newer");
    return loaded ? &curl : NULL;
}
