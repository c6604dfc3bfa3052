/* What store.c can do with a store of either kind; see store.h for what each call does. */
#pragma once

#include "system/store/store.h"

struct store_backend {
    int (*update)(void *self, store_change *change, void *context);
    int (*try_update)(void *self, store_change *change, void *context, struct buffer *why);
    struct state *(*read)(void *self);
    const struct state *(*last)(const void *self);
    void (*note_event)(void *self, const char *line);
    int (*events)(void *self, void (*take)(void *context, const char *line, size_t length),
                  void *context);
    const char *(*path)(const void *self);
    const char *(*events_path)(const void *self);
    void (*destroy)(void *self);

    /* NULL where there is nothing to do. */
    void (*follow_keys)(void *self, const struct keyring *keyring);
    int64_t (*ahead)(const void *self); /* seconds its clock is ahead of ours */
    int64_t (*due)(const void *self);
    void (*renew)(void *self, int64_t now_ms);
    void (*let_go)(void *self);
    int (*claim)(void *self, struct claim *claim);
    int (*probe)(void *self, struct state *ret_state, int64_t *ret_ahead, struct buffer *error);
};
