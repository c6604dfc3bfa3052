#include "core/show/prometheus.h"

#include "base/text.h"
#include "core/show/account.h"

#include <string.h>

/* What a metric is made from, one key at a time. */
struct sample {
    const struct candidate *candidate;
    const struct record *known; /* NULL: never used */
    bool is_master;
};

static const struct record nothing;

static int64_t is_ready(const struct sample *sample)
{
    return sample->candidate->standing == STANDING_READY;
}

static int64_t is_disabled(const struct sample *sample)
{
    return sample->candidate->key->disabled;
}

static int64_t rests_until(const struct sample *sample)
{
    return sample->candidate->cooling ? sample->candidate->cooling->until : 0;
}

static int64_t runs_now(const struct sample *sample)
{
    return (int64_t)sample->candidate->leases;
}

static int64_t runs(const struct sample *sample)
{
    return sample->known->runs;
}

static int64_t failures(const struct sample *sample)
{
    return sample->known->failures;
}

static int64_t last_used(const struct sample *sample)
{
    return sample->known->last_used;
}

static int64_t last_failed(const struct sample *sample)
{
    return sample->known->last_failed;
}

static int64_t end(const struct sample *sample)
{
    return key_end(sample->candidate->key);
}

static int64_t one(const struct sample *sample)
{
    (void)sample;
    return 1;
}

static const struct metric {
    const char *name, *type, *help;
    int64_t (*value)(const struct sample *);
    bool describes; /* its labels say what the key is */
} metrics[] = {
    {"tcr_key_info", "gauge", "What the key is; always 1.", one, true},
    {"tcr_key_ready", "gauge", "1 if a run could use the key now, else 0.", is_ready, false},
    {"tcr_key_disabled", "gauge", "1 if the key file disables the key, else 0.", is_disabled,
     false},
    {"tcr_key_rest_until_timestamp_seconds", "gauge",
     "When the key's rest ends; 0 if it is not resting.", rests_until, false},
    {"tcr_key_runs_now", "gauge", "Runs that use the key now.", runs_now, false},
    {"tcr_key_runs_total", "counter", "How often the key was given to a command.", runs, false},
    {"tcr_key_failures_in_a_row", "gauge", "Failures of the key since it last worked.", failures,
     false},
    {"tcr_key_last_used_timestamp_seconds", "gauge", "When the key was last used; 0 if never.",
     last_used, false},
    {"tcr_key_last_failed_timestamp_seconds", "gauge", "When the key last failed; 0 if never.",
     last_failed, false},
    {"tcr_key_end_timestamp_seconds", "gauge", "When the key's secret expires; 0 if unknown.", end,
     false},
};

/* A reader refuses all of it for one byte that is not UTF-8. */
static void append_label(struct buffer *text, const char *name, const char *value)
{
    size_t left = strlen(value);
    buffer_append_format(text, "%s=\"", name);
    while (left > 0) {
        uint32_t code = 0;
        size_t length = text_character(value, left, &code);
        if (code == '\n')
            buffer_append_text(text, "\\n");
        else if (code == '"' || code == '\\')
            buffer_append_format(text, "\\%c", *value);
        else if (length == 0 || text_is_control(code))
            buffer_append_text(text, "\xef\xbf\xbd");
        else
            buffer_append(text, value, length);
        length += length == 0;
        value += length, left -= length;
    }
    buffer_append_char(text, '"');
}

static void append_description(struct buffer *text, const struct sample *sample)
{
    const struct key *key = sample->candidate->key;
    buffer_append_char(text, ',');
    append_label(text, "kind", key->kind_known ? kind_name(&key->kind) : "");
    buffer_append_char(text, ',');
    append_label(text, "organization", key->organization ? key->organization : "");
    buffer_append_format(text, ",master=\"%s\"", sample->is_master ? "true" : "false");
}

static void append_head(struct buffer *text, const char *name, const char *type, const char *help)
{
    buffer_append_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void append_metric(struct buffer *text, const struct metric *metric,
                          const struct rotation *rotation, const struct state *state)
{
    append_head(text, metric->name, metric->type, metric->help);
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        const struct candidate *candidate = &rotation->candidates[i];
        const struct record *known = state_find(&state->keys, candidate->id);
        const struct sample sample = {candidate, known ? known : &nothing, i == rotation->count};
        buffer_append_format(text, "%s{", metric->name);
        append_label(text, "key", candidate->key->name);
        if (metric->describes)
            append_description(text, &sample);
        buffer_append_format(text, "} %lld\n", (long long)metric->value(&sample));
    }
}

/* One series for each class, so that an alert can name one. */
static void append_resting(struct buffer *text, const struct rotation *rotation)
{
    append_head(text, "tcr_key_resting", "gauge", "1 if the key rests for this reason, else 0.");
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        const struct candidate *candidate = &rotation->candidates[i];
        const struct cooldown *cooling = candidate->cooling;
        for (int class = CLASS_NONE + 1; class < CLASS_COUNT; class ++) {
            buffer_append_text(text, "tcr_key_resting{");
            append_label(text, "key", candidate->key->name);
            buffer_append_format(text, ",class=\"%s\"} %d\n",
                                 failure_class_name((enum failure_class) class),
                                 cooling && (int)cooling->class == class);
        }
    }
}

