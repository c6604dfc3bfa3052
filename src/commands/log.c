#include "system/log.h"
#include "base/cleanup.h"
#include "base/duration.h"
#include "base/json.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "core/eventtext.h"
#include "system/files.h"
#include "system/store.h"
#include "system/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_LARGEST  (64 * 1024 * 1024)
#define LOOK_EVERY_MS 500
#define LATE_MS       50 /* how long a line may take from its writer's open to its write */
#define FOLLOW_LINES  10 /* what -f begins with if -n does not say */

/* What is asked for, and what of it was found. */
struct view {
    bool json, follow;
    const char *key; /* NULL: all */
    int64_t since;   /* seconds since 1970 */
    size_t last;     /* so many lines at first; SIZE_MAX: all */
    char *path, *old_path;
    int fd;               /* of the file at `path`; -1: there is none (yet) */
    struct buffer unread; /* the beginning of a line */
    struct buffer lines;  /* ready to be shown */
    struct buffer starts; /* size_t: where each of them begins */
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
    char *printed = json_print(event->tree, false);
    if (printed)
        buffer_append_format(&view->lines, "%s\n", printed);
    else
        view->lines.failed = true;
    json_free_text(printed);
}

static void read_line(struct view *view, const char *line, size_t length)
{
    struct event event;
    if (event_parse(line, length, &event) < 0)
        return;
    if (event.time >= view->since && (!view->key || event_concerns(&event, view->key)))
        show_event(view, &event);
    event_finish(&event);
}

static void read_lines(struct view *view, struct buffer *text)
{
    size_t used = 0;
    for (const char *end;
         used < text->length && (end = memchr(text->data + used, '\n', text->length - used));
         used = (size_t)(end + 1 - text->data))
        read_line(view, text->data + used, (size_t)(end - text->data) - used);
    if (used > 0)
        buffer_drop_front(text, used);
}

/* Reads what was added since the last call. Returns 0 or a negative errno. */
static int read_more(struct view *view)
{
    char chunk[65536];
    struct stat status;
    ssize_t n;
    if (view->fd < 0)
        return 0;
    if (fstat(view->fd, &status) == 0 && status.st_size < lseek(view->fd, 0, SEEK_CUR)) {
        /* Somebody emptied it. */
        (void)lseek(view->fd, 0, SEEK_SET);
        buffer_clear(&view->unread);
    }
    while ((n = read(view->fd, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        buffer_append(&view->unread, chunk, (size_t)n);
        if (view->unread.failed)
            return -ENOMEM;
        read_lines(view, &view->unread);
    }
    return view->lines.failed || view->starts.failed ? -ENOMEM : 0;
}

static bool same_file(int fd, const char *path)
{
    struct stat opened, named;
    return fd >= 0 && fstat(fd, &opened) == 0 && stat(path, &named) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

static int open_current(struct view *view)
{
    view->fd = open(view->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return view->fd < 0 && errno != ENOENT ? -errno : 0;
}

/* The file is opened before the older one is read, so that what is renamed meanwhile is not missed;
 * if it is the older one by now, it is not read twice. */
static int read_all(struct view *view)
{
    struct buffer old = {0};
    int r = open_current(view);
    if (r == 0 && !same_file(view->fd, view->old_path))
        r = files_read_plain(view->old_path, FILE_LARGEST, &old);
    if (r == 0)
        read_lines(view, &old);
    buffer_finish(&old);
    if (r == -ENOENT && view->fd < 0 && !view->follow)
        log_say("nothing has happened yet: there is no %s; runs write it", view->path);
    return r == 0 || r == -ENOENT ? read_more(view) : r;
}

/* Writes the lines from the last `most` on, and forgets them. */
static int put_lines(struct view *view, size_t most)
{
    size_t count = view->starts.length / sizeof(size_t), start = 0;
    if (count > most)
        memcpy(&start, view->starts.data + (count - most) * sizeof start, sizeof start);
    if (most == 0)
        start = view->lines.length;
    int r = view->lines.length == start ? 0
                                        : files_write_all(STDOUT_FILENO, view->lines.data + start,
                                                          view->lines.length - start);
    buffer_clear(&view->lines);
    buffer_clear(&view->starts);
    return r;
}

/* Goes on with the new file once the old one has been renamed. */
static int follow_rotation(struct view *view)
{
    if (same_file(view->fd, view->path) || access(view->path, F_OK) < 0)
        return 0;
    int r = 0;
    if (view->fd >= 0) {
        (void)poll(NULL, 0, LATE_MS);
        r = read_more(view);
        (void)close(view->fd);
        buffer_clear(&view->unread);
    }
    if (r == 0)
        r = open_current(view);
    return r == 0 ? read_more(view) : r;
}

/* Until Ctrl-C, or until nobody reads any more. */
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
        if (r == 0)
            r = follow_rotation(view);
        if (r < 0)
            return r;
    }
}

static int take_since(struct view *view, const char *text)
{
    int64_t seconds;
    if (!text)
        return 0;
    if (duration_parse(text, &seconds) < 0) {
        log_say("log: --since %s: expected a length of time such as 2h or 3d", text);
        return -EINVAL;
    }
    view->since = time(NULL) - seconds;
    return 0;
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

/* The events lie beside the state. */
static int take_paths(struct view *view)
{
    struct store *store = store_create();
    const char *state = store ? store_path(store) : NULL;
    const char *slash = state ? strrchr(state, '/') : NULL;
    int length = slash ? (int)(slash + 1 - state) : 0;
    bool fine = state && asprintf(&view->path, "%.*sevents.jsonl", length, state) >= 0 &&
                asprintf(&view->old_path, "%s.1", view->path) >= 0;
    if (!fine)
        log_say("log: there is no place for the state: set HOME");
    store_destroy(store);
    return fine ? 0 : -ENOENT;
}

static int take_arguments(struct view *view, int argc, char **argv)
{
    struct options options;
    const char *since = NULL, *last = NULL;
    const struct flag flags[] = {{"--follow", &view->follow, NULL},
                                 {"-f", &view->follow, NULL},
                                 {"--json", &view->json, NULL},
                                 {"--key", NULL, &view->key},
                                 {"-k", NULL, &view->key},
                                 {"--since", NULL, &since},
                                 {"--lines", NULL, &last},
                                 {"-n", NULL, &last},
                                 {NULL, NULL, NULL}};
    int words = arguments_parse(argc, argv, flags, &options);
    if (words > 0)
        log_say("log takes no names; usage: tcr-run log [-f] [--json] [--key NAME] [--since TIME] "
                "[-n N]");
    if (words != 0)
        return -EINVAL;
    int r = take_since(view, since);
    if (r == 0)
        r = take_last(view, last);
    return r == 0 ? take_paths(view) : r;
}

static void view_finish(struct view *view)
{
    if (view->fd >= 0)
        (void)close(view->fd);
    buffer_finish(&view->unread);
    buffer_finish(&view->lines);
    buffer_finish(&view->starts);
    free(view->path);
    free(view->old_path);
}

int command_log(int argc, char **argv)
{
    struct view view = {.fd = -1};
    int status = EXIT_OWN_FAILURE;
    if (take_arguments(&view, argc, argv) == 0) {
        int r = read_all(&view);
        if (r == 0)
            r = put_lines(&view, view.last);
        if (r == 0 && view.follow)
            r = follow(&view);
        if (r < 0)
            log_say("log: %s: %s", view.path, strerror(-r));
        status = r < 0 ? EXIT_OWN_FAILURE : 0;
    }
    view_finish(&view);
    return status;
}
