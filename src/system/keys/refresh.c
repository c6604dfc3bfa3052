#include "system/keys/refresh.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "core/pool/keyedit.h"
#include "core/pool/keyfile.h"
#include "system/files.h"
#include "system/keys/keychange.h"
#include "system/keys/refresh_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOCK_SECONDS 90 /* two that wait for their provider in vain, and some */
#define LOOK_MS      100
#define WRITE_TRIES  10
#define FD_MOST      4096

struct work {
    const struct refresh_wish *wish;
    struct refresh_outcome *outcome;
    struct keychange change;
    struct refresh_way way;
};

static int refuse(struct buffer *error, const char *sentence)
{
    buffer_append_text(error, sentence);
    return -EINVAL;
}

/* ---- the key file ---- */

static int read_way(const cJSON *file, struct refresh_way *ret_way, struct buffer *error)
{
    struct keyring keyring = {0};
    struct keyring_report report = {0};
    struct buffer text = {0};
    keyedit_print(file, &text);
    int r =
        text.failed ? -ENOMEM : keyfile_parse(buffer_text(&text), text.length, &keyring, &report);
    if (r == 0)
        r = refresh_find_way(&keyring, ret_way, error);
    keyring_finish(&keyring);
    keyring_report_finish(&report);
    buffer_finish_wiping(&text);
    return r;
}

static bool is_needed(struct work *work, const cJSON *entry, int64_t now)
{
    const struct refresh_wish *wish = work->wish;
    struct refresh_outcome *outcome = work->outcome;
    int64_t ends = 0, after = 0;
    (void)json_integer(entry, "expires", &ends);
    (void)json_integer(entry, "refresh_after", &after);
    outcome->ends = ends;
    outcome->result = REFRESH_NOT_NEEDED;
    if (wish->known_end >= 0 && ends != wish->known_end)
        return false;
    if (wish->if_due && !renewal_is_due(ends, work->way.before, now))
        return false;
    if (wish->if_due && json_get(entry, "refresh_ended")) {
        outcome->result = REFRESH_ENDED;
        snprintf(outcome->text, REFRESH_TEXT, "its login has ended, log in again");
        return false;
    }
    if (after <= now)
        return true;
    outcome->result = REFRESH_LATER;
    outcome->not_before = after;
    snprintf(outcome->text, REFRESH_TEXT,
             "the provider was asked a moment ago, and is not asked "
             "again yet");
    return false;
}

/* From the moment that the answer is here, only what is written counts: the disk may be full for a
 * while. */
static int write_hard(const struct keychange *change, const cJSON *file, struct buffer *error)
{
    int r = keychange_rehearse(change, file, error);
    for (int i = 0; r < 0 && i < WRITE_TRIES; i++) {
        buffer_clear(error);
        (void)sleep(1);
        r = keychange_rehearse(change, file, error);
    }
    return r;
}

/* Under the key file's lock. It writes the file itself. */
static int renew(cJSON *file, void *context, struct buffer *error)
{
    struct work *work = context;
    struct renewal renewal = {0};
    int64_t now = time(NULL);
    cJSON *entry = keyedit_find(file, work->wish->name);
    const char *token = json_string(entry, "refresh_token");
    if (!entry || !token || !*token)
        return refuse(error, entry ? "it has no refresh token" : "it is no longer in the key file");
    int r = read_way(file, &work->way, error);
    if (r < 0 || !is_needed(work, entry, now))
        return r < 0 ? r : 1;
    r = keychange_rehearse(&work->change, file, error);
    if (r == 0)
        r = refresh_post(&work->way, token, NULL, NULL, NULL, &renewal, error);
    if (r == 0) {
        refresh_tell(&renewal, work->outcome);
        r = renewal_apply_entry(entry, &renewal, time(NULL));
        if (r == 0)
            r = write_hard(&work->change, file, error);
    }
    renewal_finish(&renewal);
    return r < 0 ? r : 1;
}

static void work_on(struct work *work)
{
    struct buffer error = {0};
    int r = keychange_open(work->wish->path, NULL, &work->change, &error);
    work->change.lock_seconds = LOCK_SECONDS;
    if (r == 0)
        r = keychange_apply(&work->change, renew, work, &error);
    if (r < 0) {
        work->outcome->result = REFRESH_FAILED;
        snprintf(work->outcome->text, REFRESH_TEXT, "%.*s", (int)strcspn(buffer_text(&error), "\n"),
                 error.length ? buffer_text(&error) : strerror(-r));
    }
    keychange_close(&work->change);
    buffer_finish(&error);
}

/* ---- the process ---- */

/* What the caller has open is not kept open for it: somebody may wait for its end. */
static int keep_only(int fd)
{
    int nothing = open("/dev/null", O_RDWR);
    for (int i = 0; i <= STDERR_FILENO; i++)
        (void)dup2(nothing, i);
    for (int i = STDERR_FILENO + 1; i < FD_MOST; i++)
        if (i != fd)
            (void)close(i);
    return fd;
}

static void ignore_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGTTOU};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        (void)signal(signals[i], SIG_IGN);
}

static _Noreturn void be_worker(const struct refresh_wish *wish, int fd)
{
    struct refresh_outcome outcome = {0};
    struct work work = {.wish = wish, .outcome = &outcome};
    (void)setsid();
    ignore_signals();
    (void)keep_only(fd);
    work_on(&work);
    (void)files_write_all(fd, (const char *)&outcome, sizeof outcome);
    _exit(0);
}

static int read_outcome(int fd, const struct host *host, struct refresh_outcome *ret_outcome)
{
    struct refresh_outcome outcome;
    size_t length = 0;
    while (length < sizeof outcome) {
        struct pollfd poller = {fd, POLLIN, 0};
        if (host_interrupted(host))
            return -EINTR;
        if (poll(&poller, 1, LOOK_MS) <= 0)
            continue;
        ssize_t n = read(fd, (char *)&outcome + length, sizeof outcome - length);
        if (n == 0)
            return -ECHILD;
        length += n > 0 ? (size_t)n : 0;
    }
    *ret_outcome = outcome;
    return 0;
}

int refresh_run(const struct refresh_wish *wish, struct refresh_outcome *ret_outcome)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0)
        be_worker(wish, ends[1]);
    (void)close(ends[1]);
    int r = pid < 0 ? -errno : read_outcome(ends[0], wish->host, ret_outcome);
    (void)close(ends[0]);
    while (pid > 0 && r != -EINTR && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (r == -ECHILD) {
        *ret_outcome = (struct refresh_outcome){REFRESH_FAILED, 0, 0, "its process was killed"};
        r = 0;
    }
    return r;
}

/* ---- afterwards ---- */

int refresh_read(const char *path, struct keyring *keyring, struct key *key, struct buffer *error)
{
    char *bytes = NULL;
    size_t length;
    int r = keychange_read(path, NULL, error, &bytes, &length);
    if (r < 0)
        return r;
    CLEANUP_JSON cJSON *file = json_parse(bytes, length, NULL);
    secret_free(bytes);
    const cJSON *entry = keyedit_find(file, key->name);
    const char *token = json_string(entry, "token");
    if (!token)
        return -ENOENT;
    r = keyring_set_token(keyring, key, token, strlen(token), error);
    if (r < 0)
        return r;
    key->expires = key->refresh_after = key->refresh_ended = 0;
    (void)json_integer(entry, "expires", &key->expires);
    (void)json_integer(entry, "refresh_after", &key->refresh_after);
    (void)json_integer(entry, "refresh_ended", &key->refresh_ended);
    return 0;
}
