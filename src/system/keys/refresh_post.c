#include "base/secret.h"
#include "system/keys/refresh_parts.h"
#include "system/net/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECONDS        30
#define ANSWER_LARGEST 65536

int refresh_find_way(const struct keyring *keyring, struct refresh_way *ret_way,
                     struct buffer *error)
{
    const char *client = keyring->oauth_client_id;
    snprintf(ret_way->client_id, sizeof ret_way->client_id, "%s",
             client ? client : RENEWAL_CLIENT_ID);
    ret_way->before = keyring->policy.refresh_before;
    return renewal_address(keyring, getenv("TCR_OAUTH_TOKEN_URL"), ret_way->url,
                           sizeof ret_way->url, error);
}

/* An exchange, and what has to be done while it runs. */
struct dispatch {
    const struct refresh_sending *sending;
    struct http_exchange *exchange;
};

/* http calls this several times a second to ask whether to give up. We never do. */
static int tick(void *context)
{
    const struct dispatch *dispatch = context;
    if (dispatch->sending->tick)
        dispatch->sending->tick(dispatch->sending->context);
    return 0;
}

static void keep(void *context)
{
    const struct dispatch *dispatch = context;
    if (dispatch->sending->rescue)
        rescue_note(dispatch->sending->rescue, dispatch->exchange->room,
                    dispatch->exchange->room_length);
}

/* A proxy between this machine and itself would see the token. */
static bool is_plain(const char *url)
{
    return strncmp(url, "http://", 7) == 0;
}

/* A connection may break after the last byte that matters. */
static int read_answer(const struct http_exchange *exchange, struct renewal *ret_renewal)
{
    const char *headers = buffer_text(&exchange->answer_headers);
    int r = renewal_read(exchange->status ? exchange->status : 200, headers, exchange->room,
                         exchange->room_length, time(NULL), ret_renewal);
    if (exchange->status || r < 0 || ret_renewal->meaning == RENEWAL_NEW)
        return r;
    renewal_finish(ret_renewal);
    r = renewal_read(0, headers, "", 0, time(NULL), ret_renewal);
    if (r == 0)
        snprintf(ret_renewal->reason, RENEWAL_TEXT, "%.150s", exchange->error);
    return r;
}

static int send_request(const struct refresh_sending *sending, const struct buffer *body,
                        struct renewal *ret_renewal, struct buffer *error)
{
    static const char *const headers[] = {"content-type: application/json",
                                          "accept: application/json"};
    struct dispatch dispatch = {.sending = sending};
    const struct host host = {.interrupted = tick, .context = &dispatch};
    struct http_exchange exchange = {.url = sending->way->url,
                                     .headers = headers,
                                     .header_count = 2,
                                     .post = buffer_text(body),
                                     .post_length = body->length,
                                     .direct = is_plain(sending->way->url),
                                     .room = secret_alloc(ANSWER_LARGEST),
                                     .room_size = ANSWER_LARGEST,
                                     .arrived = keep,
                                     .context = &dispatch};
    const struct http_plan plan = {
        .exchanges = &exchange, .count = 1, .seconds = SECONDS, .host = &host};
    dispatch.exchange = &exchange;
    int r = exchange.room ? http_run(&plan, error) : -ENOMEM;
    if (r == 0)
        r = read_answer(&exchange, ret_renewal);
    secret_free(exchange.room);
    http_finish(&exchange);
    return r;
}

static int send_once(const struct refresh_sending *sending, const char *scopes,
                     struct renewal *ret_renewal, struct buffer *error)
{
    struct buffer body = {0};
    renewal_print_request(sending->refresh_token, sending->way->client_id, scopes, &body);
    int r = body.failed ? -ENOMEM : send_request(sending, &body, ret_renewal, error);
    buffer_finish_wiping(&body);
    return r;
}

int refresh_post(const struct refresh_sending *sending, struct renewal *ret_renewal,
                 struct buffer *error)
{
    *ret_renewal = (struct renewal){0};
    int r = send_once(sending, NULL, ret_renewal, error);
    if (r < 0 || ret_renewal->meaning != RENEWAL_SCOPES)
        return r;
    if (!sending->scopes || !*sending->scopes) {
        ret_renewal->meaning = RENEWAL_UNCLEAR;
        return 0;
    }
    renewal_finish(ret_renewal);
    r = send_once(sending, sending->scopes, ret_renewal, error);
    if (r == 0 && ret_renewal->meaning == RENEWAL_SCOPES)
        ret_renewal->meaning = RENEWAL_UNCLEAR;
    return r;
}

void refresh_tell(const struct renewal *renewal, bool was_killed,
                  struct refresh_outcome *ret_outcome)
{
    static const struct {
        enum refresh_result result;
        const char *sentence;
    } rows[] = {
        [RENEWAL_NEW] = {REFRESH_DONE, ""},
        [RENEWAL_ENDED] = {REFRESH_ENDED, "its login has ended, log in again"},
        [RENEWAL_LATER] = {REFRESH_LATER, "the provider did not renew it"},
        [RENEWAL_SCOPES] = {REFRESH_FAILED, "the provider refused to renew it"},
        [RENEWAL_UNCLEAR] = {REFRESH_FAILED, "the provider refused to renew it"},
    };
    bool usable = renewal->meaning != RENEWAL_NEW || renewal->access_token;
    ret_outcome->result = usable ? rows[renewal->meaning].result : REFRESH_FAILED;
    ret_outcome->ends = renewal->ends;
    ret_outcome->not_before = renewal->not_before;
    if (was_killed && renewal->meaning == RENEWAL_ENDED)
        snprintf(ret_outcome->text, REFRESH_TEXT,
                 "its login has ended; log in again; the process that renewed it was killed before "
                 "it had the answer");
    else if (*renewal->reason)
        snprintf(ret_outcome->text, REFRESH_TEXT, "%s%s%s", rows[renewal->meaning].sentence,
                 *rows[renewal->meaning].sentence ? ": " : "", renewal->reason);
}

int refresh_ask(const struct refresh_asking *asking, struct buffer *error)
{
    struct renewal renewal = {0};
    struct rescue rescue = {0};
    struct refresh_sending sending = asking->sending;
    const char *token = sending.refresh_token;
    bool was_killed = rescue_was_begun(asking->rescue_path, asking->seal, token);
    sending.rescue = &rescue;
    int r = asking->write(asking->context, error);
    if (r == 0)
        r = rescue_begin(asking->rescue_path, asking->seal, token, &rescue);
    if (r == 0)
        r = refresh_post(&sending, &renewal, error);
    if (r == 0) {
        refresh_tell(&renewal, was_killed, asking->work->outcome);
        r = asking->take(asking->context, &renewal, error);
    }
    if (r >= 0)
        rescue_end(&rescue);
    else
        rescue_leave(&rescue);
    renewal_finish(&renewal);
    return r;
}
