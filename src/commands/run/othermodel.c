#include "commands/run/othermodel.h"

#include "commands/run/announce.h"

#include <stdio.h>
#include <string.h>

/* The model that the run began with; NULL if no other can take its place. If the client was not
 * given a name, the name comes from its message about the limit. */
static const char *asked_model(const struct session *session, const struct finding *finding)
{
    const char *asked = *session->asked_model        ? session->asked_model
                        : session->call.claude.model ? session->call.claude.model
                                                     : finding->model;
    bool replaceable = session->call.id == CLIENT_CLAUDE && !session->call.claude.subcommand &&
                       !session->gateway && *asked;
    return replaceable ? asked : NULL;
}

/* Once another model has taken its place, whatever its keys fail with: the master, which is billed,
 * is for the model that was asked for. */
void othermodel_begin(struct session *session, const struct finding *finding)
{
    char next[MODELMAP_NAME];
    const char *asked = asked_model(session, finding);
    bool in_turn = finding->class == CLASS_LIMIT ||
                   (session->model_step > 0 && !failure_is_transient(finding->class));
    session->spares_master =
        in_turn && asked && modelmap_next_alias(&session->pool.keyring, asked, 0, next);
}

bool othermodel_choose(struct run *run, const struct step *failed)
{
    struct session *session = run->session;
    struct slot *lead = session_lead(session);
    const char *before = lead->demand.model;
    const char *asked = asked_model(session, failed->choice.finding);
    char next[MODELMAP_NAME];
    if (!session->spares_master)
        return false;
    while (asked && modelmap_next_alias(&session->pool.keyring, asked, session->model_step, next)) {
        struct step step = {.session = session, .choice = {.choose = true}};
        bool master_tried = session->master_tried;
        session->model_step++;
        if (asked != session->asked_model)
            snprintf(session->asked_model, sizeof session->asked_model, "%s", asked);
        memcpy(session->model, next, sizeof next);
        session_forget_keys(session);
        lead->demand.model = session->model;
        session_start_over(session);
        session->master_tried = master_tried;
        step_take(&step);
        ready_note_step(run, &step);
        if (step.choice.chosen && !step.choice.failed) {
            session->call.model = session->model;
            struct step told = *failed;
            told.choice.chosen = step.choice.chosen;
            told.choice.is_master = step.choice.is_master;
            announce_model(&told, asked);
            return ready_or_wait(run);
        }
    }
    lead->demand.model = before;
    return false;
}

bool othermodel_spend(struct session *session, struct step *step)
{
    struct slot *lead = session_lead(session);
    struct step master = {.session = session, .choice = {.choose = true}};
    if (!session->spares_master || session->master_tried)
        return false;
    session->spares_master = false;
    session_forget_keys(session);
    lead->demand.model = session->call.model = NULL;
    step_take(&master);
    step->choice.chosen = master.choice.chosen;
    step->choice.is_master = master.choice.is_master;
    step->choice.failed |= master.choice.failed;
    return step->choice.chosen && !step->choice.failed;
}
