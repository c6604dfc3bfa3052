#include "commands/doctor/doctor.h"

#include "base/json.h"
#include "base/secret.h"
#include "base/text.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/output.h"
#include "commands/screen.h"
#include "system/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXIT_SICK 1

/* The state comes first: it holds what is known about the keys. */
static void (*const checks[])(struct doctor *) = {
    doctor_check_state,    doctor_check_clock,       doctor_check_keys,    doctor_check_client,
    doctor_check_settings, doctor_check_environment, doctor_check_gateway,
};

#define INDENT 21 /* columns before a sentence */

static const char *const health_names[] = {"ok", "warn", "fail"};

static void add(struct doctor *doctor, const char *check, enum health health, char *text)
{
    static const char divider[] = "; fix: ";
    struct diagnosis *grown =
        realloc(doctor->diagnoses, (doctor->count + 1) * sizeof *doctor->diagnoses);
    if (!grown) {
        doctor->out_of_memory = true;
        free(text);
        return;
    }
    doctor->diagnoses = grown;
    char *fix = strstr(text, divider);
    if (fix) {
        *fix = '\0';
        fix += sizeof divider - 1;
    }
    grown[doctor->count++] = (struct diagnosis){check, health, text, fix};
}

void doctor_say(struct doctor *doctor, const char *check, enum health health, const char *format,
                ...)
{
    va_list args;
    char *text;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0)
        doctor->out_of_memory = true;
    else
        add(doctor, check, health, text);
}

void doctor_say_lines(struct doctor *doctor, const char *check, enum health health,
                      const char *prefix, const char *lines)
{
    while (*lines) {
        int length = (int)strcspn(lines, "\n");
        doctor_say(doctor, check, health, "%s%.*s", prefix, length, lines);
        lines += length + (lines[length] == '\n');
    }
}

/* Breaks lines only between words, so that a path or a command can be copied. `used` columns of the
 * first line are taken. Without a terminal a diagnosis is one line. */
static void append_wrapped(struct buffer *text, const char *words, const struct screen *screen,
                           size_t used)
{
    size_t indent = screen->columns < 2 * INDENT ? 2 : INDENT;
    bool first = true;
    while (*words) {
        size_t length = strcspn(words, " ");
        struct buffer word = {0};
        buffer_append(&word, words, length);
        size_t width = text_width(buffer_text(&word));
        if (!first && screen->rows > 0 && used + 1 + width > screen->columns) {
            buffer_append_format(text, "\n%*s", (int)indent, "");
            used = indent;
        } else if (!first) {
            buffer_append_char(text, ' ');
            used++;
        }
        buffer_append(text, words, length);
        used += width;
        first = false;
        words += length + (words[length] == ' ');
        buffer_finish(&word);
    }
}

static void append_text(struct buffer *text, const struct doctor *doctor)
{
    static const enum style styles[] = {STYLE_GOOD, STYLE_WAIT, STYLE_BAD};
    struct screen screen = screen_look();
    for (size_t i = 0; i < doctor->count; i++) {
        const struct diagnosis *diagnosis = &doctor->diagnoses[i];
        screen_begin(text, &screen, styles[diagnosis->health]);
        buffer_append_format(text, "%-4s", health_names[diagnosis->health]);
        screen_end(text, &screen, styles[diagnosis->health]);
        struct buffer sentence = {0};
        buffer_append_format(&sentence, "%s%s%s", diagnosis->message, diagnosis->fix ? "; " : "",
                             diagnosis->fix ? diagnosis->fix : "");
        /* Paths and the output of programs may hold control characters. */
        if (sentence.data)
            text_replace_controls(sentence.data, sentence.length, ' ');
        buffer_append_format(text, "  %-12s — ", diagnosis->check);
        append_wrapped(text, buffer_text(&sentence), &screen, INDENT);
        buffer_append_char(text, '\n');
        text->failed |= sentence.failed;
        buffer_finish(&sentence);
    }
}

static cJSON *describe(const struct diagnosis *diagnosis)
{
    cJSON *object = cJSON_CreateObject();
    json_set_string(object, "check", diagnosis->check);
    json_set_string(object, "status", health_names[diagnosis->health]);
    json_set_string(object, "message", diagnosis->message);
    json_set(object, "fix",
             diagnosis->fix ? cJSON_CreateString(diagnosis->fix) : cJSON_CreateNull());
    return object;
}

static void append_json(struct buffer *text, const struct doctor *doctor)
{
    CLEANUP_JSON cJSON *root = output_begin_json();
    cJSON *array = cJSON_AddArrayToObject(root, "checks");
    for (size_t i = 0; i < doctor->count; i++)
        cJSON_AddItemToArray(array, describe(&doctor->diagnoses[i]));
    output_append_json(text, root);
}

static bool is_sick(const struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->count; i++)
        if (doctor->diagnoses[i].health == HEALTH_FAIL)
            return true;
    return false;
}

static void finish(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->count; i++)
        free(doctor->diagnoses[i].message); /* the fix is a part of the message */
    free(doctor->diagnoses);
    if (doctor->has_state)
        state_finish(&doctor->state);
}

int command_doctor(int argc, char **argv)
{
    bool json = false;
    struct options options;
    struct buffer text = {0};
    const struct flag flags[] = {{"json", 0, &json, NULL}, SCREEN_FLAG, {0}};
    int words = arguments_parse(argc, argv, flags, &options);
    if (words > 0)
        log_say("doctor takes no names; usage: tcr-run doctor [--json] [--color WHEN]");
    if (words != 0)
        return EXIT_OWN_FAILURE;
    struct doctor doctor = {.options = &options, .now = time(NULL)};
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        checks[i](&doctor);
    if (json)
        append_json(&text, &doctor);
    else
        append_text(&text, &doctor);
    text.failed |= doctor.out_of_memory;
    /* A path or a program's name may be a token that was put in the wrong place. */
    if (!text.failed)
        text.length = secret_mask(text.data, text.length);
    int status = output_print(&text);
    if (status == 0 && is_sick(&doctor))
        status = EXIT_SICK;
    finish(&doctor);
    return status;
}
