#include "base/cleanup.h"
#include "base/duration.h"
#include "base/json.h"
#include "base/text.h"
#include "commands/check.h"
#include "commands/command.h"
#include "commands/host.h"
#include "commands/keys/keys.h"
#include "commands/output.h"
#include "commands/screen.h"
#include "core/pool/keyedit.h"
#include "core/show/keynames.h"
#include "core/show/render.h"
#include "system/keys/keysource.h"
#include "system/log.h"
#include "system/stream/terminal.h"
#include "system/zone.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

#define EXIT_NOT_VALID  1
#define SECONDS_LONGEST 600

struct wish {
    bool all, json, note;
    const char *timeout;
    char **names; /* NULL-terminated; if empty, the keys in use */
};

static bool is_named(const struct wish *wish, const char *name)
{
    for (char **p = wish->names; *p; p++)
        if (strcmp(*p, name) == 0)
            return true;
    return false;
}

/* --all includes disabled keys, which one may want to check before enabling them. A key that was
 * left out although its token is known has the same token as another. */
static bool is_wanted(const struct candidate *candidate, const void *context)
{
    const struct wish *wish = context;
    const struct key *key = candidate->key;
    if (*wish->names)
        return is_named(wish, key->name);
    return wish->all || (!key->disabled && !(key->left_out && key->token));
}

static bool is_master(const struct check_round *round, const struct check *check)
{
    return check->candidate->key == &round->session->pool.keyring.master;
}

static void append_detail(struct buffer *text, const struct check *check, int64_t now)
{
    char span[DURATION_TEXT];
    if (check->candidate->key->disabled)
        buffer_append_text(text, "disabled; ");
    if (check->meaning.state == CHECK_VALID)
        buffer_append_format(text, "in %lld ms", (long long)check->milliseconds);
    if (check->meaning.state == CHECK_LIMITED && check->until > now) {
        duration_format(check->until - now, span);
        buffer_append_text(text, "until ");
        render_time(text, check->until, now, &zone_system);
        buffer_append_format(text, " (in %s): ", span);
    }
    buffer_append_text(text, buffer_text(&check->reason));
}

static void append_row(struct buffer *text, const struct check_round *round,
                       const struct check *check, size_t width, const struct screen *screen)
{
    struct buffer row = {0};
    const struct key *key = check->candidate->key;
    int padding = (int)(width - text_width(key->name));
    buffer_append_format(&row, "%s%*s  %-6s  %-11s  ", key->name, padding, "",
                         is_master(round, check) ? "master"
                         : key->kind_known       ? kind_name(&key->kind)
                                                 : "?",
                         check_state_name(check->meaning.state));
    append_detail(&row, check, store_now(round->session->pool.store));
    screen_append_cut(text, buffer_text(&row), screen->columns ? screen->columns : SIZE_MAX);
    buffer_append_char(text, '\n');
    text->failed |= row.failed;
    buffer_finish(&row);
}

static void append_table(struct buffer *text, const struct check_round *round)
{
    struct screen screen = screen_look();
    size_t width = strlen("NAME");
    for (size_t i = 0; i < round->count; i++) {
        size_t own = text_width(round->checks[i].candidate->key->name);
        width = own > width ? own : width;
    }
    buffer_append_format(text, "%-*s  %-6s  %-11s  DETAIL\n", (int)width, "NAME", "KIND", "STATE");
    for (size_t i = 0; i < round->count; i++)
        append_row(text, round, &round->checks[i], width, &screen);
}

static cJSON *describe(const struct check_round *round, const struct check *check)
{
    const struct key *key = check->candidate->key;
    const struct meaning *meaning = &check->meaning;
    cJSON *object = cJSON_CreateObject();
    json_set_string(object, "name", key->name);
    if (key->kind_known)
        json_set_string(object, "kind", kind_name(&key->kind));
    json_set(object, "master", cJSON_CreateBool(is_master(round, check)));
    json_set(object, "disabled", cJSON_CreateBool(key->disabled));
    json_set_string(object, "state", check_state_name(meaning->state));
    if (meaning->finding.class != CLASS_NONE)
        json_set_string(object, "class", failure_class_name(meaning->finding.class));
    if (check->until > 0)
        json_set_integer(object, "until", check->until);
    if (check->status > 0)
        json_set_integer(object, "http_status", check->status);
    if (check->token)
        json_set_integer(object, "milliseconds", check->milliseconds);
    if (key->organization)
        json_set_string(object, "organization", key->organization);
    if (*meaning->organization)
        json_set_string(object, "organization_id", meaning->organization);
    if (check->reason.length > 0)
        json_set_string(object, "reason", buffer_text(&check->reason));
    return object;
}

static void append_json(struct buffer *text, const struct check_round *round)
{
    CLEANUP_JSON cJSON *root = output_begin_json();
    cJSON *array = cJSON_AddArrayToObject(root, "keys");
    for (size_t i = 0; i < round->count; i++)
        cJSON_AddItemToArray(array, describe(round, &round->checks[i]));
    output_append_json(text, root);
}

static int print_result(const struct check_round *round, const struct wish *wish)
{
    struct buffer text = {0};
    if (wish->json)
        append_json(&text, round);
    else
        append_table(&text, round);
    return output_print(&text);
}

/* The limits of API keys are their organization's. Those of a subscription are its account's, which
 * rests alone, whoever pays. */
static bool lacks_organization(const struct check *check)
{
    const struct key *key = check->candidate->key;
    return key->kind_known && key->kind.id == KIND_API && !key->organization &&
           *check->meaning.organization;
}

