/* One line of the log: printed and read again it is the same event. */
#include "fuzz.h"

#include "core/state/event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Not the first time: what is no UTF-8 does not come back. */
static void print_twice(const struct event *event)
{
    struct buffer line = {0}, second = {0};
    struct event again;
    event_print(event, &line);
    EXPECT(line.length > 0 && strchr(buffer_text(&line), '\n') == line.data + line.length - 1);
    char *copy = fuzz_copy(line.data, line.length);
    EXPECT(event_parse(copy, line.length, &again) == 0);
    EXPECT(again.kind == event->kind && again.class == event->class);
    event_print(&again, &second);
    EXPECT(strcmp(buffer_text(&line), buffer_text(&second)) == 0);
    event_finish(&again);
    free(copy);
    buffer_finish(&line);
    buffer_finish(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event event;
    char *line = fuzz_copy((const char *)data, size);
    int r = event_parse(line, size, &event);
    EXPECT(r == 0 || r == -EINVAL);
    if (r == 0) {
        EXPECT(event.kind < EVENT_COUNT && event.class < CLASS_COUNT);
        (void)event_concerns(&event, "home");
        if (event.kind != EVENT_OTHER)
            print_twice(&event);
        event_finish(&event);
    }
    free(line);
    return 0;
}
