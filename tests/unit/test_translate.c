/* One file of tests/data/translate for each row: bytes in, bytes out. Its first lines say what is
 * translated ("kind stream", "client messages", "provider chat"), sections begin with "=== ". */
#include "core/translate/fault.h"
#include "core/translate/reply.h"
#include "core/translate/translate.h"

#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER  "tests/data/translate"
#define ID      "0001"
#define CREATED 1795209600

struct row {
    char *name;
    char kind[32], client[32], provider[32], model[64], session[64];
    int status;
    unsigned omit;
    char *request, *in, *out, *notes, *fault; /* NULL: the file has no such section */
};

static enum format format_of(const char *name)
{
    static const char *const names[] = {"messages", "chat", "responses"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return (enum format)i;
    fail_msg("no format: \"%s\"", name);
    return FORMAT_MESSAGES;
}

static void read_header(struct row *row, const char *line)
{
    (void)(sscanf(line, "kind %31s", row->kind) == 1 ||
           sscanf(line, "client %31s", row->client) == 1 ||
           sscanf(line, "provider %31s", row->provider) == 1 ||
           sscanf(line, "model %63s", row->model) == 1 ||
           sscanf(line, "session %63s", row->session) == 1 ||
           sscanf(line, "omit %u", &row->omit) == 1 ||
           sscanf(line, "status %d", &row->status) == 1);
}

static char **section_of(struct row *row, const char *title)
{
    const struct {
        const char *title;
        char **text;
    } sections[] = {{"request", &row->request},
                    {"in", &row->in},
                    {"out", &row->out},
                    {"notes", &row->notes},
                    {"fault", &row->fault}};
    for (size_t i = 0; i < COUNT(sections); i++)
        if (strcmp(sections[i].title, title) == 0)
            return sections[i].text;
    fail_msg("%s: no section: \"%s\"", row->name, title);
    return NULL;
}

static void read_row(struct row *row, char *text)
{
    char **section = NULL;
    for (char *line = text, *end; *line; line = end) {
        end = strchr(line, '\n') + 1;
        if (strncmp(line, "=== ", 4) == 0) {
            *line = '\0';
            end[-1] = '\0';
            section = section_of(row, line + 4);
            *section = end;
        } else if (!section) {
            read_header(row, line);
        }
    }
}

/* A body has no line end of its own. */
static void chop(char *text)
{
    size_t length = text ? strlen(text) : 0;
    if (length > 0 && text[length - 1] == '\n')
        text[length - 1] = '\0';
}

static void check(const struct row *row, const char *what, const char *wanted, const char *got)
{
    if (getenv("SHOW") && wanted && strcmp(wanted, got) != 0)
        print_message("=== %s\n%s\n", what, got);
    if (wanted && strcmp(wanted, got) != 0)
        fail_msg("%s: %s:\n%s\nwanted:\n%s", row->name, what, got, wanted);
}

static void run_request(const struct row *row, struct translation *translation)
{
    struct buffer out = {0};
    const char *body = row->request ? row->request : row->in;
    bool done = translate_request(translation, body, strlen(body), &out);
    assert_false(out.failed);
    if (!row->request) {
        check(row, "fault", row->fault ? row->fault : "", translation->fault.text);
        assert_true(done == !row->fault);
        check(row, "notes", row->notes ? row->notes : "", translation->notes);
        if (done)
            check(row, "out", row->out, buffer_text(&out));
    }
    buffer_finish(&out);
}

/* In pieces of so many bytes. */
static void run_reply(const struct row *row, const struct translation *translation, bool stream,
                      size_t piece)
{
    struct buffer out = {0};
    struct reply *reply = reply_create(translation, ID, CREATED, stream);
    size_t length = strlen(row->in);
    for (size_t at = 0; at < length; at += piece) {
        size_t left = length - at < piece ? length - at : piece;
        char *copy = malloc(left);
        memcpy(copy, row->in + at, left);
        reply_feed(reply, copy, left, &out);
        free(copy);
    }
    reply_end(reply, &out);
    assert_true(reply_has_ended(reply));
    assert_false(out.failed);
    check(row, "out", row->out, buffer_text(&out));
    check(row, "fault", row->fault ? row->fault : "", reply_fault(reply) ? reply_fault(reply) : "");
    check(row, "notes", row->notes ? row->notes : "", reply_notes(reply));
    size_t before = out.length;
    reply_feed(reply, row->in, length, &out);
    reply_end(reply, &out);
    if (stream)
        assert_int_equal(out.length, before);
    reply_destroy(reply);
    buffer_finish(&out);
}

static void run_fault(const struct row *row, const struct translation *translation)
{
    struct buffer out = {0};
    char line[600];
    int status = fault_translate(translation, row->status, row->in, strlen(row->in), &out);
    snprintf(line, sizeof line, "%d %s", status, buffer_text(&out));
    check(row, "out", row->out, line);
    buffer_finish(&out);
}

static void run_row(void **state)
{
    struct row *row = *state;
    struct translation translation = {.client = format_of(row->client),
                                      .provider = format_of(row->provider),
                                      .model = *row->model ? row->model : NULL,
                                      .omit = row->omit,
                                      .session = *row->session ? row->session : NULL};
    bool stream = strcmp(row->kind, "stream") == 0;
    if (!stream)
        chop(row->in), chop(row->out);
    chop(row->request), chop(row->notes), chop(row->fault);
    if (row->request || strcmp(row->kind, "request") == 0)
        run_request(row, &translation);
    if (stream || strcmp(row->kind, "whole") == 0) {
        run_reply(row, &translation, stream, strlen(row->in) + 1);
        run_reply(row, &translation, stream, 1);
        run_reply(row, &translation, stream, 7);
    } else if (strcmp(row->kind, "fault") == 0) {
        run_fault(row, &translation);
    }
    translation_finish(&translation);
}

static int is_row(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && strcmp(dot, ".txt") == 0;
}

/* All rows live as long as the program. */
int main(void)
{
    static struct row rows[512];
    static struct CMUnitTest tests[512];
    static struct buffer files[512];
    struct dirent **entries;
    char path[512];
    const char *root = getenv("TEST_ROOT");
    snprintf(path, sizeof path, "%s/" FOLDER, root ? root : ".");
    int count = scandir(path, &entries, is_row, alphasort);
    if (count < 26 || count > (int)COUNT(rows))
        return 1;
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, FOLDER "/%s", entries[i]->d_name);
        read_source_file(path, &files[i]);
        rows[i].name = entries[i]->d_name;
        read_row(&rows[i], files[i].data);
        tests[i] = (struct CMUnitTest){rows[i].name, run_row, NULL, NULL, &rows[i]};
    }
    int failed = _cmocka_run_group_tests("translate", tests, (size_t)count, start_libraries, NULL);
    for (int i = 0; i < count; i++) {
        buffer_finish(&files[i]);
        free(entries[i]);
    }
    free(entries);
    return failed;
}
