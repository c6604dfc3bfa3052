#include "config.h"
#include "gateway/front_daemon.h"
#include "gateway/front_parts.h"
#include "gateway/gateway.h"
#include "gateway/without_gnutls.h"

#include <stdlib.h>

#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

#define INSTEAD "--behind-proxy leaves TLS to a proxy"
#ifdef TCR_STATIC
#define NO_TLS                                                                                     \
    "this tcr-run, which has everything linked in, has no TLS for its clients; " INSTEAD           \
    ", and one from tools/package deb or tar has it"
#else
#define NO_TLS "its libmicrohttpd was built without TLS; " INSTEAD
#endif

bool front_has_tls(struct buffer *error)
{
    if (MHD_is_feature_supported(MHD_FEATURE_TLS) == MHD_YES)
        return true;
    buffer_append_text(error, NO_TLS);
    return false;
}

static bool start_door(struct front *front, struct tls_door *door,
                       const struct MHD_OptionItem *options)
{
    door->daemon = front_start_daemon(front, MHD_USE_TLS, options);
    if (front_watch_daemon(front, door->daemon, &door->watch))
        return true;
    if (door->daemon)
        MHD_stop_daemon(door->daemon);
    return false;
}

bool front_begin_tls(struct front *front, const char *certificates, const char *key,
                     struct buffer *error)
{
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)certificates},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL}};
    if (!front->tls && !without_gnutls_no_more()) {
        buffer_append_text(error, "GnuTLS cannot be begun; " INSTEAD);
        return false;
    }
    struct tls_door *door = calloc(1, sizeof *door);
    front->words = error;
    bool fine = door && start_door(front, door, options);
    front->words = NULL;
    if (fine) {
        door->older = front->tls;
        front->tls = door;
        return true;
    }
    free(door);
    if (error->length == 0)
        buffer_append_text(error, "TLS cannot be begun with it");
    return false;
}

static void close_door(struct front *front, struct tls_door *door)
{
    front_daemon_forget(front, &door->watch);
    MHD_stop_daemon(door->daemon);
    free(door);
}

static bool is_empty(const struct tls_door *door)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(door->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return info && info->num_connections == 0;
}

void front_tls_run(struct front *front)
{
    for (struct tls_door *door = front->tls; door; door = door->older)
        (void)MHD_run(door->daemon);
    if (!front->tls)
        return;
    for (struct tls_door **at = &front->tls->older; *at;) {
        struct tls_door *older = *at;
        if (!is_empty(older)) {
            at = &older->older;
            continue;
        }
        *at = older->older;
        close_door(front, older);
    }
}

int front_tls_wait(const struct front *front, int wait)
{
    for (const struct tls_door *door = front->tls; door; door = door->older) {
        int own = front_daemon_wait(door->daemon);
        wait = own >= 0 && (wait < 0 || own < wait) ? own : wait;
    }
    return wait;
}

void front_tls_finish(struct front *front)
{
    for (struct tls_door *door = front->tls, *older; door; door = older) {
        older = door->older;
        close_door(front, door);
    }
    front->tls = NULL;
}
