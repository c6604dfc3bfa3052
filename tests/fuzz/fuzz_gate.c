/* One stream through evidence and gate, whole and in pieces: the same verdict, the same bytes out.
 * Five bytes say how, the rest is the output. */
#include "fuzz.h"

#include "core/client/options.h"
#include "core/evidence/gate.h"
#include "core/evidence/verdict.h"

#include <stdlib.h>
#include <string.h>

enum { FAILS = 1, ON_STDERR = 2, HAS_MARKERS = 4, HOURS_PASS = 8 };

/* One byte that stands for many, so that the bounds of 64 KiB are near. */
#define LONG_BYTE  '\x7f'
#define LONG_TIMES 16000
#define LONG_MOST  12
/* Up to here every offset is tried, not only the one that the input names. */
#define OFFSETS_MOST 40

struct scene {
    const char *bytes;
    size_t length;
    size_t first, then; /* bytes of the first read and of the later ones; 0: all */
    int64_t pause_ms;   /* between reads */
    struct ending ending;
    enum stream_id stream;
    const struct taught *taught;
};

struct play {
    struct evidence evidence;
    struct finding finding;
    struct buffer passed;
    size_t early; /* bytes that did not wait for the verdict */
    bool opened;
};

static void keep_bytes(void *context, const char *bytes, size_t length)
{
    buffer_append(context, bytes, length);
}

static void wait_a_while(struct gate *gate, int64_t *now, int64_t pause)
{
    *now += pause;
    int64_t deadline = gate_deadline(gate);
    if (deadline >= 0 && deadline <= *now)
        gate_tick(gate, *now);
    EXPECT(gate_deadline(gate) < 0 || gate_deadline(gate) > *now);
}

static void feed(struct gate *gate, const struct scene *scene)
{
    int64_t now = 1000;
    size_t done = 0, size = scene->first ? scene->first : scene->length;
    while (done < scene->length) {
        size_t left = scene->length - done, length = size < left ? size : left;
        char *copy = fuzz_copy(scene->bytes + done, length);
        gate_feed(gate, copy, length, now);
        free(copy);
        done += length;
        size = scene->then ? scene->then : scene->length;
        if (scene->pause_ms)
            wait_a_while(gate, &now, scene->pause_ms);
    }
    gate_end(gate);
}

static void play(const struct scene *scene, struct play *ret_play)
{
    struct gate gate;
    static struct trigger trigger;
    *ret_play = (struct play){.evidence.trigger = &trigger};
    ret_play->evidence.time = (struct reading_time){FUZZ_NOW, &fuzz_zones};
    ret_play->evidence.taught = scene->taught;
    gate_init(&gate, &ret_play->evidence, scene->stream, keep_bytes, &ret_play->passed);
    feed(&gate, scene);
    ret_play->early = ret_play->passed.length;
    ret_play->opened = gate.opened;
    EXPECT(ret_play->early + gate.held.length == scene->length);
    ret_play->finding = verdict_find(&scene->ending, &ret_play->evidence, NULL, scene->taught);
    gate_release(&gate, false);
    gate_finish(&gate);
    EXPECT(ret_play->passed.length == scene->length);
    EXPECT(memcmp(buffer_text(&ret_play->passed), scene->bytes, scene->length) == 0);
}

static void compare_findings(const struct finding *a, const struct finding *b)
{
    EXPECT(a->class == b->class && a->scope == b->scope && a->source == b->source);
    EXPECT(a->until == b->until);
    EXPECT(strcmp(a->model, b->model) == 0 && strcmp(a->what, b->what) == 0);
    EXPECT(strcmp(a->line, b->line) == 0);
}

static void compare(const struct play *a, const struct play *b)
{
    compare_findings(&a->finding, &b->finding);
    EXPECT(a->evidence.result_seen == b->evidence.result_seen);
    EXPECT(a->evidence.work_begun == b->evidence.work_begun);
    EXPECT(a->evidence.window_rejected == b->evidence.window_rejected);
    EXPECT(strcmp(a->evidence.session_id, b->evidence.session_id) == 0);
    EXPECT(strcmp(a->evidence.key_source, b->evidence.key_source) == 0);
    EXPECT(strcmp(a->evidence.model, b->evidence.model) == 0);
}

static void check_split(const struct scene *whole, const struct play *expected, size_t first,
                        size_t then, int64_t pause_ms)
{
    struct play split;
    struct scene scene = *whole;
    scene.first = first, scene.then = then, scene.pause_ms = pause_ms;
    play(&scene, &split);
    compare(expected, &split);
    /* Splits and time let bytes out sooner, never later: what stands behind a tag is not known for
     * a mark before its line has ended. What went out so does not count as held, and so may keep
     * the rest from being too much to hold. */
    bool held_less = expected->opened && !split.opened;
    EXPECT(held_less || split.early >= expected->early);
    buffer_finish(&split.passed);
}

static void expand(struct input *input, struct buffer *ret_text)
{
    char many[LONG_TIMES];
    int times = 0;
    memset(many, 'x', sizeof many);
    while (input->left > 0) {
        char c = (char)input_byte(input);
        if (c == LONG_BYTE && times++ < LONG_MOST)
            buffer_append(ret_text, many, sizeof many);
        else
            buffer_append_char(ret_text, c);
    }
}

static const struct taught *markers(void)
{
    static const char *const words[] = {"tcr-run",
                                        "-mlimit=^quota: 0",
                                        "-mnone=^You've hit your session",
                                        "-mauth=denied",
                                        "--exit-class=1=server",
                                        "--",
                                        "x",
                                        NULL};
    static struct options options;
    struct buffer error = {0};
    if (options.taught.marker_count == 0)
        EXPECT(options_parse((int)COUNT(words) - 1, (char **)words, &options, &error) == 0);
    return &options.taught;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct buffer text = {0};
    struct play expected;
    uint8_t flags = input_byte(&input);
    size_t first = input_number(&input, 2) + 1, then = input_number(&input, 2);
    expand(&input, &text);
    struct scene scene = {.bytes = buffer_text(&text),
                          .length = text.length,
                          .ending = {false, flags & FAILS},
                          .stream = flags & ON_STDERR ? STREAM_ERR : STREAM_OUT,
                          .taught = flags & HAS_MARKERS ? markers() : NULL};
    play(&scene, &expected);
    /* Reads of a few bytes of a long text would take seconds. */
    size_t least = text.length / 64;
    check_split(&scene, &expected, first, then < least ? least : then, 0);
    check_split(&scene, &expected, first, then < least ? least : then,
                flags & HOURS_PASS ? 3600000 : 60);
    for (size_t i = 1; i < text.length && text.length <= OFFSETS_MOST; i++)
        check_split(&scene, &expected, i, 0, 0);
    buffer_finish(&expected.passed);
    buffer_finish(&text);
    return 0;
}
