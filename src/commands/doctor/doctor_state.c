#include "base/cleanup.h"
#include "base/path.h"
#include "base/shellword.h"
#include "commands/doctor/doctor.h"
#include "commands/host.h"
#include "core/show/render.h"
#include "system/files.h"
#include "system/store/lockfile.h"
#include "system/store/store.h"
#include "system/store/store_file.h"
#include "system/trust.h"
#include "system/zone.h"

#include "base/duration.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STATE_LARGEST  (64 * 1024 * 1024)
#define LOCK_WAIT_US   2000000
#define FUTURE_SECONDS 60                  /* clocks in one network may differ a little */
#define YEAR_2024      INT64_C(1704067200) /* no key of this program is older */

#define NO_MEMORY "used-up keys are tried again in every run"

/* The parts of the state's path. */
struct state_place {
    char *folder;
    const char *name; /* of the state's file */
    char *path;
    int fd; /* of the folder; -1: it does not exist yet */
};

static bool find_place(struct state_place *place)
{
    struct store *store = store_create(NULL, &command_host);
    const char *path = store ? store_path(store) : NULL;
    *place = (struct state_place){.fd = -1, .path = path ? strdup(path) : NULL};
    store_destroy(store);
    if (!place->path)
        return false;
    place->name = path_name(place->path);
    place->folder = path_folder(place->path);
    return place->folder != NULL;
}

static void place_finish(struct state_place *place)
{
    if (place->fd >= 0)
        (void)close(place->fd);
    free(place->folder);
    free(place->path);
}

static const char *fix_for(int error)
{
    if (error == ENOSPC || error == EDQUOT)
        return "free some space";
    if (error == EACCES || error == EPERM)
        return "make it yours again (chown), or name another place in TCR_STATE";
    return "name another place in TCR_STATE";
}

/* The folder in which the first run would create it. */
static void check_future_folder(struct doctor *doctor, const struct state_place *place)
{
    CLEANUP_FREE char *above = strdup(place->folder);
    while (above && path_go_up(above) && access(above, F_OK) < 0)
        ;
    const char *folder = above ? above : ".";
    if (access(folder, W_OK | X_OK) == 0)
        doctor_say(doctor, "state", HEALTH_OK, "the first run creates %s", place->folder);
    else
        doctor_say(doctor, "state", HEALTH_FAIL,
                   "%s cannot be created in %s: %s; " NO_MEMORY "; fix: %s", place->folder, folder,
                   strerror(errno), fix_for(errno));
}

static bool open_folder(struct doctor *doctor, struct state_place *place)
{
    place->fd = open(place->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place->fd >= 0)
        return true;
    if (errno == ENOENT)
        check_future_folder(doctor, place);
    else
        doctor_say(doctor, "state", HEALTH_FAIL, "%s: %s; " NO_MEMORY "; fix: %s", place->folder,
                   strerror(errno), fix_for(errno));
    return false;
}

