#include "system/keys/refresh.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "core/pool/keyedit.h"
#include "core/pool/keyfile.h"
#include "system/descriptor.h"
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

#define LOCK_SECONDS 90 /* enough for two processes whose provider does not answer */
#define LOOK_MS      100
#define WRITE_TRIES  10
#define FD_MOST      4096

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

bool refresh_is_needed(const struct refresh_work *work, const struct refresh_known *known)
{
    const struct refresh_wish *wish = work->wish;
    struct refresh_outcome *outcome = work->outcome;
    int64_t now = time(NULL);
    outcome->ends = known->ends;
    outcome->result = REFRESH_NOT_NEEDED;
    if (wish->known_end >= 0 && known->ends != wish->known_end)
        return false;
    if (wish->if_due && !renewal_is_due(known->ends, work->way.before, now))
        return false;
    if (wish->if_due && known->ended) {
        outcome->result = REFRESH_ENDED;
        snprintf(outcome->text, REFRESH_TEXT, "its login has ended, log in again");
        return false;
    }
    if (renewal_may_ask(known->after, now))
        return true;
    outcome->result = REFRESH_LATER;
    outcome->not_before = known->after;
    snprintf(outcome->text, REFRESH_TEXT,
             "the provider was asked a moment ago, and is not asked again yet");
    return false;
}

int refresh_write_hard(int (*write)(void *context, struct buffer *error), void *context,
                       struct buffer *error)
{
    int r = write(context, error);
    for (int i = 0; r < 0 && i < WRITE_TRIES; i++) {
        buffer_clear(error);
        (void)sleep(1);
        r = write(context, error);
    }
    return r;
}

/* The file as it will be written. */
struct renewal_draft {
    const struct keychange *change;
    cJSON *file, *entry;
    char *rescue_path;
    const struct seal *seal;
};

static int write_draft(void *context, struct buffer *error)
{
    const struct renewal_draft *draft = context;
    return keychange_rehearse(draft->change, draft->file, error);
}

static int take_entry(const struct renewal_draft *draft, cJSON *entry, struct buffer *error)
{
    struct renewal renewal = {0};
    const char *token = json_string(entry, "refresh_token");
    if (!token || !rescue_find(draft->rescue_path, draft->seal, token, &renewal))
        return 0;
    int r = renewal_apply_entry(entry, &renewal, time(NULL));
    if (r == 0)
        r = keychange_rehearse(draft->change, draft->file, error);
    renewal_finish(&renewal);
    return r < 0 ? r : 0;
}

/* Takes the answer that a killed process received but could not write, whichever key it was for. */
static int take_rescued(const struct renewal_draft *draft, struct buffer *error)
{
    cJSON *entry;
    int r = access(draft->rescue_path, F_OK) == 0
                ? take_entry(draft, json_get(draft->file, "master"), error)
                : 1;
    if (r == 0)
        cJSON_ArrayForEach (entry, json_get(draft->file, "keys"))
            if (r == 0)
                r = take_entry(draft, entry, error);
    if (r == 0 && !rescue_was_begun(draft->rescue_path, draft->seal,
                                    json_string(draft->entry, "refresh_token")))
        (void)unlink(draft->rescue_path);
    return r < 0 ? r : 0;
}

static int take_answer(void *context, const struct renewal *renewal, struct buffer *error)
{
    struct renewal_draft *draft = context;
    int r = renewal_apply_entry(draft->entry, renewal, time(NULL));
    return r < 0 ? r : refresh_write_hard(write_draft, draft, error);
}

static int ask_and_write(struct refresh_work *work, struct renewal_draft *draft,
                         struct buffer *error)
{
    const struct refresh_asking asking = {
        .work = work,
        .sending = {.way = &work->way, .refresh_token = json_string(draft->entry, "refresh_token")},
        .rescue_path = draft->rescue_path,
        .seal = draft->seal,
        .write = write_draft,
        .take = take_answer,
        .context = draft};
    int r = refresh_ask(&asking, error);
    return r < 0 ? r : 1;
}

