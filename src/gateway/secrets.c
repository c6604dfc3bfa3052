#include "gateway/secrets.h"

#include "base/cleanup.h"
#include "core/pool/renewal.h"
#include "gateway/gateway.h"
#include "gateway/secrets_parts.h"
#include "system/clock.h"
#include "system/fileid.h"
#include "system/files.h"
#include "system/keys/login.h"

#include <string.h>
#include <time.h>

#define AGAIN_MS    (60 * (int64_t)1000) /* after a command or a login that gave no token */
#define LOOK_MS     ((int64_t)2000)      /* between two looks at a login that is in use */
#define KEYCHAIN_MS ((int64_t)60000)     /* likewise, if a program is started for it */
#define AHEAD_MS    ((int64_t)20000)     /* between two looks for logins that end soon */

/* ---- logins in folders ---- */

static void take_folder_login(struct roster *roster, struct candidate *candidate)
{
    struct key *key = candidate->key;
    struct key_secret *secret = secrets_of(roster, candidate);
    struct buffer error = {0};
    struct login login = {0};
    bool fine = login_look(&roster->keyring, key->config_dir, &error, &login) == 0;
    buffer_finish(&error);
    secret->ends = login.ends;
    if (login.in_keychain)
        secret->looked_at += KEYCHAIN_MS - LOOK_MS;
    secret->can_renew = login.can_renew && key_renews_in_folder(key);
    key->token = fine && (login.ends == 0 || login.ends > time(NULL)) ? login.token : NULL;
    if (!secret->can_renew)
        secret->failed_at = key->token ? 0 : clock_now_ms();
}

/* Claude Code renews it in place, and so do we. An old token works until it ends. */
static void read_login(struct roster *roster, struct candidate *candidate)
{
    struct key *key = candidate->key;
    struct key_secret *secret = secrets_of(roster, candidate);
    int64_t now = clock_now_ms();
    if (secret->looked_at && now - secret->looked_at < LOOK_MS)
        return;
    secret->looked_at = now;
    CLEANUP_FREE char *folder = files_expand(key->config_dir, NULL);
    CLEANUP_FREE char *path = folder ? files_expand(".credentials.json", folder) : NULL;
    struct fileid found = path ? fileid_at(path) : (struct fileid){0};
    bool same = !fileid_is_none(found) && (key->token || secret->ends > 0) &&
                fileid_is_unchanged(found, secret->folder_login);
    if (same && secret->ends > 0 && secret->ends <= time(NULL))
        key->token = NULL;
    if (same)
        return;
    login_forget_end(key);
    take_folder_login(roster, candidate);
    secret->folder_login = found;
}

/* ---- renewal ---- */

bool secrets_renews(const struct key *key)
{
    return key_renews(key) || key_renews_in_folder(key);
}

static bool can_renew(const struct roster *roster, const struct candidate *candidate)
{
    return key_renews(candidate->key) || secrets_of(roster, candidate)->can_renew;
}

int64_t secrets_end(const struct roster *roster, const struct candidate *candidate)
{
    return candidate->key->source == KEY_CONFIG_DIR ? secrets_of(roster, candidate)->ends
                                                    : candidate->key->expires;
}

static bool has_ended(const struct roster *roster, const struct candidate *candidate)
{
    int64_t ends = secrets_end(roster, candidate);
    return ends > 0 && ends <= time(NULL);
}

static bool may_be_renewed(const struct roster *roster, const struct candidate *candidate)
{
    const struct key_secret *secret = secrets_of(roster, candidate);
    return renewal_may_ask(candidate->key->refresh_after, time(NULL)) &&
           candidate->key->refresh_ended == 0 &&
           (secret->failed_at == 0 || clock_now_ms() - secret->failed_at >= AGAIN_MS);
}

static void begin(struct gateway *gateway, struct roster *roster, struct candidate *candidate)
{
    struct key_secret *secret = secrets_of(roster, candidate);
    if (secret->comes)
        return;
    secret->comes = secrets_fetch(gateway, roster, candidate) == 0;
    secret->failed_at = secret->comes ? 0 : clock_now_ms();
}