/* A file that is unlinked at once; or -errno. */
static int make_probe(const struct state_place *place)
{
    char name[64];
    snprintf(name, sizeof name, ".doctor.%ld", (long)getpid());
    int fd = openat(place->fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    (void)unlinkat(place->fd, name, 0);
    return fd;
}

/* As much as a small state takes: on a full disk, empty files can still be created. */
static int fill_probe(int fd)
{
    char block[4096] = {0};
    int r = files_write_all(fd, block, sizeof block);
    if (r == 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
        r = -errno;
    return r;
}

static void check_folder(struct doctor *doctor, const struct state_place *place)
{
    struct stat status;
    CLEANUP_CLOSE int probe = make_probe(place);
    int r = probe < 0 ? probe : fill_probe(probe);
    bool is_closed = r == 0 && faccessat(place->fd, place->name, W_OK, 0) < 0 && errno != ENOENT;
    if (r < 0)
        doctor_say(doctor, "state", HEALTH_FAIL,
                   "%s cannot be written or locked: %s; " NO_MEMORY "; fix: %s", place->folder,
                   strerror(-r), fix_for(-r));
    else if (is_closed)
        doctor_say(doctor, "state", HEALTH_FAIL, "%s cannot be written: %s; " NO_MEMORY "; fix: %s",
                   place->path, strerror(errno), fix_for(errno));
    else
        doctor_say(doctor, "state", HEALTH_OK, "%s can be written", place->folder);
    CLEANUP_FREE char *word = shellword_copy(place->folder);
    if (fstat(place->fd, &status) == 0 && trust_others_can_write(&status, place->folder))
        doctor_say(
            doctor, "state", HEALTH_FAIL,
            "others can write to %s, and so choose the key of your next run; fix: chmod 700 %s",
            place->folder, word ? word : "it");
}

/* Returns the lock, held, or -1 if no run has created it yet or it cannot be taken. */
static int take_lock(struct doctor *doctor, const struct state_place *place)
{
    char name[STORE_LOCK_NAME];
    store_file_lock_name(place->name, name);
    int fd = openat(place->fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return -1;
    CLEANUP_FREE char *word = shellword_copy(place->folder);
    int r = fd < 0 ? -errno : lockfile_wait(fd, LOCK_WAIT_US, &command_host);
    if (r == 0) {
        doctor_say(doctor, "lock", HEALTH_OK, "%s/%s can be had", place->folder, name);
        return fd;
    }
    if (r == -ETIMEDOUT)
        doctor_say(doctor, "lock", HEALTH_WARN,
                   "%s/%s has been held by another process for more than %d s; runs go on without "
                   "memory; fix: fuser -v %s/%s shows which",
                   place->folder, name, LOCK_WAIT_US / 1000000, word ? word : place->folder, name);
    else
        doctor_say(doctor, "lock", HEALTH_FAIL, "%s/%s: %s; " NO_MEMORY "; fix: %s", place->folder,
                   name, strerror(-r), fix_for(-r));
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static void read_state(struct doctor *doctor, const struct state_place *place)
{
    struct buffer text = {0};
    int r = files_read_plain(place->path, STATE_LARGEST, &text);
    if (r == 0)
        r = state_parse(buffer_text(&text), text.length, &doctor->state);
    buffer_finish(&text);
    doctor->has_state = r == 0;
    if (r == -ENOTSUP)
        doctor_say(doctor, "state", HEALTH_FAIL,
                   "%s was written by a newer tcr-run and is left alone; " NO_MEMORY
                   "; fix: update this tcr-run",
                   place->path);
    else if (r == -EINVAL)
        doctor_say(doctor, "state", HEALTH_WARN,
                   "%s cannot be understood; the next run sets it aside and begins a new one",
                   place->path);
    else if (r < 0 && r != -ENOENT)
        doctor_say(doctor, "state", HEALTH_FAIL, "%s: %s; " NO_MEMORY "; fix: %s", place->path,
                   strerror(-r), fix_for(-r));
}

void doctor_check_state(struct doctor *doctor)
{
    struct state_place place;
    if (doctor_check_server(doctor))
        return;
    if (!find_place(&place)) {
        doctor_say(doctor, "state", HEALTH_FAIL,
                   "there is no place for it; " NO_MEMORY "; fix: set HOME or TCR_STATE");
    } else if (open_folder(doctor, &place)) {
        check_folder(doctor, &place);
        CLEANUP_CLOSE int lock = take_lock(doctor, &place);
        (void)lock; /* held until the state is read */
        read_state(doctor, &place);
    }
    place_finish(&place);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t latest_of(const struct record_table *table)
{
    int64_t latest = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct record *record = &table->records[i];
        latest = later(latest, later(record->last_used, record->last_failed));
        for (size_t k = 0; k < record->cooldown_count; k++)
            latest = later(latest, record->cooldowns[k].until - record->cooldowns[k].length);
    }
    return latest;
}

static int64_t latest_stamp(const struct state *state)
{
    int64_t latest = later(latest_of(&state->keys), latest_of(&state->organizations));
    for (size_t i = 0; i < state->lease_count; i++)
        latest = later(latest, state->leases[i].since);
    for (size_t i = 0; i < state->master_use_count; i++)
        latest = later(latest, state->master_uses[i]);
    return latest;
}

void doctor_check_clock(struct doctor *doctor)
{
    char span[DURATION_TEXT];
    int64_t latest = doctor->has_state ? latest_stamp(&doctor->state) - doctor->ahead : 0;
    if (doctor->now < YEAR_2024) {
        doctor_say(doctor, "clock", HEALTH_FAIL,
                   "it says %lld s since 1970, before 2024: rests end at the wrong time and TLS "
                   "fails; fix: set it (timedatectl set-ntp true)",
                   (long long)doctor->now);
        return;
    }
    duration_format(latest - doctor->now, span);
    if (latest > doctor->now + FUTURE_SECONDS)
        doctor_say(doctor, "clock", HEALTH_WARN,
                   "the state holds a time %s in the future: the clock was set back; fix: check it "
                   "(timedatectl); if it is right, there is nothing to do",
                   span);
    else
        doctor_say(doctor, "clock", HEALTH_OK, "nothing in the state lies in the future");
}
