#include "base/cleanup.h"
#include "base/path.h"
#include "base/secret.h"
#include "core/pool/keyedit.h"
#include "system/fileid.h"
#include "system/files.h"
#include "system/keys/claude_lock.h"
#include "system/keys/keychain.h"
#include "system/keys/refresh_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LARGEST      (1024 * 1024)
#define PATIENCE_MS  10000 /* for the lock, while the old token still works */
#define WAIT_MS      75000 /* when it no longer works: a killed process holds the lock for 60 s */
#define BUSY_SECONDS 30    /* before the next try */

/* A login in a folder, while its lock is held. */
struct folder_place {
    struct refresh_work *work;
    char *folder; /* without symbolic links */
    char *path;   /* of its .credentials.json, without symbolic links */
    char *rescue_path;
    int64_t modified; /* seconds since 1970 */
    cJSON *file;
    const struct renewal *renewal;
    struct claude_lock lock;
};

static void finish_place(struct folder_place *place)
{
    claude_lock_release(&place->lock);
    json_destroy(place->file);
    free(place->folder);
    free(place->path);
    free(place->rescue_path);
}

static int find_place(const char *config_dir, struct folder_place *place, struct buffer *error)
{
    CLEANUP_FREE char *expanded = files_expand(config_dir, NULL);
    CLEANUP_FREE char *named = NULL;
    if (!expanded)
        return -ENOMEM;
    place->folder = realpath(expanded, NULL);
    named = place->folder ? files_expand(".credentials.json", place->folder) : NULL;
    place->path = named ? realpath(named, NULL) : NULL;
    if (place->path && asprintf(&place->rescue_path, "%s.renewal", place->path) >= 0)
        return 0;
    place->rescue_path = NULL;
    if (errno == ENOMEM)
        return -ENOMEM;
    if (errno == ENOENT && keychain_has_login(expanded)) {
        buffer_append_text(error,
                           "its login is in the keychain, where Claude Code alone renews it: "
                           "run claude with it once");
        return -EINVAL;
    }
    buffer_append_format(error, "%s holds no .credentials.json; log in with CLAUDE_CONFIG_DIR=%s",
                         config_dir, config_dir);
    return -EINVAL;
}

static cJSON *login_of(const cJSON *file)
{
    return json_get(file, "claudeAiOauth");
}

static int read_file(const char *path, cJSON **ret_file, struct buffer *error)
{
    char *bytes = NULL;
    size_t length;
    int r = files_read(path, FILE_SECRET, LARGEST, error, &bytes, &length);
    if (r < 0) {
        if (error->length == 0)
            buffer_append_format(error, "%s: %s", path, strerror(-r));
        return -EINVAL;
    }
    cJSON *file = NULL;
    r = json_read(bytes, length, &file, NULL);
    secret_free(bytes);
    const char *token = json_string(login_of(file), "refreshToken");
    if (r == 0 && (!token || !*token)) {
        json_destroy(file);
        r = -EINVAL;
    }
    if (r == -EINVAL)
        buffer_append_format(error, "%s holds no login that can be renewed; log in again", path);
    if (r == 0)
        *ret_file = file;
    return r;
}

static int replace(const char *path, const cJSON *file, struct buffer *error)
{
    CLEANUP_FREE char *folder = path_folder(path);
    char *text = json_print(file, false);
    int fd = folder && text ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int r = !folder || !text ? -ENOMEM : fd < 0 ? -errno : 0;
    if (r == 0)
        r = files_replace(fd, path_name(path), text, strlen(text));
    if (r == 0)
        (void)files_flush(fd); /* makes the name last as well; some file systems cannot */
    if (fd >= 0)
        (void)close(fd);
    json_free_text(text);
    if (r < 0 && r != -ENOMEM)
        buffer_append_format(error, "%s cannot be written: %s", path, strerror(-r));
    return r;
}

/* The same file holds other tokens than the login's, and these may have changed meanwhile. */
static int write_locked(struct folder_place *place, struct buffer *error)
{
    CLEANUP_JSON cJSON *file = NULL;
    int r = read_file(place->path, &file, error);
    if (r == 0 && place->renewal)
        r = renewal_apply_login(login_of(file), place->renewal);
    return r < 0 ? r : replace(place->path, file, error);
}

/* Without new tokens this is a rehearsal: it shows what would fail before the token is used up. */
static int write_place(void *context, struct buffer *error)
{
    struct folder_place *place = context;
    struct claude_lock lock;
    claude_lock_tick(&place->lock);
    int r = claude_lock_storage(place->folder, &lock, error);
    if (r == -EBUSY && !place->renewal)
        buffer_append_text(error, "Claude Code is writing its tokens; try again");
    /* With new tokens, writing them matters more than this lock. */
    if (r < 0 && !place->renewal)
        return r;
    bool is_locked = r == 0;
    buffer_clear(error);
    r = write_locked(place, error);
    if (is_locked)
        claude_lock_release(&lock);
    return r;
}

