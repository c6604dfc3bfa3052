#include "commands/status.h"

#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/output.h"
#include "core/prometheus.h"
#include "system/log.h"

bool status_look(struct pool *pool, struct status_view *ret_view)
{
    const struct demand demand = {0};
    struct status_view view = {.pool = pool};
    view.state = pool_survey(pool, &demand, &view.now);
    if (!view.state)
        return false;
    view.next = rotation_choose(&pool->rotation, view.state->cursor);
    if (!view.next)
        view.next = rotation_master(&pool->rotation);
    *ret_view = view;
    return true;
}

/* What the command line asks for; each form is a flag of its own. */
struct forms {
    bool json, prometheus, watch;
};

static int print_status(struct pool *pool, const struct forms *forms)
{
    struct status_view view;
    struct buffer text = {0};
    if (!status_look(pool, &view))
        return EXIT_OWN_FAILURE;
    struct screen screen = screen_look();
    screen.rows = 0; /* a terminal scrolls */
    if (forms->json)
        status_append_json(&text, &view);
    else if (forms->prometheus)
        prometheus_append(&text, &pool->rotation, view.state, view.now);
    else
        status_append_table(&text, &view, &screen);
    return output_print(&text);
}

int command_status(int argc, char **argv)
{
    struct forms forms = {0};
    struct options options;
    struct pool pool = {0};
    const struct flag flags[] = {{"--json", &forms.json, NULL},
                                 {"--prometheus", &forms.prometheus, NULL},
                                 {"--watch", &forms.watch, NULL},
                                 {"-w", &forms.watch, NULL},
                                 {NULL, NULL, NULL}};
    int words = arguments_parse(argc, argv, flags, &options);
    if (words < 0)
        return EXIT_OWN_FAILURE;
    if (words > 0 || forms.json + forms.prometheus + forms.watch > 1) {
        log_say("status takes no names and one form; usage: tcr-run status [--json | --prometheus "
                "| --watch]");
        return EXIT_OWN_FAILURE;
    }
    int status = pool_open(&pool, &options);
    if (status == 0)
        status = forms.watch ? status_watch(&pool) : print_status(&pool, &forms);
    pool_close(&pool);
    return status;
}
