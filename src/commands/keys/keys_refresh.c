#include "base/duration.h"
#include "commands/command.h"
#include "commands/host.h"
#include "commands/keys/keys.h"
#include "core/pool/keyedit.h"
#include "core/show/render.h"
#include "system/keys/refresh.h"
#include "system/log.h"
#include "system/zone.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EXIT_NOT_RENEWED 1
#define WAIT_LONGEST     120 /* for a provider that asks us to wait, if a person is waiting */

struct order {
    bool quiet, if_due;
    const char *known_end; /* NULL: the one in the file */
};

/* The end of a login in a folder is not in the key file. */
static int64_t end_in_file(const struct keychange *change, const char *name)
{
    const cJSON *entry = keyedit_find(change->file, name);
    int64_t ends = 0;
    (void)json_integer(entry, "expires", &ends);
    return json_get(entry, "config_dir") ? -1 : ends;
}

static bool can_be_renewed(const struct keychange *change, const char *name)
{
    const cJSON *entry = keyedit_find(change->file, name);
    struct buffer error = {0};
    if (!entry)
        (void)keys_fail(change->path, &error, keyedit_refuse_unknown(change->file, name, &error));
    else if (json_get(entry, "base_url"))
        log_say("%s: \"%s\" has an address of its own, for which its refresh token was not made",
                change->path, name);
    else if (!json_string(entry, "refresh_token") && !json_string(entry, "config_dir"))
        log_say("%s: \"%s\" has no refresh token, so it cannot be renewed; for a new token: "
                "tcr-run keys renew NAME",
                change->path, name);
    else
        return true;
    return false;
}

static void say_done(const char *name, const struct refresh_outcome *outcome)
{
    struct buffer text = {0};
    int64_t now = time(NULL);
    if (outcome->ends > 0) {
        buffer_append_text(&text, ", it ends ");
        render_time(&text, outcome->ends, now, &zone_system);
    }
    log_say("\"%s\" %s%s", name,
            outcome->result == REFRESH_DONE ? "is renewed"
                                            : "needs no renewal: another process has done it, or "
                                              "it is not about to end",
            buffer_text(&text));
    buffer_finish(&text);
}

static int say_outcome(const char *name, const struct refresh_outcome *outcome)
{
    char left[DURATION_TEXT] = "";
    switch (outcome->result) {
    case REFRESH_DONE:
    case REFRESH_NOT_NEEDED:
        say_done(name, outcome);
        return 0;
    case REFRESH_LATER:
        duration_format(outcome->not_before - time(NULL), left);
        log_say("\"%s\" is as it was: %s; again in %s", name, outcome->text, left);
        return EXIT_NOT_RENEWED;
    case REFRESH_ENDED:
        log_say("\"%s\": %s", name, outcome->text);
        return EXIT_NOT_RENEWED;
    default:
        log_say("\"%s\": %s", name, outcome->text);
        return EXIT_OWN_FAILURE;
    }
}

/* A person would rather wait a minute than come back. */
static bool is_worth_waiting(const struct order *order, const struct refresh_outcome *outcome)
{
    int64_t left = outcome->not_before - time(NULL);
    char text[DURATION_TEXT];
    if (order->quiet || outcome->result != REFRESH_LATER || left > WAIT_LONGEST)
        return false;
    duration_format(left, text);
    log_say("%s; waiting for %s", outcome->text, text);
    while (time(NULL) < outcome->not_before)
        (void)sleep(1);
    return true;
}

static int refresh(const struct keychange *change, const char *name, const struct order *order)
{
    struct refresh_outcome outcome;
    const struct refresh_wish wish = {.path = change->path,
                                      .name = name,
                                      .if_due = order->if_due,
                                      .known_end = order->known_end
                                                       ? strtoll(order->known_end, NULL, 10)
                                                       : end_in_file(change, name),
                                      .host = NULL};
    if (!can_be_renewed(change, name))
        return EXIT_OWN_FAILURE;
    int r = refresh_run(&wish, &outcome);
    if (r == 0 && is_worth_waiting(order, &outcome))
        r = refresh_run(&wish, &outcome);
    if (r == 0)
        return say_outcome(name, &outcome);
    log_say("\"%s\": %s", name, strerror(-r));
    return EXIT_OWN_FAILURE;
}

int keys_refresh(int argc, char **argv)
{
    struct order order = {0};
    struct options options;
    struct keychange change;
    const struct flag flags[] = {{"quiet", 'q', &order.quiet, NULL},
                                 {"if-due", 0, &order.if_due, NULL},
                                 {"known-end", 0, NULL, &order.known_end},
                                 {0}};
    if (!keys_parse(argc, argv, flags, 1, INT_MAX, &options))
        return EXIT_OWN_FAILURE;
    if (order.quiet)
        log_set_level(LOG_QUIET);
    int status = keys_open_existing(&options, &change);
    for (char **name = argv + 1; status == 0 && *name; name++)
        status = refresh(&change, *name, &order);
    keychange_close(&change);
    return status;
}
