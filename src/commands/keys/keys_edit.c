#include "commands/command.h"
#include "commands/keys/keys.h"
#include "core/pool/keyedit.h"
#include "system/log.h"

#include <errno.h>
#include <limits.h>

/* One edit for each of several names: all of them or none. */
struct edit {
    char **names; /* NULL-terminated */
    bool disabled;
    size_t changed;
    struct buffer changed_names; /* `"a", "b"` */
    struct buffer notes;
};

static void note_change(struct edit *edit, const char *name)
{
    buffer_append_format(&edit->changed_names, "%s\"%s\"", edit->changed++ ? ", " : "", name);
}

static int edit_names(int argc, char **argv, keychange_edit *apply, struct edit *edit,
                      const char *done)
{
    const struct flag none[] = {{0}};
    struct options options;
    struct keychange change;
    if (!keys_parse(argc, argv, none, 1, INT_MAX, &options))
        return EXIT_OWN_FAILURE;
    edit->names = argv + 1;
    int status = keys_open_existing(&options, &change);
    if (status == 0)
        status = keys_change(&change, apply, edit);
    if (status == 0) {
        struct buffer prefix = {0};
        buffer_append_format(&prefix, "%s: ", change.path);
        log_say_lines(buffer_text(&prefix), buffer_text(&edit->notes));
        buffer_finish(&prefix);
        if (edit->changed > 0)
            log_say("%s: %s %s", change.path, done, buffer_text(&edit->changed_names));
    }
    buffer_finish(&edit->notes);
    buffer_finish(&edit->changed_names);
    keychange_close(&change);
    return status;
}

static int apply_remove(cJSON *file, void *context, struct buffer *error)
{
    struct edit *edit = context;
    int r = 0;
    for (char **name = edit->names; *name && r == 0; name++) {
        r = keyedit_remove(file, *name, &edit->notes, error);
        note_change(edit, *name);
    }
    return r;
}

int keys_remove(int argc, char **argv)
{
    struct edit edit = {0};
    return edit_names(argc, argv, apply_remove, &edit, "removed");
}

static int apply_disable(cJSON *file, void *context, struct buffer *error)
{
    struct edit *edit = context;
    int r = 0;
    for (char **name = edit->names; *name && r == 0; name++) {
        if (json_is_true(keyedit_find(file, *name), "disabled") == edit->disabled &&
            keyedit_find(file, *name)) {
            buffer_append_format(&edit->notes, "\"%s\" is %s already\n", *name,
                                 edit->disabled ? "disabled" : "enabled");
            continue;
        }
        r = keyedit_disable(file, *name, edit->disabled, error);
        note_change(edit, *name);
    }
    return r < 0 ? r : edit->changed == 0;
}

int keys_disable(int argc, char **argv)
{
    struct edit edit = {.disabled = true};
    return edit_names(argc, argv, apply_disable, &edit, "disabled");
}

int keys_enable(int argc, char **argv)
{
    struct edit edit = {0};
    return edit_names(argc, argv, apply_disable, &edit, "enabled");
}

static int apply_rename(cJSON *file, void *context, struct buffer *error)
{
    char **names = context;
    return keyedit_rename(file, names[0], names[1], error);
}

int keys_rename(int argc, char **argv)
{
    const struct flag none[] = {{0}};
    struct options options;
    struct keychange change;
    if (!keys_parse(argc, argv, none, 2, 2, &options))
        return EXIT_OWN_FAILURE;
    int status = keys_open_existing(&options, &change);
    if (status == 0)
        status = keys_change(&change, apply_rename, argv + 1);
    if (status == 0)
        log_say("%s: \"%s\" is \"%s\" now", change.path, argv[1], argv[2]);
    keychange_close(&change);
    return status;
}