/* The name that a person gave it with another of its keys, or else the provider's id. */
static const char *organization_name(const struct check_round *round, const char *id)
{
    for (size_t i = 0; i < round->count; i++) {
        const struct check *check = &round->checks[i];
        if (check->candidate->key->organization && strcmp(check->meaning.organization, id) == 0)
            return check->candidate->key->organization;
    }
    return id;
}

static int apply_organizations(cJSON *file, void *context, struct buffer *error)
{
    const struct check_round *round = context;
    bool changed = false;
    for (size_t i = 0; i < round->count; i++) {
        const struct check *check = &round->checks[i];
        if (!lacks_organization(check))
            continue;
        int r =
            keyedit_set_organization(file, check->candidate->key->name,
                                     organization_name(round, check->meaning.organization), error);
        if (r < 0)
            return r;
        changed |= r == 0;
    }
    return changed ? 0 : 1;
}

static int note_organizations(struct check_round *round, const struct options *options)
{
    struct keychange change;
    int status = keys_open_existing(options, &change);
    if (status == 0)
        status = keys_change(&change, apply_organizations, round);
    if (status == 0)
        log_say("%s: the organization is noted", change.path);
    keychange_close(&change);
    return status;
}

static size_t name_those(const struct check_round *round, struct buffer *text)
{
    struct keynames names = {.text = text, .between = ", ", .most = 5};
    for (size_t i = 0; i < round->count; i++)
        if (lacks_organization(&round->checks[i]))
            (void)keynames_add(&names, round->checks[i].candidate->key->name);
    keynames_end(&names);
    return names.count;
}

static bool agrees(const struct check_round *round, const char *names, size_t count)
{
    struct buffer question = {0};
    buffer_append_format(&question,
                         "tcr-run: the provider told the organization of %s; noted in\n"
                         "tcr-run:   %s\n"
                         "tcr-run:   keys of one organization rest together. Note %s? [y/N] ",
                         names, round->session->pool.origin, count == 1 ? "it" : "them");
    bool yes = terminal_agree(buffer_text(&question), &command_host);
    buffer_finish(&question);
    return yes;
}

static int offer_organizations(struct check_round *round, const struct wish *wish,
                               const struct options *options)
{
    struct buffer names = {0};
    CLEANUP_FREE char *file = keysource_path(options->keys_file, environ);
    bool person = !wish->json && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
    int status = 0;
    size_t count = name_those(round, &names);
    /* Keys from the environment have no file to record it in. */
    if (count > 0 && file && strcmp(file, round->session->pool.origin) == 0) {
        if (wish->note || (person && agrees(round, buffer_text(&names), count)))
            status = note_organizations(round, options);
        else if (!person)
            log_say("the provider told the organization of %s; --note-organization notes it",
                    buffer_text(&names));
    }
    buffer_finish(&names);
    return status;
}

static int verdict(const struct check_round *round)
{
    for (size_t i = 0; i < round->count; i++)
        if (round->checks[i].meaning.state != CHECK_VALID)
            return EXIT_NOT_VALID;
    return 0;
}

static int check(struct session *session, const struct wish *wish, int64_t seconds,
                 const struct options *options)
{
    struct check_round round;
    int r = check_init(&round, session, is_wanted, wish);
    int status = EXIT_OWN_FAILURE;
    round.seconds = seconds;
    if (r < 0) {
        log_say("out of memory");
    } else if (round.count == 0) {
        log_say("%s: there is no key to check, all are disabled; --all checks those too",
                session->pool.origin);
        status = EXIT_NO_KEY;
    } else {
        status = check_run(&round);
        if (status == 0)
            status = print_result(&round, wish);
        if (status == 0)
            status = offer_organizations(&round, wish, options);
        if (status == 0)
            status = verdict(&round);
    }
    check_finish(&round);
    return status;
}

static bool read_wish(const struct wish *wish, int64_t *ret_seconds)
{
    if (wish->all && *wish->names)
        log_say("keys check: --all and names exclude each other");
    else if (wish->timeout && (duration_parse(wish->timeout, ret_seconds) < 0 || *ret_seconds < 1 ||
                               *ret_seconds > SECONDS_LONGEST))
        log_say("keys check: --timeout: \"%s\" is not a time limit; write 1s to 10m",
                wish->timeout);
    else
        return true;
    (void)keys_say_usage("check");
    return false;
}

int keys_check(int argc, char **argv)
{
    struct wish wish = {0};
    struct options options;
    struct session session = {.options = &options, .environment = environ, .signal_fd = -1};
    int64_t seconds = CHECK_SECONDS;
    const struct flag flags[] = {{"all", 0, &wish.all, NULL},
                                 {"json", 0, &wish.json, NULL},
                                 {"note-organization", 0, &wish.note, NULL},
                                 {"timeout", 0, NULL, &wish.timeout},
                                 {0}};
    if (!keys_parse(argc, argv, flags, 0, INT_MAX, &options))
        return EXIT_OWN_FAILURE;
    wish.names = argv + 1;
    if (!read_wish(&wish, &seconds))
        return EXIT_OWN_FAILURE;
    int status = pool_open(&session.pool, &options);
    if (status == 0)
        status = pool_knows(&session.pool, wish.names) ? check(&session, &wish, seconds, &options)
                                                       : EXIT_OWN_FAILURE;
    pool_close(&session.pool);
    return status;
}
