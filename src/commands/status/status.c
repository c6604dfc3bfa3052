#include "commands/status/status.h"

#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/gatewaycertificate.h"
#include "commands/leftbehind.h"
#include "commands/output.h"
#include "core/client/asked.h"
#include "core/show/prometheus.h"
#include "system/log.h"

#include <string.h>

static bool is_asked(const struct kind *kind, const void *context)
{
    return asked_covers(context, kind);
}

/* The kinds that a command gets if none are asked for. */
static struct candidate *find_next(struct pool *pool, bool *ret_needs_kind)
{
    struct asked asked;
    struct buffer error = {0};
    int64_t now;
    bool found = asked_default(&pool->keyring, false, &asked, &error) == 0;
    buffer_finish(&error);
    *ret_needs_kind = !found;
    if (!found)
        return NULL;
    const struct demand demand = {.can_use = is_asked, .can_use_context = asked.names[0]};
    const char *kind = strcmp(asked.names[0], ASKED_MAIN) == 0 ? NULL : asked.names[0];
    const struct state *state = pool_survey(pool, &demand, &now);
    struct candidate *next =
        state ? rotation_choose(&pool->rotation, state_cursor(state, kind)) : NULL;
    return next || !state ? next : rotation_master(&pool->rotation);
}

bool status_look(struct pool *pool, struct status_view *ret_view)
{
    const struct demand demand = {0};
    struct status_view view = {.pool = pool};
    view.next = find_next(pool, &view.needs_kind);
    view.state = pool_survey(pool, &demand, &view.now);
    if (!view.state)
        return false;
    *ret_view = view;
    return true;
}

static void append_left_behind(void *context, const struct left_behind *left)
{
    struct buffer *text = context;
    if (left->path)
        buffer_append_format(text,
                             "%s leads programs to %s, where nothing listens; fix: tcr-run gateway "
                             "start -d, or take %s out (tcr-run setup claude --undo)\n",
                             left->path, left->address, left->name);
    else
        buffer_append_format(text,
                             "%s leads programs to %s, where nothing listens; fix: tcr-run gateway "
                             "start -d, or unset it\n",
                             left->name, left->address);
}

static void append_for_people(struct buffer *text, struct status_view *view,
                              const struct screen *screen)
{
    status_append_table(text, view, screen);
    leftbehind_find(append_left_behind, text);
    size_t length = text->length;
    gatewaycertificate_judge(view->profile, text);
    if (text->length > length)
        buffer_append_text(text, "\n");
}

/* What the command line asks for; each format is a flag of its own. */
struct forms {
    bool json, prometheus, watch, line;
};

static int print_status(struct pool *pool, const struct forms *forms, const char *profile)
{
    struct status_view view;
    struct buffer text = {0};
    if (!status_look(pool, &view))
        return EXIT_OWN_FAILURE;
    view.profile = profile;
    struct screen screen = screen_look();
    screen.rows = 0; /* a terminal scrolls */
    if (forms->json)
        status_append_json(&text, &view);
    else if (forms->line)
        status_append_line(&text, &view);
    else if (forms->prometheus)
        prometheus_append(&text, &pool->rotation, view.state, view.now);
    else
        append_for_people(&text, &view, &screen);
    return output_print(&text);
}

int command_status(int argc, char **argv)
{
    struct forms forms = {0};
    struct options options;
    struct pool pool = {0};
    const struct flag flags[] = {{"json", 0, &forms.json, NULL},
                                 {"prometheus", 0, &forms.prometheus, NULL},
                                 {"line", 0, &forms.line, NULL},
                                 {"watch", 'w', &forms.watch, NULL},
                                 SCREEN_FLAG,
                                 {0}};
    int words = arguments_parse(argc, argv, flags, &options);
    if (words < 0)
        return EXIT_OWN_FAILURE;
    if (words > 0 || forms.json + forms.prometheus + forms.watch + forms.line > 1) {
        log_say("status takes no names, and one form only; usage: tcr-run status [--json | "
                "--line | --prometheus | --watch] [--color WHEN]");
        return EXIT_OWN_FAILURE;
    }
    int status = pool_open(&pool, &options);
    if (status == 0)
        status = forms.watch ? status_watch(&pool) : print_status(&pool, &forms, options.profile);
    pool_close(&pool);
    return status;
}
