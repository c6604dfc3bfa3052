#include "play.h"

#include "support.h"

#include <string.h>

static void keep_bytes(void *context, const char *bytes, size_t length)
{
    buffer_append(context, bytes, length);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Each read in memory of its own size, so that the sanitizer sees a byte read too many. */
static void feed_copy(struct gate *gate, const char *bytes, size_t length)
{
    char *copy = test_malloc(length);
    memcpy(copy, bytes, length);
    gate_feed(gate, copy, length, 0);
    test_free(copy);
}

static void feed_stream(struct gate *gate, const struct scene *scene, enum stream_id stream)
{
    const char *bytes = scene->bytes[stream] ? scene->bytes[stream] : "";
    size_t left = scene->length[stream] ? scene->length[stream] : strlen(bytes);
    size_t usual = scene->read_size ? scene->read_size : left;
    size_t size = scene->first_read ? scene->first_read : usual;
    for (; left > 0; size = usual) {
        size_t length = smaller(size, left);
        feed_copy(gate, bytes, length);
        bytes += length;
        left -= length;
    }
}

void play_scene(const struct scene *scene, struct play *ret_play)
{
    struct gate gates[STREAM_COUNT];
    *ret_play = (struct play){0};
    ret_play->evidence.time =
        (struct reading_time){instant(scene->now ? scene->now : PLAY_NOW), &utc_zones};
    ret_play->evidence.last_word = scene->last_word;
    ret_play->evidence.taught = scene->taught;
    for (int i = 0; i < STREAM_COUNT; i++) {
        struct buffer *passed = &ret_play->passed[i];
        gate_init(&gates[i], &ret_play->evidence, (enum stream_id)i, keep_bytes, passed);
        feed_stream(&gates[i], scene, (enum stream_id)i);
        gate_end(&gates[i]);
        ret_play->early[i] = passed->length;
    }
    ret_play->finding =
        verdict_find(&scene->ending, &ret_play->evidence, scene->transcript, scene->taught);
    for (int i = 0; i < STREAM_COUNT; i++) {
        gate_release(&gates[i], false);
        gate_finish(&gates[i]);
    }
}

void play_finish(struct play *play)
{
    for (int i = 0; i < STREAM_COUNT; i++)
        buffer_finish(&play->passed[i]);
}

void play_expect_bytes(const char *name, const struct play *play, const struct scene *scene)
{
    for (int i = 0; i < STREAM_COUNT; i++) {
        size_t length =
            scene->length[i] || !scene->bytes[i] ? scene->length[i] : strlen(scene->bytes[i]);
        if (play->passed[i].length != length ||
            memcmp(buffer_text(&play->passed[i]), scene->bytes[i] ? scene->bytes[i] : "", length) !=
                0)
            fail_msg("%s: stream %d is not passed on as it was", name, i);
    }
}
