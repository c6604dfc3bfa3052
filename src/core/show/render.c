#include "core/show/render.h"

#include "base/duration.h"
#include "base/shellword.h"
#include "core/pool/address.h"
#include "core/pool/keydate.h"

#include <string.h>
#include <time.h>

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void render_time(struct buffer *text, int64_t when, int64_t now, const struct zone_ops *zones)
{
    struct tm then, today;
    if (zones->to_civil(NULL, when, &then) < 0 || zones->to_civil(NULL, now, &today) < 0) {
        buffer_append_format(text, "%lld", (long long)when);
        return;
    }
    if (then.tm_yday != today.tm_yday || then.tm_year != today.tm_year)
        buffer_append_format(text, "%s %d ", months[then.tm_mon % 12], then.tm_mday);
    if (then.tm_year != today.tm_year)
        buffer_append_format(text, "%d ", then.tm_year + 1900);
    buffer_append_format(text, "%02d:%02d", then.tm_hour, then.tm_min);
}

void render_stamp(struct buffer *text, int64_t when, const struct zone_ops *zones)
{
    struct tm then;
    if (zones->to_civil(NULL, when, &then) < 0)
        buffer_append_format(text, "%12lld", (long long)when);
    else
        buffer_append_format(text, "%s %2d %02d:%02d", months[then.tm_mon % 12], then.tm_mday,
                             then.tm_hour, then.tm_min);
}

void render_failure(struct buffer *text, const struct finding *finding)
{
    if (finding->class == CLASS_LIMIT && *finding->what)
        buffer_append_format(text, "reached its %s", finding->what);
    else
        buffer_append_text(text, failure_phrase(finding->class));
}

static void append_span(struct buffer *text, int64_t until, int64_t now)
{
    char span[DURATION_TEXT];
    duration_format(until - now, span);
    buffer_append_format(text, "in %s", span);
}

void render_key_failure(struct buffer *text, const char *name, const struct finding *finding,
                        int64_t until, int64_t now, const struct zone_ops *zones)
{
    buffer_append_format(text, "\"%s\" ", name);
    render_failure(text, finding);
    if (until <= now)
        return;
    render_rest(text, finding->class, finding->until > now, until, now, zones);
}

void render_rest(struct buffer *text, enum failure_class class, bool is_told, int64_t until,
                 int64_t now, const struct zone_ops *zones)
{
    bool is_limit = class == CLASS_LIMIT;
    buffer_append_text(text, is_limit && is_told ? " (resets " : " (rests until ");
    render_time(text, until, now, zones);
    buffer_append_text(text, is_limit && !is_told ? ", reset unknown)" : ")");
}

static const char *cooling_word(const struct cooldown *cooling)
{
    static const char *const words[CLASS_COUNT] = {
        [CLASS_LIMIT] = "limited",     [CLASS_THROTTLED] = "throttled",
        [CLASS_AUTH] = "auth error",   [CLASS_FORBIDDEN] = "forbidden",
        [CLASS_BILLING] = "no credit",
    };
    return words[cooling->class] ? words[cooling->class] : standing_word(STANDING_COOLING);
}

void render_standing(struct buffer *text, const struct candidate *candidate, int64_t now,
                     const struct zone_ops *zones)
{
    const struct cooldown *cooling = candidate->cooling;
    if (candidate->standing == STANDING_COOLING && cooling) {
        buffer_append_format(text, "%s%s%s until ", cooling_word(cooling),
                             *cooling->model ? " for " : "", cooling->model);
        render_time(text, cooling->until, now, zones);
        buffer_append_text(text, " (");
        append_span(text, cooling->until, now);
        buffer_append_char(text, ')');
    } else if (candidate->standing == STANDING_READY && candidate->leases > 0) {
        buffer_append_format(text, "%s ×%zu", standing_word(STANDING_BUSY), candidate->leases);
    } else if (candidate->standing == STANDING_READY && candidate->ended) {
        buffer_append_text(text, "ended; last in turn");
    } else {
        buffer_append_text(text, standing_name(candidate->standing));
    }
}

/* Of a hundred; -1 if there is nothing to be told of the window now. */
static int percent_used(const struct usage_window *window, int64_t now)
{
    if (window->used < 0 || (window->reset > 0 && window->reset <= now))
        return -1;
    return window->used / 10;
}

void render_windows(struct buffer *text, const struct record *record, int64_t now,
                    const struct zone_ops *zones)
{
    int fullest = -1;
    bool any = false;
    for (size_t i = 0; record && i < record->window_count; i++) {
        int used = percent_used(&record->windows[i], now);
        fullest = used > fullest ? used : fullest;
    }
    for (size_t i = 0; fullest >= 0 && i < record->window_count; i++) {
        const struct usage_window *window = &record->windows[i];
        int used = percent_used(window, now);
        if (used < 0)
            continue;
        buffer_append_format(text, "%s%s %d %%", any ? " · " : "", window->name, used);
        any = true;
        if (window->reset == 0 || (used < fullest && used < 100))
            continue;
        buffer_append_text(text, ", resets ");
        render_time(text, window->reset, now, zones);
    }
}

void render_windows_short(struct buffer *text, const struct record *record, int64_t now)
{
    bool any = false;
    for (size_t i = 0; record && i < record->window_count; i++) {
        int used = percent_used(&record->windows[i], now);
        if (used < 0)
            continue;
        buffer_append_format(text, "%s%s %d%%", any ? " " : "", record->windows[i].name, used);
        any = true;
    }
}

void render_key_end(struct buffer *text, const struct key *key, int64_t now)
{
    char day[KEYDATE_TEXT];
    int64_t end = key_end(key);
    bool is_oauth = key->kind_known && key->kind.id == KIND_OAUTH;
    keydate_format(end, day);
    buffer_append_format(text, "\"%s\" %s on %s", key->name, end > now ? "ends" : "ended", day);
    if (end > now) {
        buffer_append_text(text, " (");
        append_span(text, end, now);
        buffer_append_char(text, ')');
    }
    buffer_append_format(text, "; get a new one%s, then: tcr-run keys renew ",
                         is_oauth ? " with claude setup-token" : "");
    shellword_append(text, key->name);
}

void render_destination(struct buffer *text, const struct destination *to)
{
    char address[ADDRESS_TEXT];
    struct buffer fault = {0};
    bool shown = to->url && address_parse(to->url, true, address, &fault) == 0;
    buffer_finish(&fault);
    if (to->from == DESTINATION_UNKNOWN)
        buffer_append_text(text, "where the command sends it");
    else
        buffer_append_text(text, shown ? address : "an address that cannot be read");
    if (to->from == DESTINATION_KEY)
        buffer_append_text(text, " (its base_url)");
    else if (to->from == DESTINATION_ENVIRONMENT)
        buffer_append_format(text, " (%s)", to->variable);
    if (to->set_for)
        buffer_append_format(text, ", as %s was set for %s", to->variable, to->set_for);
}
