#include "core/state/event.h"

#include "base/json.h"

#include <errno.h>
#include <string.h>

static const char *const names[EVENT_COUNT] = {
    [EVENT_OTHER] = "other",         [EVENT_ATTEMPT] = "attempt",
    [EVENT_SUCCESS] = "success",     [EVENT_FAILED] = "failed",
    [EVENT_FAILOVER] = "failover",   [EVENT_RETRY] = "retry",
    [EVENT_EXHAUSTED] = "exhausted", [EVENT_STOPPED] = "stopped",
    [EVENT_WAIT] = "wait",           [EVENT_WARNING] = "warning",
    [EVENT_RESET] = "reset",         [EVENT_OVERAGE] = "overage",
    [EVENT_MESSAGE] = "message",     [EVENT_EXPLANATION] = "explanation",
};

/* How many bytes of well-formed UTF-8 for one character stand here; 0 if none do. */
static size_t character_length(const unsigned char *p)
{
    static const struct {
        unsigned char mask, lead;
        size_t length;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 1, 0x00},
                 {0xe0, 0xc0, 2, 0x80},
                 {0xf0, 0xe0, 3, 0x800},
                 {0xf8, 0xf0, 4, 0x10000}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if ((*p & forms[i].mask) != forms[i].lead)
            continue;
        uint32_t code = *p & (unsigned char)~forms[i].mask;
        for (size_t k = 1; k < forms[i].length; k++) {
            if ((p[k] & 0xc0) != 0x80)
                return 0;
            code = code << 6 | (p[k] & 0x3f);
        }
        bool surrogate = code >= 0xd800 && code < 0xe000;
        return code < forms[i].least || code > 0x10ffff || surrogate ? 0 : forms[i].length;
    }
    return 0;
}

/* Not through a cJSON tree: every run writes one of these, and a tree costs it dozens of blocks of
 * memory. */
static void print_string(struct buffer *line, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    buffer_append_format(line, ",\"%s\":\"", name);
    for (const unsigned char *p = (const unsigned char *)value; *p;) {
        size_t length = character_length(p);
        if (*p == '"' || *p == '\\')
            buffer_append_format(line, "\\%c", *p);
        else if (*p < ' ')
            buffer_append_format(line, "\\u%04x", *p);
        else if (length == 0)
            buffer_append_text(line, "\xef\xbf\xbd");
        else
            buffer_append(line, p, length);
        p += length ? length : 1;
    }
    buffer_append_char(line, '"');
}

static void print_number(struct buffer *line, const char *name, int64_t value)
{
    if (value != 0)
        buffer_append_format(line, ",\"%s\":%lld", name, (long long)value);
}

void event_print(const struct event *event, struct buffer *line)
{
    buffer_append_format(line, "{\"time\":%lld", (long long)event->time);
    print_string(line, "event", names[event->kind]);
    print_string(line, "key", event->key);
    if (event->class != CLASS_NONE)
        print_string(line, "class", failure_class_name(event->class));
    print_string(line, "what", event->what);
    print_string(line, "model", event->model);
    print_number(line, "until", event->until);
    print_string(line, "next", event->next);
    if (event->master)
        buffer_append_text(line, ",\"master\":true");
    print_number(line, "status", event->status);
    print_number(line, "signal", event->signal);
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
        .master = json_is_true(tree, "master"),
        .status = number_of(tree, "status"),
        .signal = number_of(tree, "signal"),
        .text = json_string(tree, "text"),
        .pid = number_of(tree, "pid"),
        .command = json_string(tree, "command"),
        .tree = tree,
    };
    return 0;
}

/* Where the last event of the line begins; NULL if none does behind its start. */
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
