#include "system/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define ZONEINFO "/usr/share/zoneinfo"

enum {
    DAY = 86400,
    NAME_MAX_LENGTH = 128,
    PATH_SIZE = 4096,
};

/* Without dots in the set there can be no "..", nor the files zone.tab and tzdata.zi that lie
 * beside the zones. */
static bool is_name(const char *zone)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789/_+-";
    size_t length = strlen(zone);

    return length <= NAME_MAX_LENGTH && zone[0] != '/' && strspn(zone, letters) == length;
}

static bool is_utc(const char *zone)
{
    return strcmp(zone, "UTC") == 0 || strcmp(zone, "GMT") == 0;
}

/* glibc silently takes an unknown zone, or a file that is not a zone (leapseconds), for UTC. */
static bool is_zone_file(const char *zone)
{
    const char *folder = getenv("TZDIR");
    char path[PATH_SIZE], magic[4];
    int n, fd;

    if (folder == NULL || folder[0] == '\0')
        folder = ZONEINFO;
    n = snprintf(path, sizeof(path), "%s/%s", folder, zone);
    if (n < 0 || (size_t)n >= sizeof(path))
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, magic, sizeof(magic));
    close(fd);
    return got == (ssize_t)sizeof(magic) && memcmp(magic, "TZif", sizeof(magic)) == 0;
}

struct visit {
    char **home; /* NULL: we have not left our own zone */
    char tz[sizeof("TZ=:") + NAME_MAX_LENGTH];
    char tzdir[sizeof("TZDIR=") + PATH_SIZE];
    char *away[3];
};

/* The zone is entered by putting a small environment in place of ours, not by setenv. So TZ is
 * restored exactly, with duplicates and order, and needs no memory that could run out. No child
 * sees it: children get an environment built from tcr-run's own untouched copy. */
static int visit_begin(struct visit *v, const char *zone)
{
    const char *folder = getenv("TZDIR");

    v->home = NULL;
    if (zone == NULL || zone[0] == '\0') {
        tzset();
        return 0;
    }
    bool utc = is_utc(zone);
    if (!utc && (!is_name(zone) || !is_zone_file(zone)))
        return -EINVAL;
    (void)snprintf(v->tz, sizeof(v->tz), "TZ=%s%s", utc ? "" : ":", utc ? "UTC0" : zone);
    (void)snprintf(v->tzdir, sizeof(v->tzdir), "TZDIR=%s", folder != NULL ? folder : "");
    v->away[0] = v->tz;
    v->away[1] = folder != NULL ? v->tzdir : NULL;
    v->away[2] = NULL;
    v->home = environ;
    environ = v->away;
    tzset();
    return 0;
}

/* The library remembers the zone it read last, so it has to look again. */
static void visit_end(struct visit *v)
{
    if (v->home == NULL)
        return;
    environ = v->home;
    tzset();
}

static int local_civil(int64_t epoch, struct tm *ret)
{
    time_t t = (time_t)epoch;

    if ((int64_t)t != epoch || localtime_r(&t, ret) == NULL)
        return -EOVERFLOW;
    return 0;
}

static int local_offset(int64_t epoch, int64_t *ret)
{
    struct tm civil;
    int r = local_civil(epoch, &civil);

    if (r == 0)
        *ret = civil.tm_gmtoff;
    return r;
}

/* Not mktime: when two instants are possible, glibc's choice depends on the dates it was asked
 * about before. */
static int local_epoch(const struct tm *civil, int64_t *ret)
{
    struct tm copy = *civil;
    int64_t wall, before, after, check;
    int r;

    copy.tm_isdst = 0;
    copy.tm_wday = -1;
    wall = (int64_t)timegm(&copy);
    if (copy.tm_wday == -1)
        return -EOVERFLOW;
    if ((r = local_offset(wall - DAY, &before)) < 0 || (r = local_offset(wall + DAY, &after)) < 0)
        return r;

    int64_t least = before < after ? before : after, most = before < after ? after : before;
    int64_t later = wall - least, earlier = wall - most;
    if ((r = local_offset(later, &check)) < 0)
        return r;
    if (check != least) {
        if ((r = local_offset(earlier, &check)) < 0)
            return r;
        later = check == most ? earlier : later;
    }
    *ret = later;
    return 0;
}

static int zone_to_civil(const char *zone, int64_t epoch, struct tm *ret_civil)
{
    struct visit visit;
    struct tm civil;
    int r = visit_begin(&visit, zone);

    if (r < 0)
        return r;
    r = local_civil(epoch, &civil);
    visit_end(&visit);
    if (r == 0)
        *ret_civil = civil;
    return r;
}

static int zone_to_epoch(const char *zone, const struct tm *civil, int64_t *ret_epoch)
{
    struct visit visit;
    int r = visit_begin(&visit, zone);

    if (r < 0)
        return r;
    r = local_epoch(civil, ret_epoch);
    visit_end(&visit);
    return r;
}

const struct zone_ops zone_system = {
    .to_civil = zone_to_civil,
    .to_epoch = zone_to_epoch,
};
