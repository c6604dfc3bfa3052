#include "system/log.h"
#include "base/jsontext.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/host.h"
#include "commands/output.h"
#include "core/show/eventtext.h"
#include "core/show/since.h"
#include "system/store/store.h"
#include "system/zone.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY_MS 500
#define FOLLOW_LINES  10 /* where -f begins without -n */

/* What is asked for, and what was found. */
struct view {
    bool json, follow;
    const char *key; /* NULL: all */
    bool no_events, key_seen;
    bool unwritten; /* the error was in writing the output */
    int64_t since;  /* seconds since 1970 */
    size_t last;    /* how many lines to show at first; SIZE_MAX: all */
    struct store *store;
    struct buffer lines;  /* ready to be shown */
    struct buffer starts; /* size_t: where each line begins */
};

static void show_event(struct view *view, const struct event *event)
{
    size_t start = view->lines.length;
    buffer_append(&view->starts, &start, sizeof start);
    if (!view->json) {
        eventtext_append(&view->lines, event, &zone_system);
        buffer_append_char(&view->lines, '\n');
        return;
    }
    jsontext_tree(&view->lines, event->tree, false);
    buffer_append_char(&view->lines, '\n');
}

static void read_line(void *context, const char *line, size_t length)
{
    struct view *view = context;
    struct event event;
    if (event_parse(line, length, &event) < 0)
        return;
    bool concerns = !view->key || event_concerns(&event, view->key);
    view->key_seen |= concerns;
    if (concerns && event.time >= view->since)
        show_event(view, &event);
    event_finish(&event);
}

/* Shows new events, at first all there are. Returns 0 or a negative errno. */
static int read_more(struct view *view)
{
    int r = store_events(view->store, read_line, view);
    view->no_events = r == -ENOENT;
    if (r == -ENOENT && !view->follow)
        log_say("nothing has happened yet: there is no %s; runs write it",
                store_events_path(view->store));
    if (r < 0 && r != -ENOENT)
        return r;
    return view->lines.failed || view->starts.failed ? -ENOMEM : 0;
}

/* Writes the last `most` lines, and forgets them all. */
static int put_lines(struct view *view, size_t most)
{
    size_t count = view->starts.length / sizeof(size_t), start = 0;
    if (count > most)
        memcpy(&start, view->starts.data + (count - most) * sizeof start, sizeof start);
    if (most == 0)
        start = view->lines.length;
    int r = view->lines.length == start
                ? 0
                : output_write(view->lines.data + start, view->lines.length - start);
    view->unwritten = r < 0;
    buffer_clear(&view->lines);
    buffer_clear(&view->starts);
    return r;
}

/* A name that no event holds may be misspelt; the name of a key that was never used is not a
 * mistake. */
static void say_unknown_key(const struct view *view)
{
    if (view->key && !view->key_seen && !view->no_events)
        log_say("log: nothing has happened to a key \"%s\"; tcr-run keys list shows the keys",
                view->key);
}

/* Runs until Ctrl-C, or until nobody reads any more. */
static int follow(struct view *view)
{
    for (;;) {
        struct pollfd reader = {.fd = STDOUT_FILENO};
        int r = put_lines(view, SIZE_MAX);
        if (r < 0)
            return r;
        if (poll(&reader, 1, LOOK_EVERY_MS) > 0 && reader.revents)
            return 0;
        r = read_more(view);
        if (r < 0)
            return r;
    }
}

static int take_since(struct view *view, const char *text)
{
    if (!text)
        return 0;
    int r = since_parse(text, time(NULL), &zone_system, &view->since);
    if (r < 0)
        log_say("log: --since %s: %s", text,
                r == -ERANGE ? "that is still to come" : "expected a time such as " SINCE_FORMS);
    return r;
}

static int take_last(struct view *view, const char *text)
{
    view->last = view->follow ? FOLLOW_LINES : SIZE_MAX;
    if (!text)
        return 0;
    if (!*text || strlen(text) > 9 || text[strspn(text, "0123456789")] != '\0') {
        log_say("log: -n %s: expected a number of lines", text);
        return -EINVAL;
    }
    view->last = (size_t)strtoul(text, NULL, 10);
    return 0;
}

static int open_store(struct view *view)
{
    view->store = store_create(NULL, &command_host);
    if (view->store && store_events_path(view->store))
        return 0;
    log_say("log: there is no place for the state: set HOME");
    return -ENOENT;
}

static int take_arguments(struct view *view, int argc, char **argv)
{
    const char *since = NULL, *last = NULL;
    const struct flag flags[] = {
        {"follow", 'f', &view->follow, NULL}, {"json", 0, &view->json, NULL},
        {"key", 'k', NULL, &view->key},       {"since", 0, NULL, &since},
        {"lines", 'n', NULL, &last},          {0}};
    int words = arguments_take(argc, argv, flags, NULL, "log");
    if (words > 0)
        log_say("log takes no names; usage: tcr-run log [-f] [--json] [--key NAME] [--since TIME] "
                "[-n N]");
    if (words != 0)
        return -EINVAL;
    int r = take_since(view, since);
    if (r == 0)
        r = take_last(view, last);
    return r == 0 ? open_store(view) : r;
}

static void view_finish(struct view *view)
{
    buffer_finish(&view->lines);
    buffer_finish(&view->starts);
    store_destroy(view->store);
}

int command_log(int argc, char **argv)
{
    struct view view = {0};
    int status = EXIT_OWN_FAILURE;
    if (take_arguments(&view, argc, argv) == 0) {
        int r = read_more(&view);
        if (r == 0)
            say_unknown_key(&view);
        if (r == 0)
            r = put_lines(&view, view.last);
        if (r == 0 && view.follow)
            r = follow(&view);
        if (r < 0 && view.unwritten)
            (void)output_fail(r);
        else if (r < 0)
            log_say("log: %s: %s", store_events_path(view.store),
                    r == -EINVAL ? "it is not a regular file" : strerror(-r));
        status = r < 0 ? EXIT_OWN_FAILURE : 0;
    }
    view_finish(&view);
    return status;
}
