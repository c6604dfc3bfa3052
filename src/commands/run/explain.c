#include "base/shellword.h"
#include "commands/command.h"
#include "commands/host.h"
#include "commands/output.h"
#include "commands/run/explain_json.h"
#include "commands/table.h"
#include "core/show/render.h"
#include "system/keys/keysource.h"
#include "system/log.h"
#include "system/zone.h"

#include <string.h>

/* What is printed, in one of two forms. */
struct account {
    struct buffer text;
    cJSON *json; /* NULL: the text is built directly */
};

static const struct table_column key_columns[] = {{"KEY", false}, {"STATE", false}};

static const struct table_step key_steps[] = {
    {TABLE_STRIP, 1, 0}, {TABLE_CUT, 0, TABLE_NAME_LEAST},
    {TABLE_BARE, 1, 0},  {TABLE_CUT, 1, TABLE_NAME_LEAST},
    {TABLE_CUT, 0, 1},   {TABLE_WHOLE, 0, 0},
};

static void describe_standing(struct buffer *text, const struct rotation *rotation, size_t i,
                              const struct candidate *chosen, int64_t now)
{
    const struct candidate *candidate = &rotation->candidates[i];
    if (candidate == chosen)
        buffer_append_text(text, "would be used");
    else if (i == rotation->count && candidate->standing == STANDING_READY)
        buffer_append_text(text, "master: used when the pool is used up");
    else if (candidate->standing == STANDING_READY)
        buffer_append_text(text, "ready, but not first in turn");
    else
        render_standing(text, candidate, now, &zone_system);
}

static void append_keys(struct buffer *text, const struct session *session, const struct slot *slot,
                        int64_t now)
{
    const struct rotation *rotation = &session->pool.rotation;
    const struct screen screen = screen_look();
    bool several = session->slot_count > 1;
    size_t count = rotation->count + rotation->has_master;
    struct table table = {.columns = key_columns,
                          .column_count = 2,
                          .styled = 2,
                          .steps = key_steps,
                          .indent = 2,
                          .untitled = true,
                          .screen = &screen};
    buffer_append_format(text, "keys%s%s (from %s):\n", several ? " of kind " : "",
                         several ? slot->kind : "", session->pool.origin);
    if (table_init(&table, count) < 0)
        text->failed = true;
    size_t all = table.count;
    table.count = 0;
    for (size_t i = 0; i < all; i++) {
        const struct candidate *candidate = &rotation->candidates[i];
        if (several && candidate->standing == STANDING_WRONG_KIND)
            continue;
        struct table_row *row = &table.rows[table.count++];
        buffer_append_text(&row->cells[0], candidate->key->name);
        describe_standing(&row->cells[1], rotation, i, slot->candidate, now);
    }
    table_append(text, &table);
    table_finish(&table);
}

static void append_indented(struct buffer *text, const char *lines)
{
    while (*lines) {
        int length = (int)strcspn(lines, "\n");
        buffer_append_format(text, "  %.*s\n", length, lines);
        lines += length + (lines[length] == '\n');
    }
}

/* The addresses of the keys that would be used. */
static void append_addresses(struct buffer *text, const struct session *session)
{
    for (size_t i = 0; i < session->slot_count; i++) {
        const struct key *key = session->slots[i].candidate->key;
        const struct destination to = destination_of(key, session->environment);
        buffer_append_format(text, "\"%s\" goes to ", key->name);
        render_destination(text, &to);
        buffer_append_char(text, '\n');
    }
}

