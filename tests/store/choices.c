/* A long-lived process without a network: it chooses keys from a ledger as a gateway's event loop
 * does, so many times a second, and finds now and then that one is used up.
 *
 *     choices KEYS SECONDS RATE FINDINGS
 *
 * KEYS is a key file, FINDINGS a number of a second. The state is where TCR_STATE says. Each
 * finding is a line, "rests NAME UNTIL", written when the choice that records it has been made. At
 * the end one line of JSON says how long choices took, in microseconds of this thread's processor
 * time. */
#include "core/pool/keyfile.h"
#include "core/pool/keyring.h"
#include "core/state/choice.h"
#include "system/clock.h"
#include "system/files.h"
#include "system/store/ledger.h"

#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SESSIONS     200
#define REST_SECONDS 7200
#define CLOSE_MS     5000
/* Of all choices so many may be slow because somebody else had the processor: what a hypervisor
 * takes away counts as the thread's own time. */
#define TURNED_ASIDE 4

struct play {
    struct keyring keyring;
    struct rotation rotation;
    struct policy policy;
    struct ledger *ledger;
    struct slot slots[SESSIONS];
    int64_t *taken; /* nanoseconds of each choice */
    size_t count, most, refreshes;
    int64_t worst_refresh;
};

static void report(void *context, enum report kind, const char *sentence)
{
    (void)context;
    if (kind == REPORT_WARN)
        fprintf(stderr, "choices: %s\n", sentence);
}

static int64_t thread_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "choices: %s\n", what);
    exit(1);
}

static void open_play(struct play *play, const char *path, size_t most)
{
    static const struct host host = {.report = report};
    struct keyring_report faults = {0};
    struct buffer text = {0};
    if (files_read_plain(path, 64 << 20, &text) < 0)
        die("the key file cannot be read");
    if (keyfile_parse(buffer_text(&text), text.length, &play->keyring, &faults) != 0)
        die(buffer_text(&faults.errors));
    keyring_report_finish(&faults);
    buffer_finish(&text);
    play->policy = policy_default();
    play->most = most;
    play->taken = calloc(most, sizeof *play->taken);
    if (!play->taken || rotation_init(&play->rotation, &play->keyring) < 0 ||
        ledger_open(&host, &play->ledger) < 0)
        die("it cannot begin");
    ledger_follow_keys(play->ledger, &play->keyring, NULL, NULL);
    if (ledger_meet(play->ledger, &play->rotation) < 0)
        die("the keys have no identities");
}

static void choose(struct play *play, struct slot *slot, bool fails)
{
    const struct finding finding = {
        .class = CLASS_LIMIT, .what = "session limit", .until = time(NULL) + REST_SECONDS};
    struct choice choice = {.policy = &play->policy,
                            .rotation = &play->rotation,
                            .slots = slot,
                            .slot_count = 1,
                            .slot = slot,
                            .used = fails ? slot->candidate : NULL,
                            .finding = fails ? &finding : NULL,
                            .choose = true};
    slot->prefers = fails ? NULL : slot->candidate;
    int64_t before = thread_ns();
    ledger_choose(play->ledger, &choice);
    play->taken[play->count++] = thread_ns() - before;
    if (choice.failed)
        die("a choice failed");
    if (choice.used && choice.finding) {
        printf("rests %s %lld\n", choice.used->key->name, (long long)choice.until);
        fflush(stdout);
    }
}

/* What an event loop would do with the time between two requests. */
static void rest_until(struct play *play, int64_t when)
{
    struct pollfd ready = {.fd = ledger_fd(play->ledger), .events = POLLIN};
    for (int64_t left = 1; left > 0;) {
        left = when - clock_now_ms();
        if (poll(&ready, 1, left > 0 ? (int)left : 0) <= 0)
            continue;
        int64_t before = thread_ns();
        bool renamed = ledger_refresh(play->ledger);
        int64_t taken = thread_ns() - before;
        if (renamed && ledger_meet(play->ledger, &play->rotation) < 0)
            die("the keys have no identities");
        if (renamed) /* once in a life, and not while a request waits */
            continue;
        play->refreshes++;
        play->worst_refresh = taken > play->worst_refresh ? taken : play->worst_refresh;
    }
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return a < b ? -1 : a > b;
}

static double microseconds(const struct play *play, size_t place)
{
    return (double)play->taken[place] / 1000;
}

static void print_times(struct play *play)
{
    size_t resting = 0, count = play->count;
    const struct record_table *keys = &ledger_state(play->ledger)->keys;
    for (size_t i = 0; i < keys->count; i++)
        resting += keys->records[i].cooldown_count > 0;
    if (count <= TURNED_ASIDE)
        die("too little was chosen");
    qsort(play->taken, count, sizeof *play->taken, compare);
    printf("{\"resting\":%zu,\"choices\":%zu,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,"
           "\"worst_but_4\":%.1f,\"worst\":%.1f,\"refreshes\":%zu,\"worst_refresh\":%.1f}\n",
           resting, count, microseconds(play, count / 2), microseconds(play, count * 99 / 100),
           microseconds(play, count * 999 / 1000), microseconds(play, count - 1 - TURNED_ASIDE),
           microseconds(play, count - 1), play->refreshes, (double)play->worst_refresh / 1000);
}

int main(int argc, char **argv)
{
    struct play play = {0};
    if (argc != 5 || sodium_init() < 0)
        die("usage: choices KEYS SECONDS RATE FINDINGS");
    long seconds = atol(argv[2]), rate = atol(argv[3]), findings = atol(argv[4]);
    open_play(&play, argv[1], (size_t)(seconds * rate + 1));
    int64_t start = clock_now_ms();
    for (long i = 0; i < seconds * rate; i++) {
        bool fails = findings > 0 && i % (rate / findings) == rate / findings - 1;
        choose(&play, &play.slots[i % SESSIONS], fails);
        rest_until(&play, start + (i + 1) * 1000 / rate);
    }
    for (size_t i = 0; i < SESSIONS; i += 2)
        ledger_give_back(play.ledger, &play.rotation, &play.slots[i]);
    print_times(&play);
    int r = ledger_close(play.ledger, CLOSE_MS);
    if (r < 0)
        fprintf(stderr, "choices: it could not be written at the end: %s\n", strerror(-r));
    rotation_finish(&play.rotation);
    keyring_finish(&play.keyring);
    free(play.taken);
    return r < 0;
}
