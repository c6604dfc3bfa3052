#include "commands/run/renew.h"

#include "commands/host.h"
#include "core/pool/renewal.h"
#include "system/keys/login.h"
#include "system/keys/refresh.h"
#include "system/log.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* Returns 0 with the key's new token, 1 with a sentence if it could not be renewed, or -EINTR or
 * -ENOMEM. */
static int renew(struct session *session, struct key *key, bool if_due, struct buffer *error)
{
    struct refresh_outcome outcome;
    const struct refresh_wish wish = {.path = session->pool.origin,
                                      .name = key->name,
                                      .known_end = if_due ? -1 : key->expires,
                                      .if_due = if_due,
                                      .host = &command_host};
    int r = refresh_run(&wish, &outcome);
    if (r == -EINTR || r == -ENOMEM)
        return r;
    if (r < 0 || (outcome.result != REFRESH_DONE && outcome.result != REFRESH_NOT_NEEDED))
        buffer_append_text(error, r < 0 ? strerror(-r) : outcome.text);
    if (error->length > 0)
        return 1;
    r = refresh_read(session->pool.origin, &session->pool.keyring, key, error);
    if (r < 0 && error->length == 0)
        buffer_append_text(error, r == -ENOENT ? "it is no longer in the key file" : strerror(-r));
    return r < 0 ? 1 : 0;
}

/* The client would renew it too. But two clients that start at once would both do it, and a login
 * that has ended would make the client wait. If this fails, the client reports it. */
static int renew_folder_if_due(struct session *session, struct key *key)
{
    struct buffer reason = {0};
    struct login login;
    int r = login_look(&session->pool.keyring, key->config_dir, &reason, &login);
    buffer_clear(&reason);
    if (r == 0 && login.can_renew && renewal_may_ask(key->refresh_after, time(NULL)) &&
        renewal_is_due(login.ends, session->pool.policy.refresh_before, time(NULL))) {
        log_explain("renewing the login \"%s\"", key->name);
        r = renew(session, key, true, &reason);
        if (r == 1)
            log_warn("\"%s\" could not be renewed: %s", key->name, buffer_text(&reason));
    }
    buffer_finish(&reason);
    return r == -EINTR || r == -ENOMEM ? r : 0;
}

int renew_if_due(struct session *session, struct key *key, struct buffer *error)
{
    struct buffer reason = {0};
    int64_t now = time(NULL);
    if (key_renews_in_folder(key) && session->pool.origin)
        return renew_folder_if_due(session, key);
    if (!key_renews(key) ||
        !renewal_is_due(key->expires, session->pool.policy.refresh_before, now) ||
        (!renewal_may_ask(key->refresh_after, now) && key->expires > now))
        return 0;
    log_explain("renewing the login \"%s\"", key->name);
    int r = renew(session, key, true, &reason);
    if (r == 1 && key->expires > now)
        log_warn("\"%s\" could not be renewed and is used until it ends: %s", key->name,
                 buffer_text(&reason));
    else if (r == 1)
        buffer_append_format(error, "it could not be renewed: %s", buffer_text(&reason));
    bool usable = r == 0 || (r == 1 && key->expires > now);
    buffer_finish(&reason);
    return usable ? 0 : r == 1 ? -EINVAL : r;
}

bool renew_after_refusal(struct session *session, struct key *key, const struct finding *finding)
{
    struct buffer reason = {0};
    const char *before = key->token;
    if (finding->class != CLASS_AUTH || !key_renews(key) || key->renewed)
        return false;
    key->renewed = true;
    int r = renew(session, key, false, &reason);
    if (r == 1)
        log_warn("\"%s\" was refused and could not be renewed: %s", key->name,
                 buffer_text(&reason));
    buffer_finish(&reason);
    bool another = r == 0 && strcmp(before, key->token) != 0;
    if (another)
        log_say("\"%s\" was refused (not authenticated); its login is renewed, and it is used once "
                "more",
                key->name);
    return another;
}
