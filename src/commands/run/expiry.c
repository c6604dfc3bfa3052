#include "commands/run/expiry.h"

#include "commands/run/journal.h"
#include "core/pool/identity.h"
#include "core/show/render.h"
#include "system/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WARN_EVERY_SECONDS 86400

struct expiry {
    const struct session *session;
    const struct key **due; /* room for all keys */
    size_t due_count;
};

static bool is_concern(const struct key *key, int64_t now)
{
    return key_ends_soon(key, now) && !key->disabled && !key->left_out;
}

static const struct key *key_at(const struct keyring *keyring, size_t i)
{
    return i < keyring->count ? &keyring->keys[i] : &keyring->master;
}

/* Under the state's lock, so that two runs do not both find a key due. */
static bool note_due(struct state *state, int64_t now, void *context)
{
    struct expiry *expiry = context;
    const struct keyring *keyring = &expiry->session->pool.keyring;
    expiry->due_count = 0;
    for (size_t i = 0; i < keyring->count + keyring->has_master; i++) {
        const struct key *key = key_at(keyring, i);
        char id[IDENTITY_TEXT];
        if (!is_concern(key, now) || identity_of(key, state->salt, id) < 0)
            continue;
        const struct record *known = state_find(&state->keys, id);
        if (known && known->warned_end > 0 && now - known->warned_end < WARN_EVERY_SECONDS)
            continue;
        struct record *record = state_touch(&state->keys, id);
        if (!record)
            continue;
        snprintf(record->name, sizeof record->name, "%s", key->name);
        record->warned_end = now;
        expiry->due[expiry->due_count++] = key;
    }
    return expiry->due_count > 0;
}

static void warn(const struct session *session, const struct key *key, int64_t now)
{
    struct buffer line = {0};
    render_key_end(&line, key, now);
    const struct event event = {.kind = EVENT_WARNING,
                                .time = now,
                                .key = key->name,
                                .until = key_end(key),
                                .text = key_end(key) > now ? "it ends soon" : "it has ended"};
    journal_say(session, &event, buffer_text(&line));
    buffer_finish(&line);
}

void expiry_warn(const struct session *session)
{
    const struct keyring *keyring = &session->pool.keyring;
    struct expiry expiry = {.session = session};
    size_t count = keyring->count + keyring->has_master, concern = 0;
    int64_t now = time(NULL);
    for (size_t i = 0; i < count; i++)
        concern += is_concern(key_at(keyring, i), now);
    if (concern == 0 || !log_says(LOG_NORMAL))
        return;
    expiry.due = calloc(count, sizeof *expiry.due);
    if (!expiry.due)
        return;
    (void)store_update(session->pool.store, note_due, &expiry);
    for (size_t i = 0; i < expiry.due_count; i++)
        warn(session, expiry.due[i], now);
    free(expiry.due);
}
