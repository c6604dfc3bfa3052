#include "system/store/ledger_parts.h"

#include "core/state/renaming.h"
#include "system/clock.h"
#include "system/descriptor.h"
#include "system/process/process.h"
#include "system/waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_LARGEST (1024 * 1024) /* that wait for a store; later ones are dropped */

/* ---- reports of the store ---- */

static void note_report(void *context, enum report kind, const char *sentence)
{
    struct ledger *ledger = context;
    pthread_mutex_lock(&ledger->lock);
    buffer_append_char(&ledger->reports, kind == REPORT_EXPLAIN ? 'e' : 's');
    buffer_append_text(&ledger->reports, sentence);
    buffer_append_char(&ledger->reports, '\n');
    pthread_mutex_unlock(&ledger->lock);
}

static int is_abandoned(void *context)
{
    struct ledger *ledger = context;
    return atomic_load(&ledger->abandoned) ? SIGTERM : 0;
}

static void say_reports(struct ledger *ledger)
{
    struct buffer reports = {0};
    pthread_mutex_lock(&ledger->lock);
    reports = ledger->reports;
    ledger->reports = (struct buffer){0};
    pthread_mutex_unlock(&ledger->lock);
    const char *line = buffer_text(&reports);
    for (const char *end; (end = strchr(line, '\n')); line = end + 1)
        host_report(ledger->host, *line == 'e' ? REPORT_EXPLAIN : REPORT_WARN, "%.*s",
                    (int)(end - line - 1), line + 1);
    buffer_finish(&reports);
}

/* ---- beginning and end ---- */

static int read_first(struct ledger *ledger)
{
    const struct state *seen = store_read(ledger->store);
    int r = seen ? state_copy(seen, &ledger->state) : -ENOMEM;
    if (r < 0)
        return r;
    ledger->ahead = store_now(ledger->store) - time(NULL);
    memcpy(ledger->salt, ledger->state.salt, sizeof ledger->salt);
    state_drop_leases(&ledger->state, &ledger->owner);
    return 0;
}

/* Signals are for the main thread alone. */
static int start_thread(struct ledger *ledger)
{
    sigset_t all, before;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&ledger->thread, NULL, ledger_keep, ledger);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -r;
}

static void init_locks(struct ledger *ledger)
{
    (void)pthread_mutex_init(&ledger->lock, NULL);
    waiting_init(&ledger->wake);
    waiting_init(&ledger->ended);
}

static void release(struct followed *keys)
{
    if (keys->release)
        keys->release(keys->context);
    *keys = (struct followed){0};
}

static void destroy(struct ledger *ledger)
{
    store_destroy(ledger->store);
    state_finish(&ledger->state);
    state_finish(&ledger->held);
    if (ledger->has_news)
        state_finish(&ledger->news);
    entries_finish(&ledger->made);
    entries_finish(&ledger->fresh);
    entries_finish(&ledger->flying);
    buffer_finish(&ledger->events);
    buffer_finish(&ledger->reports);
    ledger_finish_claims(ledger);
    free(ledger->leases);
    free(ledger->events_path);
    release(&ledger->keys);
    if (ledger->has_next_keys)
        release(&ledger->next_keys);
    if (ledger->has_old_keys)
        release(&ledger->old_keys);
    if (ledger->news_fd >= 0)
        (void)close(ledger->news_fd);
    if (ledger->tell_fd >= 0)
        (void)close(ledger->tell_fd);
    (void)pthread_cond_destroy(&ledger->wake);
    (void)pthread_cond_destroy(&ledger->ended);
    (void)pthread_mutex_destroy(&ledger->lock);
    free(ledger);
}

int ledger_open(const struct host *host, struct ledger **ret_ledger)
{
    int ends[2] = {-1, -1};
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (!ledger)
        return -ENOMEM;
    int r = descriptor_pipe(ends, O_NONBLOCK) < 0 ? -errno : 0;
    ledger->host = host;
    ledger->owner = process_self();
    ledger->news_fd = ends[0];
    ledger->tell_fd = ends[1];
    ledger->store_host =
        (struct host){.report = note_report, .interrupted = is_abandoned, .context = ledger};
    init_locks(ledger);
    if (r == 0) {
        ledger->store = store_create(NULL, &ledger->store_host);
        r = ledger->store ? read_first(ledger) : -ENOMEM;
    }
    if (r == 0 && store_path(ledger->store) && store_events_path(ledger->store))
        ledger->events_path = strdup(store_events_path(ledger->store));
    say_reports(ledger);
    if (r == 0)
        r = start_thread(ledger);
    if (r < 0)
        destroy(ledger);
    else
        *ret_ledger = ledger;
    return r;
}

