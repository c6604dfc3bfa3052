#include "core/evidence/sentence.h"

#include "core/evidence/phrase.h"

#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define YOU_HAVE "(you've|you have) (hit|reached|exceeded|used up|exhausted) (your|the) "
#define WE_HAVE                                                                                    \
    "(your|this|the) (org|organization|team|group|workspace|account|seat) has "                    \
    "(hit|reached|exceeded|used up|exhausted) (its|the|your) "
#define BOUND "*(limit|budget|quota|cap)$"
#define GROUP "(org|organization|team|account|group|workspace)"
#define WINDOW                                                                                     \
    "(5-hour|five-hour|session|usage|weekly|daily|monthly|opus|sonnet|haiku|fable|claude) "

/* What a sentence must have besides its words. */
enum need {
    NEED_NOTHING,
    NEED_PLAN,  /* of an unknown speaker: a word that tells of a plan rather than of a disk */
    NEED_RESET, /* a time of reset */
    ONE_MODEL,  /* needs nothing; means only the model in use */
};

/* Tried in order; the first that matches decides. CLASS_NONE rows are the near misses. */
static const struct family {
    enum failure_class class;
    enum speaker least; /* of whom it counts */
    enum need need;
    const char *phrase;
} families[] = {
    {CLASS_NONE, SPEAKER_PREFIXED, NEED_NOTHING, "(you've|you have) used #%"},
    {CLASS_NONE, SPEAKER_PREFIXED, NEED_NOTHING,
     "(you're|you are) (close to|now using|nearing|approaching)"},
    {CLASS_NONE, SPEAKER_PREFIXED, NEED_NOTHING, "prompt is too long"},
    {CLASS_THROTTLED, SPEAKER_CLIENT, NEED_NOTHING, "*temporarily limiting requests"},
    {CLASS_THROTTLED, SPEAKER_CLIENT, NEED_NOTHING, "*not your usage limit"},
    {CLASS_THROTTLED, SPEAKER_CLIENT, NEED_NOTHING, "rate limit reached"},
    {CLASS_BILLING, SPEAKER_PREFIXED, NEED_NOTHING, "(your |)credit balance is too low"},
    {CLASS_BILLING, SPEAKER_PREFIXED, NEED_NOTHING,
     "(you've|you have) reached your specified api usage limits"},
    {CLASS_LIMIT, SPEAKER_CLIENT, ONE_MODEL, "(extra usage|usage credits) *required"},
    {CLASS_LIMIT, SPEAKER_PREFIXED, NEED_PLAN, YOU_HAVE BOUND},
    {CLASS_LIMIT, SPEAKER_PREFIXED, NEED_PLAN, WE_HAVE BOUND},
    {CLASS_LIMIT, SPEAKER_PREFIXED, NEED_NOTHING,
     "(you're|you are) out of (extra usage|usage credits|usage|credits)"},
    {CLASS_LIMIT, SPEAKER_PREFIXED, NEED_NOTHING,
     "your " GROUP " is out of (extra usage|usage credits|usage|credits)"},
    {CLASS_LIMIT, SPEAKER_PREFIXED, NEED_NOTHING, "usage is paused for your " GROUP},
    {CLASS_LIMIT, SPEAKER_PREFIXED, NEED_NOTHING, "your *usage limit is set to"},
    {CLASS_LIMIT, SPEAKER_PREFIXED, NEED_NOTHING,
     "your (seat|plan|tier) *(doesn't|does not) include *credits"},
    {CLASS_LIMIT, SPEAKER_PREFIXED, NEED_NOTHING,
     "(claude|claude ai|claude code) usage limit reached"},
    {CLASS_LIMIT, SPEAKER_ANYBODY, NEED_NOTHING, "(your |)usage limit reached"},
    {CLASS_LIMIT, SPEAKER_PREFIXED, NEED_RESET, WINDOW "*limit reached"},
    {CLASS_LIMIT, SPEAKER_PREFIXED, NEED_RESET, "limit reached"},
    {CLASS_FORBIDDEN, SPEAKER_PREFIXED, NEED_NOTHING,
     "(your|this) (org|organization) *(disabled|suspended|does not have access|is not allowed|not "
     "permitted)"},
    {CLASS_FORBIDDEN, SPEAKER_CLIENT, NEED_NOTHING,
     "(your|this|the) (account|workspace) *(disabled|suspended|does not have access|not "
     "allowed|not permitted)"},
    {CLASS_FORBIDDEN, SPEAKER_PREFIXED, NEED_NOTHING,
     "(your|this) (account|plan) *(does not have access|not allowed|not permitted) *claude"},
    {CLASS_FORBIDDEN, SPEAKER_PREFIXED, NEED_NOTHING, "your *belongs to a disabled " GROUP},
    {CLASS_FORBIDDEN, SPEAKER_PREFIXED, NEED_NOTHING,
     "(this|the) service is disabled for your " GROUP},
    {CLASS_FORBIDDEN, SPEAKER_PREFIXED, NEED_NOTHING,
     "oauth authentication is (currently |)not (allowed|supported)"},
    {CLASS_AUTH, SPEAKER_PREFIXED, NEED_NOTHING,
     "failed to authenticate(. |: )*(api error|oauth|api key|/login)"},
    {CLASS_AUTH, SPEAKER_ANYBODY, NEED_NOTHING,
     "invalid (api key|auth token|bearer token|authentication credentials)!"},
    {CLASS_AUTH, SPEAKER_PREFIXED, NEED_NOTHING,
     "invalid (api key|auth token|bearer token) | (fix|please)"},
    {CLASS_AUTH, SPEAKER_ANYBODY, NEED_NOTHING, "not logged in!"},
    {CLASS_AUTH, SPEAKER_PREFIXED, NEED_NOTHING,
     "(your |)oauth (access |)token (has |)(been |)(revoked|expired)"},
    {CLASS_AUTH, SPEAKER_PREFIXED, NEED_NOTHING, "*| please run /login"},
    {CLASS_SERVER, SPEAKER_CLIENT, NEED_NOTHING, "*overloaded"},
    {CLASS_SERVER, SPEAKER_CLIENT, NEED_NOTHING, "internal server error"},
    {CLASS_NETWORK, SPEAKER_CLIENT, NEED_NOTHING,
     "*(unable to connect|couldn't connect|could not connect|can't reach|cannot reach|no internet|"
     "fetch failed|socket hang up|request timed out|network error|connection error|connection "
     "refused|connection reset|connection closed|connection lost|connection dropped|connection "
     "timed out|econn|etimedout|enotfound|eai_again)"},
};

