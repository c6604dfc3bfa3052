#include "core/translate/translate.h"

#include "core/translate/request_parts.h"

#include <stdio.h>
#include <string.h>

void translation_finish(struct translation *translation)
{
    toolnames_finish(&translation->names);
}

static bool holds(const char *notes, const char *note)
{
    size_t length = strlen(note);
    for (const char *p = notes; (p = strstr(p, note)) != NULL; p += length)
        if ((p == notes || p[-1] == ' ') && (p[length] == '\0' || p[length] == ','))
            return true;
    return false;
}

/* Names come from outside and go into a log. */
static void make_plain(char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~' || *text == ',')
            *text = '?';
}

void notes_add(char notes[TRANSLATION_NOTES], const char *where, struct part name)
{
    char note[96];
    size_t used = strlen(notes);
    snprintf(note, sizeof note, "%s%s%.*s", where, *where && name.length ? "." : "",
             name.length > 40 ? 40 : (int)name.length, name.text);
    make_plain(note);
    if (*note && !holds(notes, note) && used + strlen(note) + sizeof ", " <= TRANSLATION_NOTES)
        snprintf(notes + used, TRANSLATION_NOTES - used, "%s%s", used > 0 ? ", " : "", note);
}

void translation_note(struct translation *translation, const char *where, struct part name)
{
    notes_add(translation->notes, where, name);
}

void translation_note_message(void *translation, struct part name)
{
    translation_note(translation, "messages", name);
}

void translation_keep_asked(struct translation *translation, struct part model)
{
    snprintf(translation->asked, sizeof translation->asked, "%.*s",
             model.length < sizeof translation->asked ? (int)model.length : 0, model.text);
}

struct dropping {
    struct translation *translation;
    const char *where;
};

static void note_other(void *context, struct part name)
{
    const struct dropping *place = context;
    translation_note(place->translation, place->where, name);
}

#define KNOWN_MOST 16

void translation_note_others(struct translation *translation, const char *where, struct part object,
                             const char *const *known)
{
    struct dropping place = {translation, where};
    struct part values[KNOWN_MOST];
    if (raw_is(object, '{'))
        (void)raw_members(object, known, values, note_other, &place);
}

void translation_refuse(struct translation *translation, const char *param, const char *text)
{
    struct translation_fault *fault = &translation->fault;
    if (*fault->param)
        return;
    snprintf(fault->param, sizeof fault->param, "%s", param);
    snprintf(fault->text, sizeof fault->text, "%s: %s", param, text);
}

bool translate_request(struct translation *translation, const char *body, size_t length,
                       struct buffer *ret_body)
{
    const struct part whole = {body, length};
    translation->length = length;
    buffer_expect(ret_body, length + length / 8);
    buffer_append_char(ret_body, '{');
    if (translation->client == FORMAT_MESSAGES)
        request_to_openai(translation, whole, ret_body);
    else
        request_to_anthropic(translation, whole, ret_body);
    buffer_append_char(ret_body, '}');
    return !*translation->fault.param && !ret_body->failed;
}
