#include "gateway/loop.h"

#include <errno.h>
#include <stdlib.h>

#define GATHERED_MOST 1024 /* of a source */

int loop_init(struct loop *loop)
{
    *loop = (struct loop){.epoll = -1};
    return 0;
}

void loop_finish(struct loop *loop)
{
    free(loop->watches);
    free(loop->slots);
    *loop = (struct loop){.epoll = -1};
}

/* Room for one more watch, and for poll to be given all there are. */
static int make_room(struct loop *loop)
{
    if (loop->count < loop->room)
        return 0;
    size_t room = loop->room ? 2 * loop->room : 64;
    struct watch **watches = realloc(loop->watches, room * sizeof(struct watch *));
    if (!watches)
        return -ENOMEM;
    loop->watches = watches;
    size_t slot_room = room + (size_t)LOOP_SOURCES * GATHERED_MOST;
    struct pollfd *slots = realloc(loop->slots, slot_room * sizeof *slots);
    if (!slots)
        return -ENOMEM;
    loop->slots = slots;
    loop->slot_room = slot_room;
    loop->room = room;
    return 0;
}

int loop_add(struct loop *loop, struct watch *watch)
{
    int r = make_room(loop);
    if (r == 0)
        loop->watches[loop->count++] = watch;
    return r;
}

int loop_change(struct loop *loop, struct watch *watch, uint32_t events)
{
    (void)loop;
    watch->events = events;
    return 0;
}

/* Its place stays empty until the next round, which may be serving the others. */
void loop_remove(struct loop *loop, struct watch *watch)
{
    for (size_t i = 0; i < loop->count; i++)
        if (loop->watches[i] == watch)
            loop->watches[i] = NULL;
}

static void close_gaps(struct loop *loop)
{
    size_t kept = 0;
    for (size_t i = 0; i < loop->count; i++)
        if (loop->watches[i])
            loop->watches[kept++] = loop->watches[i];
    loop->count = kept;
}

int loop_round(struct loop *loop, int milliseconds)
{
    size_t gathered[LOOP_SOURCES], total;
    close_gaps(loop);
    const size_t watched = total = loop->count;
    for (size_t i = 0; i < watched; i++)
        loop->slots[i] =
            (struct pollfd){.fd = loop->watches[i]->fd, .events = (short)loop->watches[i]->events};
    for (size_t i = 0; i < loop->source_count; i++) {
        const struct loop_source *source = &loop->sources[i];
        gathered[i] = source->gather(source->asked, loop->slots + total, GATHERED_MOST);
        total += gathered[i];
    }
    if (poll(loop->slots, (nfds_t)total, milliseconds) < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    /* What is added meanwhile stands behind these. */
    const struct pollfd *at = loop->slots + watched;
    for (size_t i = 0; i < loop->source_count; i++)
        for (size_t j = 0; j < gathered[i]; j++, at++)
            if (at->revents)
                loop->sources[i].watch->ready(loop->sources[i].watch->context,
                                              (uint32_t)at->revents);
    for (size_t i = 0; i < watched; i++) {
        struct watch *watch = loop->watches[i];
        uint32_t events = (uint32_t)loop->slots[i].revents;
        if (watch && events)
            watch->ready(watch->context, events);
    }
    return 0;
}