/* ---- news ---- */

const char *ledger_events_path(const struct ledger *ledger)
{
    return ledger->events_path;
}

int ledger_fd(const struct ledger *ledger)
{
    return ledger->news_fd;
}

void ledger_follow_keys(struct ledger *ledger, const struct keyring *keyring,
                        void (*release_keys)(void *context), void *context)
{
    struct followed replaced = {0};
    struct followed keys = {keyring, release_keys, context};
    pthread_mutex_lock(&ledger->lock);
    if (ledger->has_next_keys) /* the thread has not taken these yet */
        replaced = ledger->next_keys;
    ledger->next_keys = keys;
    ledger->has_next_keys = true;
    pthread_cond_signal(&ledger->wake);
    pthread_mutex_unlock(&ledger->lock);
    release(&replaced);
}

/* The store's state was created anew, or is another one: unwritten changes get the names that the
 * keys have there. Called under the lock, while the thread writes nothing. */
static void rename_all(struct ledger *ledger, const char *salt)
{
    struct renaming renaming;
    const struct keyring *keyring =
        ledger->has_next_keys ? ledger->next_keys.keyring : ledger->keys.keyring;
    if (renaming_init(&renaming, keyring, ledger->salt, salt) == 0) {
        renaming_of_entries(&renaming, &ledger->flying);
        renaming_of_entries(&renaming, &ledger->fresh);
        renaming_of_leases(&renaming, &ledger->held);
    }
    renaming_finish(&renaming);
    memcpy(ledger->salt, salt, sizeof ledger->salt);
    ledger->foreign = false;
    ledger->held_changed = ledger->urgent = true;
    pthread_cond_signal(&ledger->wake);
}

/* Under the lock. */
static void take_news(struct ledger *ledger)
{
    state_finish(&ledger->state);
    ledger->state = ledger->news;
    ledger->has_news = false;
    ledger->ahead = ledger->news_ahead;
    if (strcmp(ledger->salt, ledger->state.salt) != 0)
        rename_all(ledger, ledger->state.salt);
    (void)entries_do(&ledger->state, &ledger->flying, ledger->ahead);
    (void)entries_do(&ledger->state, &ledger->fresh, ledger->ahead);
    state_drop_leases(&ledger->state, &ledger->owner);
    for (size_t i = 0; i < ledger->held.lease_count; i++)
        (void)state_add_lease(&ledger->state, &ledger->held.leases[i]);
}

bool ledger_refresh(struct ledger *ledger)
{
    char salt[IDENTITY_SALT];
    char byte[64];
    struct followed unused = {0};
    memcpy(salt, ledger->state.salt, sizeof salt);
    while (read(ledger->news_fd, byte, sizeof byte) == sizeof byte)
        ;
    pthread_mutex_lock(&ledger->lock);
    if (ledger->has_news)
        take_news(ledger);
    if (ledger->has_old_keys)
        unused = ledger->old_keys;
    ledger->has_old_keys = false;
    pthread_mutex_unlock(&ledger->lock);
    release(&unused);
    say_reports(ledger);
    return strcmp(salt, ledger->state.salt) != 0;
}

const struct state *ledger_state(const struct ledger *ledger)
{
    return &ledger->state;
}

int64_t ledger_now(const struct ledger *ledger)
{
    return time(NULL) + ledger->ahead;
}

/* ---- changes ---- */

/* Called under the lock. The thread is woken for urgent changes, and to see when the others are
 * due. */
static void mark(struct ledger *ledger, bool urgent)
{
    bool wakes = !ledger->dirty || (urgent && !ledger->urgent);
    ledger->dirty = true;
    ledger->urgent |= urgent;
    if (wakes)
        pthread_cond_signal(&ledger->wake);
}

/* Under the lock. Returns 0 or -ENOMEM. */
static int add_entry(struct ledger *ledger, const struct entry *made)
{
    struct entry entry = *made;
    entry.ahead = ledger->ahead;
    int r = entries_add(&ledger->fresh, &entry);
    if (r == 0)
        mark(ledger, entry_is_urgent(&entry));
    return r;
}

