#include "system/store/store_redis_parts.h"

#include "system/clock.h"
#include "system/store/redis_scripts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int store_redis_claim(struct store_redis *store, struct claim *claim)
{
    char ms[STORE_NUMBER_TEXT], *key = NULL;
    redisReply *reply = NULL;
    snprintf(ms, sizeof ms, "%lld", (long long)claim->seconds * 1000);
    if (asprintf(&key, "%s:%s", store->url.prefix, claim->name) < 0)
        return -ENOMEM;
    const char *words[] = {"EVAL", script_claim, "1", key, claim->had, claim->key, ms};
    const struct redis_command command = {7, words, NULL};
    int r = store_redis_run(store, &command, clock_now_ms() + STORE_CALL_MS, &reply);
    free(key);
    if (r < 0)
        return r;
    bool fits = reply->type == REDIS_REPLY_STRING && reply->len < sizeof claim->key;
    if (fits)
        snprintf(claim->key, sizeof claim->key, "%s", reply->str);
    else
        buffer_append_text(&store->error, "answers in a way that is not understood");
    freeReplyObject(reply);
    return fits ? 0 : -EPROTO;
}