static void append_handover(struct buffer *text, const struct session *session,
                            const struct handover *handover)
{
    struct buffer names = {0};
    environment_describe(session->environment, handover->environment.entries, &names);
    buffer_append_text(text, "environment (- removed, + set; names only):\n");
    append_indented(text, names.length ? buffer_text(&names) : "as it is\n");
    buffer_finish(&names);
    append_addresses(text, session);
    buffer_append_format(text, "secret: %s\n",
                         session->gateway && session->gateway->way == GATEWAY_PORT
                             ? "with the gateway alone"
                         : handover->secret_fd >= 0 ? "on a descriptor"
                                                    : "in the variable");
    if (handover->shield.shadows.length > 0) {
        buffer_append_text(text, "settings that would shadow the key, blanked for the run:\n");
        append_indented(text, buffer_text(&handover->shield.shadows));
    }
    if (handover->shield.managed.length > 0) {
        buffer_append_text(text, "an administrator's settings that win over the key:\n");
        append_indented(text, buffer_text(&handover->shield.managed));
    }
    buffer_append_text(text, "arguments:\n ");
    for (char **word = handover->argv; *word; word++) {
        buffer_append_char(text, ' ');
        shellword_append(text, *word);
    }
    buffer_append_char(text, '\n');
}

static void append_policy(struct buffer *text, const struct session *session)
{
    const struct policy *policy = &session->pool.policy;
    const struct options *options = session->options;
    buffer_append_format(text, "client: %s%s\n", client_name(session->call.id),
                         !session->call.interactive ? ""
                         : options->mask            ? ", interactive"
                                                    : ", interactive: streams left alone");
    if (options->mask)
        buffer_append_text(text, "output: the pool's tokens become ***\n");
    buffer_append_text(text, "carries on after:");
    for (int class = CLASS_NONE + 1; class < CLASS_COUNT; class ++)
        if (policy_rotates(policy, (enum failure_class) class))
            buffer_append_format(text, " %s", failure_class_name((enum failure_class) class));
    buffer_append_format(text, "; at most %d pool keys a run%s\n", policy->retries,
                         session->pool.keyring.has_master ? ", then the master" : "");
    if (policy->max_per_key > 0)
        buffer_append_format(text, "runs at once on one key: at most %d\n", policy->max_per_key);
    for (size_t i = 0; i < options->taught.marker_count; i++)
        buffer_append_format(text, "marker: %s means %s\n", options->taught.markers[i].text,
                             failure_class_name(options->taught.markers[i].class));
    for (int code = 1; code < 256; code++)
        if (options->taught.exit_class[code] != CLASS_NONE)
            buffer_append_format(text, "exit status %d means %s\n", code,
                                 failure_class_name(options->taught.exit_class[code]));
}

static void add_keys(cJSON *keys, const struct session *session, const struct slot *slot)
{
    const struct rotation *rotation = &session->pool.rotation;
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++)
        if (session->slot_count == 1 || rotation->candidates[i].standing != STANDING_WRONG_KIND)
            explain_json_key(keys, session, slot, &rotation->candidates[i]);
}

/* Chooses a key for each slot. Returns 0, EXIT_NO_KEY if a slot has none, or EXIT_OWN_FAILURE. */
static int find_keys(struct session *session, struct account *account)
{
    struct rotation *rotation = &session->pool.rotation;
    int64_t now;
    int status = 0;
    for (size_t i = 0; i < session->slot_count; i++) {
        struct slot *slot = &session->slots[i];
        const struct state *state = pool_survey(&session->pool, &slot->demand, &now);
        if (!state)
            return EXIT_OWN_FAILURE;
        slot->candidate = rotation_choose(rotation, state_cursor(state, slot->pool));
        if (!slot->candidate)
            slot->candidate = rotation_master(rotation);
        slot->another_left = rotation_ready(rotation) > 1;
        if (account->json)
            add_keys(json_get(account->json, "keys"), session, slot);
        else
            append_keys(&account->text, session, slot, now);
        status = slot->candidate ? status : EXIT_NO_KEY;
    }
    return status;
}

