#include "base/cleanup.h"
#include "commands/arguments.h"
#include "commands/command.h"
#include "commands/output.h"
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

static void append_verdict(struct buffer *text, const struct finding *finding, int64_t now)
{
    struct policy policy = policy_default();
    buffer_append_format(text, "class: %s\n", failure_class_name(finding->class));
    if (finding->class == CLASS_NONE)
        return;
    buffer_append_format(text, "scope: %s%s%s\n", failure_scope_name(finding->scope),
                         *finding->model ? " " : "", finding->model);
    buffer_append_text(text, "until: ");
    if (finding->until > 0) {
        render_time(text, finding->until, now, &zone_system);
        buffer_append_format(text, " (%lld, told)\n", (long long)finding->until);
    } else {
        buffer_append_format(text, "not told: rests %lld s\n",
                             (long long)policy_cooldown(&policy, finding, now));
    }
    buffer_append_format(text, "known from: %s\nline: %s\n", failure_source_name(finding->source),
                         finding->line);
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
    const struct flag flags[] = {{"exit", 0, NULL, &code}, {"stderr", 0, NULL, &errors}, {0}};
    int words = arguments_take(argc, argv, flags, NULL, "classify");
    if (words > 1)
        log_say("classify takes one file; usage: tcr-run classify [--exit N] [--stderr FILE] "
                "[FILE]");
    if (words < 0 || words > 1 || parse_exit(code, &ending) != 0)
        return EXIT_OWN_FAILURE;
    int64_t now = time(NULL);
    struct evidence evidence = {.time = {now, &zone_system}};
    int status = words == 1 && strcmp(argv[1], "-") != 0
                     ? read_file(&evidence, STREAM_OUT, argv[1])
                     : read_stream(&evidence, STREAM_OUT, STDIN_FILENO, "standard input");
    if (status == 0 && errors)
        status = read_file(&evidence, STREAM_ERR, errors);
    if (status != 0)
        return status;
    struct finding finding = verdict_find(&ending, &evidence, NULL, NULL);
    append_verdict(&text, &finding, now);
    return output_print(&text);
}
