#include "core/state/users.h"

#include "base/money.h"
#include "base/nearest.h"
#include "base/secret.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/gateway/gateway.h"
#include "commands/host.h"
#include "commands/output.h"
#include "commands/table.h"
#include "core/pool/fields.h"
#include "core/show/render.h"
#include "core/show/since.h"
#include "system/log.h"
#include "system/random.h"
#include "system/store/store.h"
#include "system/zone.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEY_BEGINNING "sk-ant-api03-tcr-user-"
#define KEY_BYTES     24
#define KEY_TEXT      (sizeof KEY_BEGINNING + (size_t)2 * KEY_BYTES)

/* A change to the users. It is made under the state's lock, perhaps more than once. */
struct change {
    int (*make)(struct users *users, struct change *change);
    struct user user;
    int error; /* -EEXIST, -ENOENT, -ENOMEM; 0: made */
};

static bool change_state(struct state *state, int64_t now, void *context)
{
    struct change *change = context;
    struct users users;
    (void)now;
    change->error = users_parse(state->users, &users);
    if (change->error == 0)
        change->error = change->make(&users, change);
    char *text = change->error == 0 ? users_print(&users) : NULL;
    if (change->error == 0 && !text)
        change->error = -ENOMEM;
    users_finish(&users);
    if (text)
        state_set_users(state, text);
    return text != NULL;
}

static int add_user(struct users *users, struct change *change)
{
    return users_find(users, change->user.name) ? -EEXIST : users_add(users, &change->user);
}

/* A list that was edited by hand may name a user twice. */
static int revoke_user(struct users *users, struct change *change)
{
    bool found = false;
    for (size_t i = 0; i < users->count; i++)
        if (strcmp(users->list[i].name, change->user.name) == 0)
            found = users->list[i].revoked = true;
    return found ? 0 : -ENOENT;
}

static int remove_user(struct users *users, struct change *change)
{
    struct user *user = users_find(users, change->user.name);
    int r = user ? 0 : -ENOENT;
    for (; user; user = users_find(users, change->user.name))
        users_remove(users, user);
    return r;
}

static void say_fault(const struct change *change, int r, const struct buffer *why)
{
    const char *name = change->user.name;
    if (r == 1)
        log_say("gateway: the state could not be written where it belongs; nothing is in force");
    else if (r < 0)
        log_say("gateway: %s", why->length > 0 ? buffer_text(why) : strerror(-r));
    else if (change->error == -EEXIST)
        log_say("gateway: there is a user \"%s\" already; tcr-run gateway users remove %s ends its "
                "key",
                name, name);
    else if (change->error == -ENOENT)
        log_say("gateway: there is no user \"%s\"; tcr-run gateway users list shows them", name);
    else
        log_say("gateway: %s", strerror(-change->error));
}

/* True if the change is in force. */
static bool do_change(struct change *change)
{
    struct buffer why = {0};
    struct store *store = store_create(NULL, &command_host);
    int r = store ? store_try_update(store, change_state, change, &why) : -ENOMEM;
    bool fine = r == 0 && change->error == 0;
    if (!fine)
        say_fault(change, r, &why);
    store_destroy(store);
    buffer_finish(&why);
    return fine;
}

/* ---- add ---- */

/* "200" requests, or "5.00" or "$5" dollars. */
static bool take_per_day(const char *text, struct user *user)
{
    bool money = *text == '$' || strchr(text, '.');
    char *end;
    text += *text == '$';
    if (money)
        return money_parse(text, strlen(text), &user->money_per_day) && user->money_per_day > 0;
    errno = 0;
    user->requests_per_day = strtoll(text, &end, 10);
    return errno == 0 && !*end && user->requests_per_day > 0;
}

static bool models_are_fine(const char *models)
{
    bool begins = true;
    for (const char *at = models; *at; at++) {
        if ((unsigned char)*at <= ' ' || *at == '"' || (*at == ',' && begins))
            return false;
        begins = *at == ',';
    }
    return !begins && strlen(models) < USER_MODELS;
}