/* True if every key has its secret; otherwise the reason was printed. */
static bool resolve_keys(struct session *session)
{
    bool done = true;
    for (size_t i = 0; i < session->slot_count; i++) {
        struct buffer error = {0};
        struct key *key = session->slots[i].candidate->key;
        if (keysource_resolve(&session->pool.keyring, key, session->environment, &command_host,
                              &error) < 0) {
            log_say("\"%s\": %s", key->name, buffer_text(&error));
            done = false;
        }
        buffer_finish(&error);
    }
    return done;
}

static void append_gateway(struct account *account, const struct private_gateway *gateway,
                           const char *why)
{
    static const char *const ways[] = {[GATEWAY_NONE] = "none",
                                       [GATEWAY_SOCKET] = "by a socket",
                                       [GATEWAY_PORT] = "by an address and a stand-in"};
    if (account->json)
        explain_json_gateway(account->json, gateway, why);
    else
        buffer_append_format(&account->text, "gateway: %s (%s)\n", ways[gateway->way], why);
}

/* Explains the run with the keys that were found. */
static int explain_run(struct session *session, struct account *account)
{
    struct buffer why = {0};
    struct handover handover = {.secret_fd = -1};
    struct private_gateway gateway = {.listener = -1, .life = -1, .tell = -1, .errors = -1};
    const struct slot *lead = session_lead(session);
    int status = EXIT_OWN_FAILURE;
    private_gateway_pretend(session, &gateway, &why);
    append_gateway(account, &gateway, buffer_text(&why));
    buffer_finish(&why);
    session->gateway = gateway.way == GATEWAY_NONE ? NULL : &gateway;
    if (resolve_keys(session))
        status = handover_build(session, lead->candidate, lead->another_left, &handover);
    if (handover.argv && account->json)
        explain_json_handover(account->json, session, &handover);
    else if (handover.argv)
        append_handover(&account->text, session, &handover);
    handover_finish(&handover);
    private_gateway_close(&gateway, false, NULL);
    session->gateway = NULL;
    return status;
}

static int explain(struct session *session, struct account *account)
{
    int status = find_keys(session, account);
    if (status == EXIT_OWN_FAILURE)
        return status;
    if (account->json)
        explain_json_policy(account->json, session);
    else
        append_policy(&account->text, session);
    if (status == 0)
        status = explain_run(session, account);
    else if (!account->json)
        buffer_append_text(&account->text, "no key can be used now\n");
    if (account->json)
        output_append_json(&account->text, account->json);
    int printed = output_print(&account->text);
    return status ? status : printed;
}

/* explain takes all options of a run; --json is not one of them. */
static bool take_json(int *argc, char **argv)
{
    int at = 1;
    while (at < *argc && strcmp(argv[at], "--json") != 0 && strcmp(argv[at], "--") != 0)
        at++;
    if (at >= *argc || strcmp(argv[at], "--json") != 0)
        return false;
    memmove(argv + at, argv + at + 1, (size_t)(*argc - at) * sizeof *argv);
    (*argc)--;
    return true;
}

static bool begin_json(struct account *account, const struct session *session)
{
    account->json = output_begin_json();
    json_set_string(account->json, "from", session->pool.origin);
    if (account->json && json_set(account->json, "keys", cJSON_CreateArray()))
        return true;
    log_say("out of memory");
    return false;
}

int command_explain(int argc, char **argv)
{
    struct options options;
    struct session session;
    struct account account = {0};
    int status = EXIT_OWN_FAILURE;
    bool json = take_json(&argc, argv);
    bool parsed = session_read_options(argc, argv, "explain: ", &options);
    if (parsed && !options.command) {
        log_say("explain: usage: tcr-run explain [options] -- COMMAND [ARG...]");
    } else if (parsed) {
        status = session_open(&session, &options);
        if (status == 0 && json && !begin_json(&account, &session))
            status = EXIT_OWN_FAILURE;
        if (status == 0)
            status = explain(&session, &account);
        session_close(&session);
    }
    json_destroy(account.json);
    buffer_finish(&account.text);
    options_finish(&options);
    return status;
}
