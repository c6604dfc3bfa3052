/* A run from its first attempt to its last: what stays the same and what carries over. */
#pragma once

#include "commands/pool.h"
#include "core/client/client.h"
#include "core/client/options.h"
#include "core/evidence/verdict.h"
#include "core/pool/modelmap.h"
#include "core/state/choice.h"
#include "system/keys/claude_files.h"
#include "system/stream/input.h"

#include <stdbool.h>
#include <sys/types.h>

/* Who asks for keys of a kind. */
struct asker {
    const char *kind;
    const struct session *session;
};

struct private_gateway;

struct session {
    const struct options *options;
    struct pool pool;
    struct client_call call;
    struct asked asked;
    struct slot slots[ASKED_MOST]; /* one for each kind, with the key that the command gets */
    struct asker askers[ASKED_MOST];
    size_t slot_count;
    bool translates;          /* claude's requests go to keys of OpenAI's, too: through a gateway */
    char *const *environment; /* ours, untouched */
    int signal_fd;
    struct input input;
    struct private_gateway *gateway; /* NULL: the command's requests go to the providers directly */
    struct owner owner;
    bool master_tried, alarmed;
    bool spares_master;              /* another model is tried before the master */
    int64_t began_ms;                /* clock_now_ms */
    struct ending last_ending;       /* of the command; zeroed before its first end */
    char asked_model[MODELMAP_NAME]; /* that the run was begun with, once another took its place */
    char model[MODELMAP_NAME];       /* that goes on in place of the one asked for; "" */
    size_t model_step;               /* how many were tried */

    /* The conversation so far (claude). */
    char *help;   /* what this client's --help prints; NULL: not needed or not known */
    char *config; /* the client's configuration folder; NULL for other clients */
    char model_set[MODELMAP_NAME];         /* that its settings files set; "" */
    struct claude_settings_files settings; /* until it is clear whether there is a gateway */
    enum carry carry;                      /* how the next attempt goes on */
    off_t run_offset;                      /* where the transcript stood when the run began */
    char since[32]; /* when the run began, as the transcript stamps its rows */
    bool session_exists, work_begun;
    bool warned_of_source, warned_of_managed, warned_of_overage, warned_of_memory;
};

/* Reads the options of a run, and has the log follow them. False after saying what is wrong, with
 * `who` ("explain: ", "") before it. Ended with options_finish either way. */
bool session_read_options(int argc, char **argv, const char *who, struct options *ret_options);

/* Sets up everything but the signals and stdin, which only a real run touches. Returns 0 or the
 * exit status to end with, after reporting the reason. Ended with session_close either way. */
int session_open(struct session *session, const struct options *options);
void session_close(struct session *session);

/* True if there is a word that no table knows and the client was not asked about yet. */
bool session_asks_client(const struct session *session);

/* True if this key is OpenAI's and claude uses it, which needs a gateway. */
bool session_needs_translation(const struct session *session, const struct key *key);

/* Gives a session that is started over a new id: the old one is taken. */
void session_rename(struct session *session);

/* The slot whose key the client itself logs in with. */
struct slot *session_lead(struct session *session);

/* The slot to blame for a failure: see asked_suspect. */
struct slot *session_suspect(struct session *session, const struct finding *finding);

/* What a kind's pool is called in the state; NULL for the main one. */
const char *session_pool_name(const char *kind);

/* OpenAI's keys serve claude if they say which of their models replaces which. */
bool session_has_models(const struct session *session);

/* No slot has a key any more: what is chosen next is chosen for all of them. */
void session_forget_keys(struct session *session);

/* Forgets which keys this run tried: after a wait they count again. */
void session_start_over(struct session *session);
