#include "commands/status/status.h"
#include "core/show/render.h"
#include "system/zone.h"

static bool is_in_use(const struct candidate *candidate)
{
    return candidate->standing != STANDING_DISABLED && candidate->standing != STANDING_LEFT_OUT;
}

static void append_ready(struct buffer *text, const struct rotation *rotation)
{
    size_t all = 0;
    for (size_t i = 0; i < rotation->count; i++)
        all += is_in_use(&rotation->candidates[i]);
    buffer_append_format(text, "%zu of %zu %s", rotation_ready(rotation), all,
                         standing_word(STANDING_READY));
}

void status_append_line(struct buffer *text, const struct status_view *view)
{
    const struct rotation *rotation = &view->pool->rotation;
    int64_t earliest = rotation_earliest(rotation);
    if (view->next) {
        struct buffer told = {0};
        bool is_master = view->next == &rotation->candidates[rotation->count];
        render_windows_short(&told, state_find(&view->state->keys, view->next->id), view->now);
        buffer_append_format(text, "%s%s%s%s", view->next->key->name, is_master ? " (billed)" : "",
                             told.length > 0 ? " " : "", buffer_text(&told));
        text->failed |= told.failed;
        buffer_finish(&told);
    } else if (earliest > 0) {
        buffer_append_text(text, "no key until ");
        render_time(text, earliest, view->now, &zone_system);
    } else {
        buffer_append_text(text, view->needs_kind ? "keys of several kinds" : "no key");
    }
    buffer_append_text(text, " · ");
    append_ready(text, rotation);
    buffer_append_char(text, '\n');
}
