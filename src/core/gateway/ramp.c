#include "core/gateway/ramp.h"

#define STEP_MS 250
#define CALM_MS 5000 /* who comes later is not of the same herd */
#define PROVEN  16   /* answers after which the key can take whatever comes */

bool ramp_admits(struct ramp *ramp, int64_t now_ms)
{
    if (ramp->begun == 0 || now_ms - ramp->seen > CALM_MS)
        *ramp = (struct ramp){.begun = now_ms};
    ramp->seen = now_ms;
    int64_t allowed = 1 + 2 * (int64_t)ramp->answered + (now_ms - ramp->begun) / STEP_MS;
    if (ramp->answered < PROVEN && ramp->sent >= allowed)
        return false;
    ramp->sent++;
    return true;
}

void ramp_note_answer(struct ramp *ramp)
{
    if (ramp->answered < PROVEN)
        ramp->answered++;
}
