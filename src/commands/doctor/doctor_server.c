#include "commands/doctor/doctor.h"
#include "commands/host.h"
#include "core/pool/redisurl.h"
#include "system/clock.h"
#include "system/store/store.h"

#include "base/duration.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CLOCKS_DIFFER_SECONDS 60

#define NO_SHARING "this machine's runs share nothing with others"

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

static bool is_near(const struct redisurl *url)
{
    return url->socket || strncmp(url->host, "127.", 4) == 0 || strcmp(url->host, "::1") == 0 ||
           strcmp(url->host, "localhost") == 0;
}

static const char *fix_for(int error)
{
    if (error == -EACCES)
        return "give the password in TCR_REDIS_PASSWORD_FILE (mode 600) or TCR_REDIS_PASSWORD, the "
               "user in the URL";
    if (error == -ENOTSUP)
        return "update this tcr-run";
    if (error == -EEXIST)
        return "name another prefix in TCR_STATE";
    if (error == -EPROTO)
        return "check the URL and TCR_REDIS_CA_FILE";
    if (error == -ENOSYS)
        return "install OpenSSL's library (libssl3), or build with it";
    return "check that the server runs and that TCR_STATE names it";
}

static void say_found(struct doctor *doctor, const struct redisurl *url, const char *name,
                      double took)
{
    bool password =
        url->password || is_set("TCR_REDIS_PASSWORD") || is_set("TCR_REDIS_PASSWORD_FILE");
    doctor_say(doctor, "state", HEALTH_OK, "%s answers (%.1f ms), %s TLS, %s a password", name,
               took, url->tls ? "with" : "without", password ? "with" : "without");
    if (!url->tls && !is_near(url))
        doctor_say(doctor, "state", HEALTH_WARN,
                   "anybody listening on the way to %s can read the password and choose your keys; "
                   "fix: rediss://",
                   url->host);
}

static void check_its_clock(struct doctor *doctor)
{
    char span[DURATION_TEXT];
    int64_t ahead = doctor->ahead;
    if (llabs(ahead) <= CLOCKS_DIFFER_SECONDS)
        return;
    duration_format(llabs(ahead), span);
    doctor_say(doctor, "clock", HEALTH_WARN,
               "the server's clock is %s %s ours: its clock counts; fix: check which one is right "
               "(timedatectl)",
               span, ahead > 0 ? "ahead of" : "behind");
}

static void probe(struct doctor *doctor, const struct redisurl *url, struct store *store)
{
    struct buffer name = {0}, error = {0};
    int64_t start = clock_now_us();
    int r = store_probe(store, &doctor->state, &doctor->ahead, &error);
    double took = (double)(clock_now_us() - start) / 1e3;
    redisurl_append(&name, url);
    doctor->has_state = r == 0;
    if (r == 0)
        say_found(doctor, url, buffer_text(&name), took);
    else if (r == -ENODEV)
        doctor_say(doctor, "state", HEALTH_FAIL,
                   "%s: this tcr-run was built without Redis; " NO_SHARING
                   "; fix: install libhiredis-dev and build with meson setup -Dredis=enabled",
                   buffer_text(&name));
    else
        doctor_say(doctor, "state", HEALTH_FAIL, "%s: %s; " NO_SHARING "; fix: %s",
                   buffer_text(&name), buffer_text(&error), fix_for(r));
    check_its_clock(doctor);
    buffer_finish(&name);
    buffer_finish(&error);
}

bool doctor_check_server(struct doctor *doctor)
{
    struct redisurl url;
    struct buffer error = {0};
    const char *text = getenv("TCR_STATE");
    if (!text || !redisurl_is_one(text))
        return false;
    if (redisurl_parse(text, &url, &error) < 0) {
        doctor_say(doctor, "state", HEALTH_FAIL, "TCR_STATE: %s; fix: write it so",
                   buffer_text(&error));
        buffer_finish(&error);
        return true;
    }
    struct store *store = store_create(NULL, &command_host);
    if (store)
        probe(doctor, &url, store);
    else
        doctor->out_of_memory = true;
    store_destroy(store);
    redisurl_finish(&url);
    return true;
}