static int take_rescued(struct folder_place *place, struct buffer *error)
{
    struct renewal renewal = {0};
    const char *token = json_string(login_of(place->file), "refreshToken");
    if (!rescue_find(place->rescue_path, NULL, token, &renewal)) {
        if (!rescue_was_begun(place->rescue_path, NULL, token))
            (void)unlink(place->rescue_path);
        return 0;
    }
    place->renewal = &renewal;
    int r = write_place(place, error);
    place->renewal = NULL;
    renewal_finish(&renewal);
    if (r < 0)
        return r;
    (void)unlink(place->rescue_path);
    json_destroy(place->file);
    place->file = NULL;
    return read_file(place->path, &place->file, error);
}

/* ---- what the key file remembers ---- */

static int mark(cJSON *file, void *context, struct buffer *error)
{
    const struct folder_place *place = context;
    cJSON *entry = keyedit_find(file, place->work->wish->name);
    (void)error;
    if (!entry || !json_get(entry, "config_dir"))
        return 1;
    bool had = renewal_forget(entry);
    if (place->renewal->meaning == RENEWAL_NEW)
        return had ? 0 : 1;
    return renewal_apply_entry(entry, place->renewal, time(NULL));
}

/* The note matters less than the login: if it cannot be written, the renewal still succeeded. */
static void mark_entry(struct folder_place *place)
{
    struct buffer error = {0};
    (void)keychange_apply(&place->work->change, mark, place, &error);
    buffer_finish(&error);
}

/* Somebody who has logged in since has written the file since. */
static struct refresh_known known_of(const struct folder_place *place)
{
    struct keychange now;
    struct buffer error = {0};
    int64_t ends = 0;
    int r = keychange_open(place->work->wish->path, NULL, &now, &error);
    const cJSON *entry = r == 0 ? keyedit_find(now.file, place->work->wish->name) : NULL;
    struct refresh_known known = refresh_read_known(entry);
    (void)json_integer(login_of(place->file), "expiresAt", &ends);
    known.ends = ends / 1000;
    if (place->modified > known.ended)
        known.ended = 0;
    keychange_close(&now);
    buffer_finish(&error);
    return known;
}

/* ---- asking ---- */

static void tick(void *context)
{
    struct folder_place *place = context;
    claude_lock_tick(&place->lock);
}

static char *join_scopes(const cJSON *login)
{
    const cJSON *scope;
    struct buffer text = {0};
    cJSON_ArrayForEach (scope, json_get(login, "scopes"))
        if (cJSON_IsString(scope))
            buffer_append_format(&text, "%s%s", text.length ? " " : "", scope->valuestring);
    char *joined = text.failed ? NULL : strdup(buffer_text(&text));
    buffer_finish(&text);
    return joined;
}

static int take_answer(void *context, const struct renewal *renewal, struct buffer *error)
{
    struct folder_place *place = context;
    int r = 0;
    place->renewal = renewal;
    if (renewal->meaning == RENEWAL_NEW)
        r = refresh_write_hard(write_place, place, error);
    mark_entry(place);
    place->renewal = NULL;
    return r;
}

static int ask_and_write(struct folder_place *place, struct buffer *error)
{
    const cJSON *login = login_of(place->file);
    CLEANUP_FREE char *scopes = join_scopes(login);
    const struct refresh_asking asking = {
        .work = place->work,
        .sending = {.way = &place->work->way,
                    .refresh_token = json_string(login, "refreshToken"),
                    .scopes = scopes,
                    .tick = tick,
                    .context = place},
        .rescue_path = place->rescue_path,
        .write = write_place,
        .take = take_answer,
        .context = place};
    return refresh_ask(&asking, error);
}

static int renew(struct folder_place *place, struct buffer *error)
{
    int r = take_rescued(place, error);
    if (r < 0)
        return r;
    const struct refresh_known known = known_of(place);
    if (!refresh_is_needed(place->work, &known))
        return 0;
    if (!claude_lock_is_held(&place->lock))
        return -EBUSY;
    return ask_and_write(place, error);
}

static bool has_ended(const char *path)
{
    int64_t ends = 0;
    CLEANUP_JSON cJSON *file = NULL;
    struct buffer error = {0};
    int r = read_file(path, &file, &error);
    buffer_finish(&error);
    (void)json_integer(r == 0 ? login_of(file) : NULL, "expiresAt", &ends);
    return ends / 1000 <= time(NULL);
}

static void say_busy(struct refresh_outcome *outcome)
{
    outcome->result = REFRESH_LATER;
    outcome->not_before = time(NULL) + BUSY_SECONDS;
    snprintf(outcome->text, REFRESH_TEXT,
             "Claude Code is renewing it, or was killed while it did; its lock is waited for");
}

int refresh_folder(struct refresh_work *work, const char *config_dir, struct buffer *error)
{
    struct folder_place place = {.work = work, .lock.folder_fd = -1};
    int r = find_place(config_dir, &place, error);
    if (r == 0)
        r = claude_lock_refresh(place.folder, has_ended(place.path) ? WAIT_MS : PATIENCE_MS,
                                &place.lock, error);
    if (r == 0)
        r = read_file(place.path, &place.file, error);
    if (r == 0) {
        place.modified = fileid_at(place.path).modified.tv_sec;
        r = renew(&place, error);
    }
    if (r == -EBUSY) {
        say_busy(work->outcome);
        r = 0;
    }
    finish_place(&place);
    return r;
}