static bool take_limits(const char *expires, const char *models, const char *per_day,
                        struct user *user)
{
    user->created = time(NULL);
    int r = expires ? until_parse(expires, user->created, &zone_system, &user->expires) : 0;
    if (r < 0) {
        log_say("gateway: --expires %s: expected %s", expires,
                r == -ERANGE ? "a time to come" : UNTIL_FORMS);
        return false;
    }
    if (models && !models_are_fine(models)) {
        log_say("gateway: --models: expected patterns such as claude-sonnet-*,claude-*; at most "
                "255 characters");
        return false;
    }
    snprintf(user->models, sizeof user->models, "%s", models ? models : "");
    if (per_day && !take_per_day(per_day, user)) {
        log_say("gateway: --per-day %s: expected dollars such as 5.00, or a number of requests "
                "such as 200",
                per_day);
        return false;
    }
    return true;
}

static void make_key(char ret_key[KEY_TEXT])
{
    unsigned char bytes[KEY_BYTES];
    size_t length = strlen(KEY_BEGINNING);
    random_fill(bytes, sizeof bytes);
    memcpy(ret_key, KEY_BEGINNING, length);
    sodium_bin2hex(ret_key + length, KEY_TEXT - length, bytes, sizeof bytes);
    secret_wipe((char *)bytes, sizeof bytes);
}

static bool take_name(const char *name, struct user *user)
{
    const char *fault = fields_name_fault(name);
    if (!fault && strlen(name) >= USER_NAME)
        fault = "is too long";
    if (fault)
        log_say("gateway: \"%.64s\" cannot be a user's name: it %s", name, fault);
    snprintf(user->name, sizeof user->name, "%s", name);
    return fault == NULL;
}

static int add(struct change *change)
{
    char key[KEY_TEXT];
    struct buffer text = {0};
    make_key(key);
    user_hash(key, strlen(key), change->user.hash);
    change->make = add_user;
    bool fine = do_change(change);
    if (fine) {
        log_say("the key of \"%s\"; it is shown this once:", change->user.name);
        buffer_append_format(&text, "%s\n", key);
    }
    secret_wipe(key, sizeof key);
    int status = fine ? output_print(&text) : EXIT_OWN_FAILURE;
    if (fine && status != 0) { /* a key that nobody has seen is useless */
        change->make = remove_user;
        if (do_change(change))
            log_say("gateway: \"%s\" was not made", change->user.name);
    }
    return status;
}

/* ---- list ---- */

static const char *standing_of(const struct user *user)
{
    return user->revoked ? "revoked" : user_may_enter(user, time(NULL)) ? "active" : "expired";
}

static void append_per_day(struct buffer *text, const struct user *user)
{
    if (user->money_per_day > 0)
        money_append(text, user->money_per_day);
    else if (user->requests_per_day > 0)
        buffer_append_format(text, "%lld requests", (long long)user->requests_per_day);
}

static void append_table(struct buffer *text, const struct users *users)
{
    enum { NAME, STANDING, EXPIRES, PER_DAY, MODELS, COLUMN_COUNT };
    static const struct table_column columns[COLUMN_COUNT] = {[NAME] = {"USER", false},
                                                              [STANDING] = {"STATE", false},
                                                              [EXPIRES] = {"EXPIRES", false},
                                                              [PER_DAY] = {"PER DAY", false},
                                                              [MODELS] = {"MODELS", false}};
    static const struct table_step steps[] = {
        {TABLE_CUT, MODELS, 8}, {TABLE_DROP, MODELS, 0}, {TABLE_DROP, EXPIRES, 0},
        {TABLE_CUT, NAME, 1},   {TABLE_WHOLE, 0, 0},
    };
    const struct screen screen = screen_look();
    struct table table = {
        .columns = columns, .column_count = COLUMN_COUNT, .steps = steps, .screen = &screen};
    if (table_init(&table, users->count) == 0) {
        for (size_t i = 0; i < users->count; i++) {
            const struct user *user = &users->list[i];
            struct buffer *cells = table.rows[i].cells;
            buffer_append_text(&cells[NAME], user->name);
            buffer_append_text(&cells[STANDING], standing_of(user));
            if (user->expires > 0)
                render_time(&cells[EXPIRES], user->expires, time(NULL), &zone_system);
            append_per_day(&cells[PER_DAY], user);
            buffer_append_text(&cells[MODELS], user->models);
        }
        table_append(text, &table);
    } else {
        text->failed = true;
    }
    table_finish(&table);
}