static void append_states(struct buffer *text, const struct rotation *rotation, int64_t now)
{
    append_head(text, "tcr_key_state", "gauge", "1 if this is the state of the key, else 0.");
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        const struct candidate *candidate = &rotation->candidates[i];
        const enum account_state present = account_state_of(candidate, now);
        for (int state = 0; state < ACCOUNT_STATES; state++) {
            buffer_append_text(text, "tcr_key_state{");
            append_label(text, "key", candidate->key->name);
            buffer_append_format(text, ",state=\"%s\"} %d\n",
                                 account_state_name((enum account_state)state),
                                 (int)present == state);
        }
    }
}

static void append_window(struct buffer *text, const char *metric, const char *key,
                          const struct usage_window *window)
{
    buffer_append_format(text, "%s{", metric);
    append_label(text, "key", key);
    buffer_append_char(text, ',');
    append_label(text, "window", window->name);
    buffer_append_text(text, "} ");
}

/* Of keys whose provider told; `resets`: when, else how much is used. */
static void append_windows(struct buffer *text, const struct rotation *rotation,
                           const struct state *state, bool resets)
{
    static const char used[] = "tcr_key_window_used_ratio";
    static const char reset[] = "tcr_key_window_reset_timestamp_seconds";
    const char *metric = resets ? reset : used;
    bool any = false;
    for (size_t i = 0; i < rotation->count + rotation->has_master; i++) {
        const struct candidate *candidate = &rotation->candidates[i];
        const struct record *known = state_find(&state->keys, candidate->id);
        for (size_t k = 0; known && k < known->window_count; k++) {
            const struct usage_window *window = &known->windows[k];
            if (window->used < 0)
                continue;
            if (!any)
                append_head(text, metric, "gauge",
                            resets ? "When the window of the key's plan is reset; 0 if unknown."
                                   : "How much of the window is used, as last told.");
            any = true;
            append_window(text, metric, candidate->key->name, window);
            if (resets)
                buffer_append_format(text, "%lld\n", (long long)window->reset);
            else
                buffer_append_format(text, "%d.%03d\n", window->used / 1000, window->used % 1000);
        }
    }
}

static void append_master(struct buffer *text, const struct key *master, const struct state *state,
                          int64_t now)
{
    int64_t period = master->at_most > 0 ? master->at_most_period : 86400;
    append_head(text, "tcr_master_uses", "gauge",
                "Uses of the master key within the period of its limit, or a day.");
    buffer_append_format(text, "tcr_master_uses %lld\n",
                         (long long)state_master_uses_since(state, now - period));
    if (master->at_most <= 0)
        return;
    append_head(text, "tcr_master_uses_allowed", "gauge", "How many are allowed (at_most).");
    buffer_append_format(text, "tcr_master_uses_allowed %lld\n", (long long)master->at_most);
}

void prometheus_append(struct buffer *text, const struct rotation *rotation,
                       const struct state *state, int64_t now)
{
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++)
        append_metric(text, &metrics[i], rotation, state);
    append_resting(text, rotation);
    append_states(text, rotation, now);
    append_windows(text, rotation, state, false);
    append_windows(text, rotation, state, true);
    if (rotation->has_master)
        append_master(text, rotation->candidates[rotation->count].key, state, now);
    append_head(text, "tcr_keys_ready", "gauge", "Keys of the pool that a run could use now.");
    buffer_append_format(text, "tcr_keys_ready %zu\n", rotation_ready(rotation));
}

void prometheus_append_gateway(struct buffer *text, const struct prometheus_gateway *gateway)
{
    append_head(text, "tcr_gateway_requests_total", "counter", "Requests that the key answered.");
    for (size_t i = 0; i < gateway->served_count; i++) {
        buffer_append_text(text, "tcr_gateway_requests_total{");
        append_label(text, "key", gateway->served[i].key);
        buffer_append_format(text, "} %lu\n", gateway->served[i].requests);
    }
    append_head(text, "tcr_gateway_refused_total", "counter", "Requests that no key could answer.");
    buffer_append_format(text, "tcr_gateway_refused_total %lu\n", gateway->refused);
    append_head(text, "tcr_gateway_requests_open", "gauge", "Requests that are not over.");
    buffer_append_format(text, "tcr_gateway_requests_open %zu\n", gateway->open);
    append_head(text, "tcr_gateway_connections", "gauge", "Connections of clients.");
    buffer_append_format(text, "tcr_gateway_connections %zu\n", gateway->connections);
    append_head(text, "tcr_gateway_info", "gauge", "The gateway's version; always 1.");
    buffer_append_text(text, "tcr_gateway_info{");
    append_label(text, "version", gateway->version);
    buffer_append_text(text, "} 1\n");
}
