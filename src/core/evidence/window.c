#include "core/evidence/window.h"

#include "core/evidence/pattern.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A point ends the sentence, but not in "Sonnet 4.5". */
#define WORD "[a-z0-9'-]+(\\.[0-9]+)?"

void window_read(const char *text, struct finding *finding)
{
    static const char *const whole_key[] = {"session", "usage",   "weekly", "5-hour",  "five-hour",
                                            "daily",   "monthly", "plan",   "account", "spend",
                                            "rate",    "api",     "token"};
    static struct pattern after_your, before_reached;
    regmatch_t group[4];
    if (!pattern_match(&after_your, "(your|the) ((" WORD "( " WORD "){0,5}) limit)([^a-z]|$)", text,
                       4, group) &&
        !pattern_match(&before_reached,
                       "^(claude |your )?((" WORD "( " WORD "){0,5}) limit) reached", text, 4,
                       group))
        return;
    int length = (int)(group[2].rm_eo - group[2].rm_so);
    snprintf(finding->what, sizeof finding->what, "%.*s", length, text + group[2].rm_so);
    char words[FINDING_MODEL];
    snprintf(words, sizeof words, "%.*s", (int)(group[3].rm_eo - group[3].rm_so),
             text + group[3].rm_so);
    for (char *p = words; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    char model[FINDING_MODEL] = "", *rest = words, *word;
    while ((word = strsep(&rest, " "))) {
        bool of_key = false;
        for (size_t i = 0; i < COUNT(whole_key); i++)
            of_key |= strcmp(word, whole_key[i]) == 0;
        if (strstr(word, "org") || strstr(word, "usage"))
            return; /* "org's monthly usage limit": everybody's */
        size_t used = strlen(model);
        if (!of_key)
            snprintf(model + used, sizeof model - used, "%s%s", used ? " " : "", word);
    }
    if (!*model)
        return;
    finding->scope = SCOPE_MODEL;
    memcpy(finding->model, model, sizeof model);
}

void window_apply(const char *type, struct finding *finding)
{
    static const struct {
        const char *type, *what, *model;
    } windows[] = {
        {"five_hour", "session limit", NULL},
        {"seven_day", "weekly limit", NULL},
        {"seven_day_opus", "weekly Opus limit", "opus"},
        {"seven_day_sonnet", "weekly Sonnet limit", "sonnet"},
        {"seven_day_overage_included", "weekly limit", NULL},
        {"overage", "extra usage limit", NULL},
    };
    for (size_t i = 0; i < COUNT(windows); i++) {
        if (strcmp(windows[i].type, type) != 0)
            continue;
        snprintf(finding->what, sizeof finding->what, "%s", windows[i].what);
        finding->scope = windows[i].model ? SCOPE_MODEL : SCOPE_KEY;
        snprintf(finding->model, sizeof finding->model, "%s",
                 windows[i].model ? windows[i].model : "");
        return;
    }
}
