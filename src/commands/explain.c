#include "commands/attempt.h"
#include "commands/command.h"
#include "commands/output.h"
#include "core/render.h"
#include "system/keysource.h"
#include "system/log.h"
#include "system/zone.h"

#include <string.h>

static void append_keys(struct buffer *text, const struct session *session,
                        const struct candidate *chosen, int64_t now)
{
    const struct rotation *rotation = &session->pool.rotation;
    buffer_append_format(text, "keys (from %s):\n", session->pool.origin);
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        const struct candidate *candidate = &rotation->candidates[i];
        buffer_append_format(text, "  %-20s ", candidate->key->name);
        if (candidate == chosen)
            buffer_append_text(text, "would be used");
        else if (i == rotation->count && candidate->standing == STANDING_READY)
            buffer_append_text(text, "master: used when the pool is used up");
        else if (candidate->standing == STANDING_READY)
            buffer_append_text(text, "ready, but not first in turn");
        else
            render_standing(text, candidate, now, &zone_system);
        buffer_append_char(text, '\n');
    }
}

/* A word as a shell would want it, so that the line can be read and tried. */
static void append_word(struct buffer *text, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./=:,@%+";
    if (*word && word[strspn(word, plain)] == '\0') {
        buffer_append_text(text, word);
        return;
    }
    buffer_append_char(text, '\'');
    for (; *word; word++) {
        if (*word == '\'')
            buffer_append_text(text, "'\\''");
        else
            buffer_append_char(text, *word);
    }
    buffer_append_char(text, '\'');
}

static void append_indented(struct buffer *text, const char *lines)
{
    while (*lines) {
        int length = (int)strcspn(lines, "\n");
        buffer_append_format(text, "  %.*s\n", length, lines);
        lines += length + (lines[length] == '\n');
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
    buffer_append_format(text, "secret: %s\n",
                         handover->secret_fd >= 0 ? "on a descriptor" : "in the variable");
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
        append_word(text, *word);
    }
    buffer_append_char(text, '\n');
}

static void append_policy(struct buffer *text, const struct session *session)
{
    const struct policy *policy = &session->pool.policy;
    const struct options *options = session->options;
    buffer_append_format(text, "client: %s%s\n", client_name(session->call.id),
                         session->call.interactive ? ", interactive: streams left alone" : "");
    buffer_append_text(text, "carries on after:");
    for (int class = CLASS_NONE + 1; class < CLASS_COUNT; class ++)
        if (policy_rotates(policy, (enum failure_class) class))
            buffer_append_format(text, " %s", failure_class_name((enum failure_class) class));
    buffer_append_format(text, "; at most %d pool keys a run%s\n", policy->retries,
                         session->pool.keyring.has_master ? ", then the master" : "");
    for (size_t i = 0; i < options->marker_count; i++)
        buffer_append_format(text, "marker: %s means %s\n", options->markers[i].text,
                             failure_class_name(options->markers[i].class));
    for (int code = 1; code < 256; code++)
        if (options->exit_class[code] != CLASS_NONE)
            buffer_append_format(text, "exit status %d means %s\n", code,
                                 failure_class_name(options->exit_class[code]));
}

static int explain(struct session *session)
{
    struct buffer text = {0}, error = {0};
    struct handover handover = {.secret_fd = -1};
    int64_t now;
    const struct state *state = pool_survey(&session->pool, &session->demand, &now);
    if (!state)
        return EXIT_OWN_FAILURE;
    struct candidate *chosen = rotation_choose(&session->pool.rotation, state->cursor);
    if (!chosen)
        chosen = rotation_master(&session->pool.rotation);
    append_keys(&text, session, chosen, now);
    append_policy(&text, session);
    int status = chosen ? 0 : EXIT_NO_KEY;
    if (chosen &&
        keysource_resolve(&session->pool.keyring, chosen->key, session->environment, &error) < 0)
        log_say("\"%s\": %s", chosen->key->name, buffer_text(&error));
    else if (chosen)
        status =
            handover_build(session, chosen, rotation_ready(&session->pool.rotation) > 1, &handover);
    if (handover.argv)
        append_handover(&text, session, &handover);
    else if (!chosen)
        buffer_append_text(&text, "no key can be used now\n");
    handover_finish(&handover);
    buffer_finish(&error);
    int printed = output_print(&text);
    return status ? status : printed;
}

int command_explain(int argc, char **argv)
{
    struct options options;
    struct session session;
    struct buffer error = {0};
    int status = EXIT_OWN_FAILURE;
    if (options_parse(argc, argv, &options, &error) < 0) {
        log_say("explain: %s", buffer_text(&error));
    } else if (!options.command) {
        log_say("explain: usage: tcr-run explain [options] -- COMMAND [ARG...]");
    } else {
        log_set_level(options.quiet ? LOG_QUIET : (enum log_level)options.verbosity);
        status = session_open(&session, &options);
        if (status == 0)
            status = explain(&session);
        session_close(&session);
    }
    buffer_finish(&error);
    options_finish(&options);
    return status;
}
