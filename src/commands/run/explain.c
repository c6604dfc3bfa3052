#include "base/shellword.h"
#include "commands/command.h"
#include "commands/host.h"
#include "commands/output.h"
#include "commands/run/handover.h"
#include "commands/run/private_gateway.h"
#include "commands/table.h"
#include "core/show/render.h"
#include "system/keys/keysource.h"
#include "system/log.h"
#include "system/zone.h"

#include <string.h>

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

/* Where the keys go that would be used. */
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

/* Looks for each slot's key. Returns 0, EXIT_NO_KEY if one has none, or EXIT_OWN_FAILURE. */
static int find_keys(struct session *session, struct buffer *text)
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
        append_keys(text, session, slot, now);
        status = slot->candidate ? status : EXIT_NO_KEY;
    }
    return status;
}

/* True if every key has its secret; else the reason was printed. */
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

static int explain(struct session *session)
{
    struct buffer text = {0};
    struct handover handover = {.secret_fd = -1};
    struct private_gateway gateway = {.listener = -1, .life = -1, .tell = -1, .errors = -1};
    const struct slot *lead = session_lead(session);
    int status = find_keys(session, &text);
    if (status == EXIT_OWN_FAILURE) {
        buffer_finish(&text);
        return status;
    }
    append_policy(&text, session);
    if (status == 0) {
        private_gateway_pretend(session, &gateway, &text);
        session->gateway = gateway.way == GATEWAY_NONE ? NULL : &gateway;
    }
    if (status == 0 && resolve_keys(session))
        status = handover_build(session, lead->candidate, lead->another_left, &handover);
    if (handover.argv)
        append_handover(&text, session, &handover);
    else if (status == EXIT_NO_KEY)
        buffer_append_text(&text, "no key can be used now\n");
    handover_finish(&handover);
    private_gateway_close(&gateway, false, NULL);
    int printed = output_print(&text);
    return status ? status : printed;
}

int command_explain(int argc, char **argv)
{
    struct options options;
    struct session session;
    int status = EXIT_OWN_FAILURE;
    bool parsed = session_read_options(argc, argv, "explain: ", &options);
    if (parsed && !options.command) {
        log_say("explain: usage: tcr-run explain [options] -- COMMAND [ARG...]");
    } else if (parsed) {
        status = session_open(&session, &options);
        if (status == 0)
            status = explain(&session);
        session_close(&session);
    }
    options_finish(&options);
    return status;
}