static void append_json(struct buffer *text, const struct users *users)
{
    cJSON *json = output_begin_json();
    cJSON *list = json ? cJSON_AddArrayToObject(json, "users") : NULL;
    bool fine = list != NULL;
    for (size_t i = 0; fine && i < users->count; i++) {
        const struct user *user = &users->list[i];
        cJSON *item = cJSON_CreateObject();
        fine = cJSON_AddItemToArray(list, item) && json_set_string(item, "name", user->name) &&
               json_set_string(item, "state", standing_of(user)) &&
               json_set_integer(item, "created", user->created) &&
               json_set_integer(item, "expires", user->expires) &&
               json_set_string(item, "models", user->models) &&
               json_set_integer(item, "requests_per_day", user->requests_per_day) &&
               json_set(item, "dollars_per_day",
                        cJSON_CreateNumber((double)user->money_per_day / (double)MONEY_DOLLAR));
    }
    text->failed |= !fine;
    output_append_json(text, json);
    json_destroy(json);
}

static int list(bool json)
{
    struct buffer text = {0};
    struct users users = {0};
    struct buffer why = {0};
    struct state shared = {0};
    int64_t ahead;
    struct store *store = store_create(NULL, &command_host);
    /* A server that is away has users, though a reading would go on without them. */
    int r = store ? store_probe(store, &shared, &ahead, &why) : -ENOMEM;
    const struct state *state = r == 0 ? &shared : r == -ENODEV ? store_read(store) : NULL;
    bool fine = state && users_parse(state->users, &users) == 0;
    if (!fine && why.length > 0)
        log_say("gateway: users cannot be listed; the server of TCR_STATE %s", buffer_text(&why));
    else if (!fine)
        log_say("gateway: out of memory");
    else if (json)
        append_json(&text, &users);
    else if (users.count > 0)
        append_table(&text, &users);
    else
        log_say("there are no users; tcr-run gateway users add NAME makes one");
    users_finish(&users);
    state_finish(&shared);
    buffer_finish(&why);
    store_destroy(store);
    return fine ? output_print(&text) : EXIT_OWN_FAILURE;
}

static int say_nearest(const char *verb)
{
    static const char *const verbs[] = {"list", "add", "revoke", "remove"};
    struct nearest nearest = nearest_begin(verb, strlen(verb));
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        nearest_consider(&nearest, verbs[i]);
    if (nearest.word)
        log_say("gateway users: unknown verb \"%s\"; did you mean: tcr-run gateway users %s", verb,
                nearest.word);
    else
        log_say("gateway users: unknown verb \"%s\"; expected list, add, revoke or remove", verb);
    return EXIT_OWN_FAILURE;
}

int gateway_users(int argc, char **argv)
{
    const char *expires = NULL, *models = NULL, *per_day = NULL;
    bool json = false;
    const struct flag flags[] = {{"expires", 0, NULL, &expires},
                                 {"models", 0, NULL, &models},
                                 {"per-day", 0, NULL, &per_day},
                                 {"json", 0, &json, NULL},
                                 SCREEN_FLAG,
                                 {0}};
    struct change change = {0};
    int words = arguments_take(argc, argv, flags, NULL, "gateway users");
    const char *verb = words > 0 ? argv[1] : words == 0 ? "list" : NULL;
    if (!verb)
        return EXIT_OWN_FAILURE;
    bool adds = strcmp(verb, "add") == 0, lists = strcmp(verb, "list") == 0;
    bool revokes = strcmp(verb, "revoke") == 0, removes = strcmp(verb, "remove") == 0;
    bool has_limits = expires || models || per_day, shows = json || screen_color;
    if (lists && words <= 1 && !has_limits)
        return list(json);
    if (!(adds || revokes || removes || lists))
        return say_nearest(verb);
    if (!(adds || revokes || removes) || words != 2 || shows || (has_limits && !adds))
        return gateway_say_usage("users");
    if (sodium_init() < 0 || !take_name(argv[2], &change.user) ||
        (adds && !take_limits(expires, models, per_day, &change.user)))
        return EXIT_OWN_FAILURE;
    if (adds)
        return add(&change);
    change.make = revokes ? revoke_user : remove_user;
    return do_change(&change) ? 0 : EXIT_OWN_FAILURE;
}
