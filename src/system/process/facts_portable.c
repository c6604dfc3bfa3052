#include "system/process/facts.h"

#include "system/clock.h"
#include "system/process/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utmpx.h>

#define LISTING_SIZE 262144
#define LISTING_MS   1000 /* how long one is good for */
#define LIMIT_MS     2000
#define ROUGHLY_MS   2000 /* ps tells whole seconds, by a clock of its own */

/* No number is given to another process that soon. Many runs that start at once under one lock
 * would feel that each asks ps. */
#define CERTAIN_MS 60000

/* What ps last said, one line for each process: its number, its state and how long it has been
 * there. */
static struct {
    pthread_mutex_t lock;
    int64_t taken; /* clock_now_ms; 0: never */
    size_t length;
    char text[LISTING_SIZE];
} listing = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void take_listing(void)
{
    char ps[] = "/bin/ps", all[] = "-A", option[] = "-o";
    char number[] = "pid=", letters[] = "stat=", age[] = "etime=", locale[] = "LC_ALL=C";
    char *const argv[] = {ps, all, option, number, option, letters, option, age, NULL};
    char *const environment[] = {locale, NULL};
    int status, nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    struct capture_request request = {
        .argv = argv, .environment = environment, .limit_ms = LIMIT_MS, .errors = nowhere};
    listing.taken = clock_now_ms();
    listing.length = 0;
    if (capture_run(&request, listing.text, LISTING_SIZE - 1, &listing.length, &status) < 0)
        listing.length = 0;
    listing.text[listing.length] = '\0';
    if (nowhere >= 0)
        (void)close(nowhere);
}

/* The rest of its line, NULL if it has none. */
static const char *find_process(pid_t pid)
{
    for (const char *p = listing.text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
        char *end;
        if (strtoll(p, &end, 10) == pid)
            return end;
    }
    return NULL;
}

/* So that one that ps does not tell of is not asked for again at once. */
static void note_missing(pid_t pid)
{
    size_t room = LISTING_SIZE - listing.length;
    int length = snprintf(listing.text + listing.length, room, "%lld - -\n", (long long)pid);
    if (length > 0 && (size_t)length < room)
        listing.length += (size_t)length;
    else
        listing.text[listing.length] = '\0';
}

/* [[DAYS-]HOURS:]MINUTES:SECONDS, in seconds. */
static int64_t parse_age(const char *text)
{
    int64_t seconds = 0;
    for (char *end; *text; text = *end ? end + 1 : end) {
        int64_t number = strtoll(text, &end, 10);
        seconds = (seconds + number) * (*end == '-' ? 24 : *end == ':' ? 60 : 1);
        if (end == text)
            break;
    }
    return seconds;
}

static int64_t read_process(const char *line, bool *ret_stopped)
{
    char letters[16], age[32];
    if (sscanf(line, " %15s %31s", letters, age) != 2 || letters[0] == '-')
        return 1;
    if (letters[0] == 'Z')
        return 0;
    if (ret_stopped)
        *ret_stopped = letters[0] == 'T';
    int64_t start = listing.taken - parse_age(age) * 1000 - ROUGHLY_MS;
    return start > 0 ? start : 1;
}

static int64_t look_up(pid_t pid, bool *ret_stopped)
{
    bool is_old = listing.taken == 0 || clock_now_ms() - listing.taken >= LISTING_MS;
    const char *line = is_old ? NULL : find_process(pid);
    if (!line) {
        take_listing();
        line = find_process(pid);
    }
    if (line)
        return read_process(line, ret_stopped);
    note_missing(pid);
    return 1;
}

int64_t facts_start(pid_t pid, int64_t leased, bool *ret_stopped)
{
    if (kill(pid, 0) < 0 && errno == ESRCH)
        return 0;
    if (!ret_stopped && leased > 0 && clock_now_ms() - leased < CERTAIN_MS)
        return 1;
    (void)pthread_mutex_lock(&listing.lock);
    int64_t start = look_up(pid, ret_stopped);
    (void)pthread_mutex_unlock(&listing.lock);
    return start;
}

int64_t facts_now(void)
{
    return clock_now_ms();
}

bool facts_types(pid_t sender)
{
    (void)sender;
    return false;
}

int64_t facts_namespace(void)
{
    return 0;
}

/* 0 where the system keeps no record of it. */
static int64_t boot_us(void)
{
    const struct utmpx wanted = {.ut_type = BOOT_TIME};
    setutxent();
    const struct utmpx *found = getutxid(&wanted);
    int64_t us = found ? (int64_t)found->ut_tv.tv_sec * 1000000 + found->ut_tv.tv_usec : 0;
    endutxent();
    return us;
}

/* Hashed, as a name may be long and is nobody's business who shares a Redis server. */
void facts_boot(char *ret_text, size_t size)
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    char host[_POSIX_HOST_NAME_MAX + 1] = "", told[_POSIX_HOST_NAME_MAX + 32];
    (void)gethostname(host, sizeof host - 1);
    snprintf(told, sizeof told, "%s/%" PRId64, host, boot_us());
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)told, strlen(told), NULL, 0);
    if (size > sizeof hash * 2)
        (void)sodium_bin2hex(ret_text, size, hash, sizeof hash);
    else if (size > 0)
        *ret_text = '\0';
}
