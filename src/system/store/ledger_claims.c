#include "system/store/ledger_parts.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAIMS_MOST 4096 /* claims that wait for the server, or for the loop */

static void append(struct waiting_claims *list, struct waiting_claim *claim)
{
    claim->next = NULL;
    *(list->last ? &list->last->next : &list->first) = claim;
    list->last = claim;
}

static struct waiting_claim *take_first(struct waiting_claims *list)
{
    struct waiting_claim *claim = list->first;
    if (claim)
        list->first = claim->next;
    if (!list->first)
        list->last = NULL;
    return claim;
}

bool ledger_takes_claims(const struct ledger *ledger)
{
    return store_takes_claims(ledger->store);
}

/* Hashed with the state's salt, so that the server holds no session ids. */
static void name_claim(const struct ledger *ledger, struct claim *claim)
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    char hex[sizeof hash * 2 + 1];
    const char *salt = ledger->state.salt;
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)claim->id, strlen(claim->id),
                             (const unsigned char *)salt, strlen(salt));
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    snprintf(claim->name, sizeof claim->name, "%s:%s", claim->is_object ? "object" : "session",
             hex);
}

int ledger_claim(struct ledger *ledger, const struct claim *claim)
{
    struct waiting_claim *waiting = calloc(1, sizeof *waiting);
    if (!waiting)
        return -ENOMEM;
    waiting->claim = *claim;
    name_claim(ledger, &waiting->claim);
    pthread_mutex_lock(&ledger->lock);
    bool fits = ledger->claim_count < CLAIMS_MOST;
    if (fits) {
        append(&ledger->claims, waiting);
        ledger->claim_count++;
        pthread_cond_signal(&ledger->wake);
    }
    pthread_mutex_unlock(&ledger->lock);
    if (!fits)
        free(waiting);
    return fits ? 0 : -EAGAIN;
}

bool ledger_next_claim(struct ledger *ledger, struct claim *ret_claim, bool *ret_failed)
{
    pthread_mutex_lock(&ledger->lock);
    struct waiting_claim *waiting = take_first(&ledger->answered);
    ledger->claim_count -= waiting != NULL;
    pthread_mutex_unlock(&ledger->lock);
    if (!waiting)
        return false;
    *ret_claim = waiting->claim;
    *ret_failed = waiting->failed;
    free(waiting);
    return true;
}

bool ledger_answer_claims(struct ledger *ledger)
{
    pthread_mutex_lock(&ledger->lock);
    struct waiting_claims asked = ledger->claims;
    ledger->claims = (struct waiting_claims){0};
    pthread_mutex_unlock(&ledger->lock);
    bool any = asked.first != NULL;
    for (struct waiting_claim *claim; (claim = take_first(&asked));) {
        claim->failed = store_claim(ledger->store, &claim->claim) < 0;
        pthread_mutex_lock(&ledger->lock);
        append(&ledger->answered, claim);
        pthread_mutex_unlock(&ledger->lock);
    }
    return any;
}

void ledger_finish_claims(struct ledger *ledger)
{
    for (struct waiting_claim *claim; (claim = take_first(&ledger->claims));)
        free(claim);
    for (struct waiting_claim *claim; (claim = take_first(&ledger->answered));)
        free(claim);
}