/* In the background while the old token works. */
static enum secret_state want_login(struct gateway *gateway, struct roster *roster,
                                    struct candidate *candidate)
{
    struct key_secret *secret = secrets_of(roster, candidate);
    int64_t ends = secrets_end(roster, candidate);
    if (renewal_is_due(ends, roster->policy.refresh_before, time(NULL)) &&
        may_be_renewed(roster, candidate))
        begin(gateway, roster, candidate);
    bool is_there = candidate->key->token && !has_ended(roster, candidate);
    if (is_there && !secret->refused)
        return SECRET_THERE;
    return secret->comes ? SECRET_COMES : is_there ? SECRET_THERE : SECRET_LACKS;
}

/* ---- all ---- */

bool secrets_may_have(const struct roster *roster, const struct candidate *candidate)
{
    const struct key *key = candidate->key;
    const struct key_secret *secret = secrets_of(roster, candidate);
    if (can_renew(roster, candidate) && has_ended(roster, candidate))
        return secret->comes || may_be_renewed(roster, candidate);
    if (key->token)
        return true;
    if (key->source != KEY_COMMAND && key->source != KEY_CONFIG_DIR)
        return false;
    int64_t pause = key->source == KEY_COMMAND ? AGAIN_MS : LOOK_MS;
    return secret->failed_at == 0 || clock_now_ms() - secret->failed_at >= pause;
}

enum secret_state secrets_want(struct gateway *gateway, struct roster *roster,
                               struct candidate *candidate)
{
    struct key *key = candidate->key;
    if (key->source == KEY_CONFIG_DIR)
        read_login(roster, candidate);
    if (can_renew(roster, candidate))
        return want_login(gateway, roster, candidate);
    if (key->token)
        return SECRET_THERE;
    if (key->source != KEY_COMMAND || !secrets_may_have(roster, candidate))
        return SECRET_LACKS;
    begin(gateway, roster, candidate);
    return secrets_of(roster, candidate)->comes ? SECRET_COMES : SECRET_LACKS;
}

/* If Claude Code has renewed the login since, the token has changed already. */
static bool renew_login(struct gateway *gateway, struct roster *roster, struct candidate *candidate)
{
    struct key_secret *secret = secrets_of(roster, candidate);
    const char *before = candidate->key->token;
    if (candidate->key->source == KEY_CONFIG_DIR) {
        secret->looked_at = 0;
        read_login(roster, candidate);
        if (before && candidate->key->token && strcmp(candidate->key->token, before) != 0)
            return true;
    }
    if (candidate->key->refresh_ended > 0)
        return false;
    secret->refused = true;
    begin(gateway, roster, candidate);
    secret->refused = secret->comes;
    return secret->comes;
}

bool secrets_renew(struct gateway *gateway, struct roster *roster, struct candidate *candidate)
{
    struct key *key = candidate->key;
    struct key_secret *secret = secrets_of(roster, candidate);
    int64_t now = clock_now_ms();
    bool is_login = can_renew(roster, candidate);
    if ((key->source != KEY_COMMAND && !is_login) ||
        (secret->renewed_at && now - secret->renewed_at < AGAIN_MS))
        return secret->refused;
    secret->renewed_at = now;
    if (is_login)
        return renew_login(gateway, roster, candidate);
    key->token = NULL;
    return secrets_want(gateway, roster, candidate) == SECRET_COMES;
}

void secrets_look_ahead(struct gateway *gateway)
{
    gateway_renew_roster(gateway);
    struct roster *roster = gateway->roster;
    for (size_t i = 0; i < roster->rotation.count + roster->rotation.has_master; i++) {
        struct candidate *candidate = &roster->rotation.candidates[i];
        const struct key *key = candidate->key;
        if (secrets_renews(key) && !key->disabled && !key->left_out)
            (void)secrets_want(gateway, roster, candidate);
    }
    timer_set(&gateway->timers, &gateway->renew, clock_now_ms() + AHEAD_MS);
}
