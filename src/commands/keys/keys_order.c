#include "commands/command.h"
#include "commands/keys/keys.h"
#include "core/pool/keyedit.h"
#include "system/log.h"

#include <limits.h>

struct order {
    char **names;
    size_t count;
};

static int apply_order(cJSON *file, void *context, struct buffer *error)
{
    const struct order *order = context;
    return keyedit_order(file, order->names, order->count, error);
}

static int apply_fallback(cJSON *file, void *context, struct buffer *error)
{
    return keyedit_set_fallback(file, context, error);
}

static int change_file(const struct options *options, keychange_edit *edit, void *context,
                       const char *done)
{
    struct keychange change;
    int status = keys_open_existing(options, &change);
    if (status == 0)
        status = keys_change(&change, edit, context);
    if (status == 0)
        log_say("%s: %s", change.path, done);
    keychange_close(&change);
    return status;
}

int keys_order(int argc, char **argv)
{
    const struct flag none[] = {{0}};
    struct options options;
    struct order order = {.names = argv + 1};
    if (!keys_parse(argc, argv, none, 1, INT_MAX, &options))
        return EXIT_OWN_FAILURE;
    while (order.names[order.count])
        order.count++;
    return change_file(&options, apply_order, &order, "the keys are tried in this order");
}

int keys_fallback(int argc, char **argv)
{
    const struct flag none[] = {{0}};
    struct options options;
    if (!keys_parse(argc, argv, none, 1, 1, &options))
        return EXIT_OWN_FAILURE;
    return change_file(&options, apply_fallback, argv[1],
                       *argv[1] ? "changed model_fallback" : "took out model_fallback");
}
