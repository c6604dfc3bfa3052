#include "base/cleanup.h"
#include "base/duration.h"
#include "base/json.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/output.h"
#include "commands/screen.h"
#include "core/evidence/gate.h"
#include "core/evidence/verdict.h"
#include "core/pool/policy.h"
#include "core/show/render.h"
#include "system/log.h"
#include "system/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void swallow(void *context, const char *bytes, size_t length)
{
    (void)context, (void)bytes, (void)length;
}

static int read_stream(struct evidence *evidence, enum stream_id stream, int fd, const char *name)
{
    struct gate gate;
    char chunk[65536];
    ssize_t n;
    gate_init(&gate, evidence, stream, swallow, NULL);
    while ((n = read(fd, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            gate_feed(&gate, chunk, (size_t)n, 0);
    int error = n < 0 ? errno : 0;
    gate_end(&gate);
    gate_finish(&gate);
    if (error)
        log_say("%s: %s", name, strerror(error));
    return error ? EXIT_OWN_FAILURE : 0;
}

static int read_file(struct evidence *evidence, enum stream_id stream, const char *path)
{
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        log_say("%s: %s", path, strerror(errno));
        return EXIT_OWN_FAILURE;
    }
    return read_stream(evidence, stream, fd, path);
}

static const char looked_for[] =
    "error results and rows of Claude Code (json, stream-json); on a line of its own, a message of "
    "Claude Code or of a provider, an exception of the Anthropic or OpenAI SDK, an error body";

/* Why no key is to blame. */
static void append_why(struct buffer *text, const struct ending *ending,
                       const struct evidence *evidence)
{
    bool worded = evidence->text[STREAM_OUT].finding.class != CLASS_NONE ||
                  evidence->text[STREAM_ERR].finding.class != CLASS_NONE;
    if (evidence->result_seen && evidence->result_is_error)
        buffer_append_text(text, "the result of Claude Code is an error, but not one of the key");
    else if (evidence->result_seen && ending->code == 0)
        buffer_append_text(text, "the result of Claude Code is not an error, and the status is 0");
    else if (ending->code == 0)
        buffer_append_format(text, "the status is 0: %s",
                             worded ? "a message counts only with a failure; try --exit 1"
                                    : "the command did not fail");
    else
        buffer_append_format(text,
                             "status %d, and no line is a known message: a failure of the "
                             "command's own",
                             ending->code);
}

/* What was looked for, and what would change the verdict. */
static void append_nothing(struct buffer *text, const struct ending *ending,
                           const struct evidence *evidence)
{
    buffer_append_text(text, "why: ");
    append_why(text, ending, evidence);
    buffer_append_format(text, "\nlooked for: %s\n", looked_for);
    if (ending->code != 0)
        buffer_append_format(
            text, "to teach it: tcr-run --marker 'limit=REGEX' or --exit-class %d=limit\n",
            ending->code);
}

static void append_nothing_json(cJSON *object, const struct ending *ending,
                                const struct evidence *evidence)
{
    struct buffer why = {0};
    append_why(&why, ending, evidence);
    json_set_string(object, "why", buffer_text(&why));
    json_set_string(object, "looked_for", looked_for);
    buffer_finish(&why);
}

static void append_until(struct buffer *text, const struct finding *finding, int64_t now)
{
    struct policy policy = policy_default();
    char span[DURATION_TEXT];
    int64_t longest;
    enum told_time told = policy_told(finding, now, &longest);
    buffer_append_text(text, "until: ");
    if (told == TOLD_TAKEN) {
        render_time(text, finding->until, now, &zone_system);
        buffer_append_format(text, " (%lld, told)\n", (long long)finding->until);
        return;
    }
    if (told != TOLD_NOT) {
        buffer_append_text(text, "told, but not taken: ");
        render_time(text, finding->until, now, &zone_system);
        duration_format(longest, span);
        if (told == TOLD_PAST)
            buffer_append_text(text, " is over; ");
        else
            buffer_append_format(text, " is further away than %s of this kind can be (%s); ",
                                 *finding->what ? "the end of a limit" : "a reset", span);
    } else {
        buffer_append_text(text, "not told: ");
    }
    buffer_append_format(text, "rests %lld s\n", (long long)policy_cooldown(&policy, finding, now));
}

/* The words are the file's, and may be meant for a terminal. */
static void append_shown(struct buffer *text, const char *before, const char *words)
{
    buffer_append_text(text, before);
    screen_append_cut(text, words, SIZE_MAX);
}

static void append_verdict(struct buffer *text, const struct finding *finding,
                           const struct ending *ending, const struct evidence *evidence)
{
    buffer_append_format(text, "class: %s\n", failure_class_name(finding->class));
    if (finding->class == CLASS_NONE) {
        append_nothing(text, ending, evidence);
        return;
    }
    bool in_use = finding->scope == SCOPE_MODEL && !*finding->model;
    buffer_append_format(text, "scope: %s%s", failure_scope_name(finding->scope),
                         *finding->model ? " " : "");
    append_shown(text, "", in_use ? " (the one in use)" : finding->model);
    buffer_append_char(text, '\n');
    append_until(text, finding, evidence->time.now);
    buffer_append_format(text, "known from: %s\n", failure_source_name(finding->source));
    append_shown(text, "line: ", finding->line);
    buffer_append_char(text, '\n');
}

static void append_finding_json(cJSON *object, const struct finding *finding, int64_t now)
{
    static const char *const told[] = {[TOLD_NOT] = "no",
                                       [TOLD_TAKEN] = "taken",
                                       [TOLD_PAST] = "past",
                                       [TOLD_TOO_FAR] = "too_far"};
    const struct policy policy = policy_default();
    int64_t longest;
    json_set_string(object, "scope", failure_scope_name(finding->scope));
    if (*finding->model)
        json_set_string(object, "model", finding->model);
    if (*finding->what)
        json_set_string(object, "what", finding->what);
    if (finding->until > 0)
        json_set_integer(object, "until", finding->until);
    json_set_string(object, "told", told[policy_told(finding, now, &longest)]);
    json_set_integer(object, "rests", policy_cooldown(&policy, finding, now));
    json_set_string(object, "known_from", failure_source_name(finding->source));
    json_set_string(object, "line", finding->line);
}

static void append_verdict_json(struct buffer *text, const struct finding *finding,
                                const struct ending *ending, const struct evidence *evidence)
{
    CLEANUP_JSON cJSON *object = output_begin_json();
    json_set_string(object, "class", failure_class_name(finding->class));
    json_set_integer(object, "status", ending->code);
    if (finding->class == CLASS_NONE)
        append_nothing_json(object, ending, evidence);
    else
        append_finding_json(object, finding, evidence->time.now);
    if (object)
        output_append_json(text, object);
    else
        text->failed = true;
}

static int parse_exit(const char *text, struct ending *ret_ending)
{
    char *end;
    long code = text ? strtol(text, &end, 10) : 1;
    if (text && (end == text || *end || code < 0 || code > 255)) {
        log_say("--exit %s: expected a status from 0 to 255", text);
        return EXIT_OWN_FAILURE;
    }
    *ret_ending = (struct ending){.code = (int)code};
    return 0;
}

int command_classify(int argc, char **argv)
{
    const char *code = NULL, *errors = NULL;
    struct ending ending;
    struct buffer text = {0};
    bool json = false;
    const struct flag flags[] = {
        {"exit", 0, NULL, &code}, {"json", 0, &json, NULL}, {"stderr", 0, NULL, &errors}, {0}};
    int words = arguments_take(argc, argv, flags, NULL, "classify");
    if (words > 1)
        log_say(
            "classify takes one file; usage: tcr-run classify [--exit N] [--json] [--stderr FILE] "
            "[FILE]");
    if (words < 0 || words > 1 || parse_exit(code, &ending) != 0)
        return EXIT_OWN_FAILURE;
    struct evidence evidence = {.time = {time(NULL), &zone_system}};
    int status = words == 1 && strcmp(argv[1], "-") != 0
                     ? read_file(&evidence, STREAM_OUT, argv[1])
                     : read_stream(&evidence, STREAM_OUT, STDIN_FILENO, "standard input");
    if (status == 0 && errors)
        status = read_file(&evidence, STREAM_ERR, errors);
    if (status != 0)
        return status;
    struct finding finding = verdict_find(&ending, &evidence, NULL, NULL);
    if (json)
        append_verdict_json(&text, &finding, &ending, &evidence);
    else
        append_verdict(&text, &finding, &ending, &evidence);
    return output_print(&text);
}