struct refresh_known refresh_read_known(const cJSON *entry)
{
    struct refresh_known known = {0};
    (void)json_integer(entry, "expires", &known.ends);
    (void)json_integer(entry, "refresh_after", &known.after);
    (void)json_integer(entry, "refresh_ended", &known.ended);
    return known;
}

/* Under the key file's lock. It writes the file itself. */
static int renew(cJSON *file, void *context, struct buffer *error)
{
    struct refresh_work *work = context;
    CLEANUP_FREE char *rescue_path = NULL;
    cJSON *entry = keyedit_find(file, work->wish->name);
    const char *token = json_string(entry, "refresh_token");
    if (!entry || !token || !*token)
        return refuse(error, entry ? "it has no refresh token" : "it is no longer in the key file");
    if (asprintf(&rescue_path, "%s.renewal", work->change.path) < 0)
        return -ENOMEM;
    struct renewal_draft draft = {&work->change, file, entry, rescue_path,
                                  work->change.sealed ? &work->change.seal : NULL};
    int r = read_way(file, &work->way, error);
    if (r == 0)
        r = take_rescued(&draft, error);
    if (r < 0)
        return r;
    const struct refresh_known known = refresh_read_known(entry);
    return refresh_is_needed(work, &known) ? ask_and_write(work, &draft, error) : 1;
}

/* A key that somebody removed meanwhile has no folder either. */
static int renew_whichever(struct refresh_work *work, struct buffer *error)
{
    const cJSON *entry = keyedit_find(work->change.file, work->wish->name);
    const char *folder = json_string(entry, "config_dir");
    if (!folder)
        return keychange_apply(&work->change, renew, work, error);
    int r = read_way(work->change.file, &work->way, error);
    return r < 0 ? r : refresh_folder(work, folder, error);
}

static void work_on(struct refresh_work *work)
{
    struct buffer error = {0};
    int r = keychange_open(work->wish->path, NULL, &work->change, &error);
    work->change.lock_seconds = LOCK_SECONDS;
    if (r == 0)
        r = renew_whichever(work, &error);
    if (r < 0) {
        work->outcome->result = REFRESH_FAILED;
        snprintf(work->outcome->text, REFRESH_TEXT, "%.*s", (int)strcspn(buffer_text(&error), "\n"),
                 error.length ? buffer_text(&error) : strerror(-r));
    }
    keychange_close(&work->change);
    buffer_finish(&error);
}

/* ---- the process ---- */

/* The caller's descriptors are closed: somebody may be waiting for their end of file. */
static void keep_only(int fd)
{
    int nothing = open("/dev/null", O_RDWR);
    for (int i = 0; i <= STDERR_FILENO; i++)
        (void)dup2(nothing, i);
    for (int i = STDERR_FILENO + 1; i < FD_MOST; i++)
        if (i != fd)
            (void)close(i);
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
    struct refresh_work work = {.wish = wish, .outcome = &outcome};
    (void)setsid();
    ignore_signals();
    keep_only(fd);
    work_on(&work);
    (void)files_write_all(fd, (const char *)&outcome, sizeof outcome);
    _exit(0);
}

static int read_outcome(int fd, const struct host *host, struct refresh_outcome *ret_outcome)
{
    struct refresh_outcome outcome = {0};
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
    if (descriptor_pipe(ends, 0) < 0)
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
    bool in_folder = key->source == KEY_CONFIG_DIR && json_get(entry, "config_dir");
    if (!token && !in_folder)
        return -ENOENT;
    if (!in_folder)
        r = keyring_set_token(keyring, key, token, strlen(token), error);
    if (r < 0)
        return r;
    const struct refresh_known known = refresh_read_known(entry);
    key->expires = known.ends;
    key->refresh_after = known.after;
    key->refresh_ended = known.ended;
    return 0;
}