/* In the message of an error body: the account's, though the status is the request's. */
static const struct {
    enum failure_class class;
    bool one_model;
    const char *phrase;
} causes[] = {
    {CLASS_LIMIT, true, "(extra usage|usage credits) *required"},
    {CLASS_BILLING, false, "credit balance is too low"},
    {CLASS_BILLING, false, "specified api usage limits"},
    {CLASS_BILLING, false, "(insufficient_quota|billing_error|purchase credits)"},
    {CLASS_BILLING, false, "exceeded your current quota"},
    {CLASS_BILLING, false, "(insufficient|outstanding|negative) (account |)(balance|credit|funds)"},
    {CLASS_BILLING, false, "insufficient (account |)credits"},
    {CLASS_BILLING, false, "balance *(exhausted|used up|not enough|insufficient|overdue|empty)"},
    {CLASS_BILLING, false, "payment *(required|failed|overdue)"},
    {CLASS_LIMIT, false, "out of (extra usage|usage credits)"},
    {CLASS_LIMIT, false, "(usage|weekly|daily|monthly|session|5-hour) limit *(exceeded|reached)"},
    {CLASS_FORBIDDEN, false,
     "(organization|workspace|account) *(disabled|suspended|deactivated|banned)"},
};

static bool has(enum need need, const char *text, enum speaker speaker)
{
    static const char reset[] = "(reset|resets)", stamp[] = "limit reached|#";
    static const char plan[] = "(5-hour|five-hour|session|usage|weekly|daily|monthly|opus|sonnet|"
                               "haiku|fable|claude|credits|spend|your limit|the limit|"
                               "budget|reset|resets)";
    if (need == NEED_RESET)
        return phrase_stands_in(reset, text) || phrase_stands_in(stamp, text);
    return need != NEED_PLAN || speaker == SPEAKER_CLIENT || phrase_stands_in(plan, text);
}

struct sentence sentence_read(const char *text, enum speaker speaker)
{
    for (size_t i = 0; i < COUNT(families); i++)
        if (speaker >= families[i].least && phrase_starts(families[i].phrase, text) &&
            has(families[i].need, text, speaker))
            return (struct sentence){families[i].class, true, families[i].need == ONE_MODEL};
    return (struct sentence){0};
}

struct sentence sentence_find(const char *text, int status)
{
    if (status != 400 && status != 402 && status != 403 && status != 429)
        return (struct sentence){0};
    for (size_t i = 0; i < COUNT(causes); i++)
        if (phrase_stands_in(causes[i].phrase, text))
            return (struct sentence){causes[i].class, true, causes[i].one_model};
    return (struct sentence){0};
}