static void note_held(struct ledger *ledger, const char *before, const char *after, int64_t now)
{
    if (strcmp(before, after) == 0)
        return;
    if (*before)
        (void)state_end_lease(&ledger->held, &ledger->owner, before);
    if (*after)
        (void)state_lease(&ledger->held, &ledger->owner, after, now);
    ledger->held_changed = true;
    mark(ledger, false);
}

static void copy_id(const struct slot *slot, char ret_id[IDENTITY_TEXT])
{
    *ret_id = '\0';
    if (slot->candidate)
        memcpy(ret_id, slot->candidate->id, IDENTITY_TEXT);
}

int ledger_meet(struct ledger *ledger, struct rotation *rotation)
{
    const struct demand any = {0};
    int r = rotation_survey(rotation, &ledger->state, &any, ledger_now(ledger));
    /* The second survey sorts them. */
    return r < 0 ? r : rotation_survey(rotation, &ledger->state, &any, ledger_now(ledger));
}

void ledger_choose(struct ledger *ledger, struct choice *choice)
{
    char before[IDENTITY_TEXT], after[IDENTITY_TEXT];
    struct slot *slot = &choice->slots[0];
    int64_t clock = time(NULL);
    choice->many = true;
    choice->owner = ledger->owner;
    choice->entries = &ledger->made;
    if (slot->candidate)
        (void)rotation_identify(choice->rotation, slot->candidate, ledger->state.salt);
    copy_id(slot, before);
    choice_begin(choice);
    (void)choice_make(choice, &ledger->state, clock + ledger->ahead, clock);
    copy_id(slot, after);
    pthread_mutex_lock(&ledger->lock);
    for (size_t i = 0; i < ledger->made.count; i++)
        choice->failed |= add_entry(ledger, &ledger->made.list[i]) < 0;
    note_held(ledger, before, after, choice->now);
    pthread_mutex_unlock(&ledger->lock);
    ledger->made.count = 0;
}

void ledger_give_back(struct ledger *ledger, struct rotation *rotation, struct slot *slot)
{
    char id[IDENTITY_TEXT];
    if (slot->candidate)
        (void)rotation_identify(rotation, slot->candidate, ledger->state.salt);
    copy_id(slot, id);
    (void)choice_give_back(slot, &ledger->state, &ledger->owner);
    pthread_mutex_lock(&ledger->lock);
    note_held(ledger, id, "", 0);
    pthread_mutex_unlock(&ledger->lock);
}

int ledger_enter(struct ledger *ledger, const struct entry *entry)
{
    int r = entry_do(&ledger->state, entry);
    if (r <= 0)
        return r;
    pthread_mutex_lock(&ledger->lock);
    r = add_entry(ledger, entry);
    pthread_mutex_unlock(&ledger->lock);
    return r;
}

void ledger_log_event(struct ledger *ledger, const char *line)
{
    pthread_mutex_lock(&ledger->lock);
    if (ledger->events.length < EVENTS_LARGEST)
        buffer_append_text(&ledger->events, line);
    mark(ledger, true);
    pthread_mutex_unlock(&ledger->lock);
}

/* ---- the end ---- */

/* Called under the lock. Does what the thread needs from the loop meanwhile. */
static void wait_for_end(struct ledger *ledger, int64_t most_ms)
{
    struct timespec until = clock_in_ms(most_ms);
    while (!ledger->has_ended) {
        if (ledger->has_news && ledger->foreign)
            take_news(ledger);
        if (waiting_until(&ledger->ended, &ledger->lock, &until) == ETIMEDOUT)
            return;
    }
}

#define PARTING_MS 200 /* for a thread that was asked to give up */

int ledger_close(struct ledger *ledger, int64_t most_ms)
{
    if (!ledger)
        return 0;
    pthread_mutex_lock(&ledger->lock);
    ledger->held.lease_count = 0;
    ledger->held_changed = ledger->ending = true;
    pthread_cond_signal(&ledger->wake);
    wait_for_end(ledger, most_ms);
    if (!ledger->has_ended) {
        atomic_store(&ledger->abandoned, true);
        wait_for_end(ledger, PARTING_MS);
    }
    bool has_ended = ledger->has_ended;
    bool left = ledger->failing || ledger->flying.count > 0 || ledger->fresh.count > 0;
    pthread_mutex_unlock(&ledger->lock);
    say_reports(ledger);
    if (!has_ended) {
        (void)pthread_detach(ledger->thread);
        return -ETIMEDOUT;
    }
    (void)pthread_join(ledger->thread, NULL);
    destroy(ledger);
    return left ? -EIO : 0;
}
