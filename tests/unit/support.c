#include "support.h"

#include "base/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool is_utc(const char *zone)
{
    return !zone || !*zone || strcmp(zone, "UTC") == 0;
}

static int utc_to_civil(const char *zone, int64_t epoch, struct tm *ret_civil)
{
    time_t time = epoch;
    if (!is_utc(zone))
        return -EINVAL;
    return gmtime_r(&time, ret_civil) ? 0 : -EOVERFLOW;
}

static int utc_to_epoch(const char *zone, const struct tm *civil, int64_t *ret_epoch)
{
    struct tm copy = *civil;
    if (!is_utc(zone))
        return -EINVAL;
    *ret_epoch = timegm(&copy);
    return 0;
}

const struct zone_ops utc_zones = {utc_to_civil, utc_to_epoch};

int64_t instant(const char *iso)
{
    struct tm civil = {0};
    const char *rest = strptime(iso, "%Y-%m-%dT%H:%M:%SZ", &civil);
    assert_non_null(rest);
    assert_string_equal(rest, "");
    return timegm(&civil);
}

int start_libraries(void **state)
{
    (void)state;
    json_init();
    return 0;
}

void read_source_file(const char *path, struct buffer *ret_bytes)
{
    const char *root = getenv("TEST_ROOT");
    char name[4096], chunk[4096];
    assert_non_null(root);
    snprintf(name, sizeof name, "%s/%s", root, path);
    FILE *file = fopen(name, "rb");
    size_t length;
    while (file && (length = fread(chunk, 1, sizeof chunk, file)) > 0)
        buffer_append(ret_bytes, chunk, length);
    if (file)
        assert_int_equal(fclose(file), 0);
    assert_false(ret_bytes->failed);
}

size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

void expect_part(const char *row, const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("%s: expected \"%s\" in \"%s\"", row, part, text);
}

void expect_no_secret(const char *row, const char *text)
{
    if (strstr(text, SECRET_WORD))
        fail_msg("%s: a token stands in \"%s\"", row, text);
}
