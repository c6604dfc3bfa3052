#include "core/state/event.h"

#include "base/json.h"
#include "base/jsontext.h"

#include <errno.h>
#include <string.h>

static const char *const names[EVENT_COUNT] = {
    [EVENT_OTHER] = "other",
    [EVENT_ATTEMPT] = "attempt",
    [EVENT_SUCCESS] = "success",
    [EVENT_FAILED] = "failed",
    [EVENT_FAILOVER] = "failover",
    [EVENT_RETRY] = "retry",
    [EVENT_EXHAUSTED] = "exhausted",
    [EVENT_STOPPED] = "stopped",
    [EVENT_WAIT] = "wait",
    [EVENT_WARNING] = "warning",
    [EVENT_RESET] = "reset",
    [EVENT_RECOVERED] = "recovered",
    [EVENT_OVERAGE] = "overage",
    [EVENT_MESSAGE] = "message",
    [EVENT_EXPLANATION] = "explanation",
};

/* Not through a cJSON tree: every run writes one of these, and a tree costs it dozens of blocks of
 * memory. */
static void print_string(struct buffer *line, const char *name, const char *value)
{
    if (value && *value)
        jsontext_add_string(line, name, value);
}

static void print_number(struct buffer *line, const char *name, int64_t value)
{
    if (value != 0)
        jsontext_add_integer(line, name, value);
}

void event_print(const struct event *event, struct buffer *line)
{
    buffer_append_char(line, '{');
    jsontext_add_integer(line, "time", event->time);
    print_string(line, "event", names[event->kind]);
    print_string(line, "key", event->key);
    if (event->class != CLASS_NONE)
        print_string(line, "class", failure_class_name(event->class));
    print_string(line, "what", event->what);
    print_string(line, "model", event->model);
    print_number(line, "until", event->until);
    if (event->assumed)
        buffer_append_text(line, ",\"assumed\":true");
    print_string(line, "next", event->next);
    if (event->master)
        buffer_append_text(line, ",\"master\":true");
    print_number(line, "status", event->status);
    print_number(line, "signal", event->signal);
    print_number(line, "duration_ms", event->duration_ms);
    print_string(line, "text", event->text);
    print_number(line, "pid", event->pid);
    print_string(line, "command", event->command);
    buffer_append_text(line, "}\n");
}

static enum event_kind kind_of(const char *name)
{
    for (int i = 0; i < EVENT_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            return (enum event_kind)i;
    return EVENT_OTHER;
}

static enum failure_class class_of(const cJSON *tree)
{
    const char *name = json_string(tree, "class");
    enum failure_class class = name ? failure_class_parse(name, strlen(name)) : CLASS_NONE;
    return class == CLASS_COUNT ? CLASS_NONE : class;
}

static int64_t number_of(const cJSON *tree, const char *name)
{
    int64_t number = 0;
    (void)json_integer(tree, name, &number);
    return number;
}

static int take_tree(cJSON *tree, struct event *ret_event)
{
    const char *name = json_string(tree, "event");
    int64_t time;
    if (!name || !json_integer(tree, "time", &time))
        return -EINVAL;
    *ret_event = (struct event){
        .time = time,
        .kind = kind_of(name),
        .name = name,
        .key = json_string(tree, "key"),
        .next = json_string(tree, "next"),
        .class = class_of(tree),
        .what = json_string(tree, "what"),
        .model = json_string(tree, "model"),
        .until = number_of(tree, "until"),
        .assumed = json_is_true(tree, "assumed"),
        .master = json_is_true(tree, "master"),
        .status = number_of(tree, "status"),
        .signal = number_of(tree, "signal"),
        .duration_ms = number_of(tree, "duration_ms"),
        .text = json_string(tree, "text"),
        .pid = number_of(tree, "pid"),
        .command = json_string(tree, "command"),
        .tree = tree,
    };
    return 0;
}

/* Where the last event of the line begins; NULL if none begins after its start. */
static const char *last_beginning(const char *line, size_t length)
{
    static const char beginning[] = "{\"time\":";
    const char *found = NULL, *end = line + length;
    for (const char *p = line; p < end; p++) {
        p = memmem(p, (size_t)(end - p), beginning, sizeof beginning - 1);
        if (!p)
            break;
        found = p > line ? p : NULL;
    }
    return found;
}

int event_parse(const char *line, size_t length, struct event *ret_event)
{
    cJSON *tree = json_parse(line, length, NULL);
    const char *rest = tree ? NULL : last_beginning(line, length);
    if (rest)
        tree = json_parse(rest, length - (size_t)(rest - line), NULL);
    int r = take_tree(tree, ret_event);
    if (r < 0)
        json_destroy(tree);
    return r;
}

void event_finish(struct event *event)
{
    json_destroy(event->tree);
    *event = (struct event){0};
}

bool event_concerns(const struct event *event, const char *key)
{
    return (event->key && strcmp(event->key, key) == 0) ||
           (event->next && strcmp(event->next, key) == 0);
}
