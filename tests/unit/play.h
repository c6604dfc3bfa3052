/* One attempt as the program would judge it: both streams through a gate each, then the verdict. */
#pragma once

#include "core/evidence/gate.h"
#include "core/evidence/verdict.h"

#define PLAY_NOW "2026-11-20T21:20:00Z"

/* Zero is a default that fits: no output, exit status 0, each stream in one read. */
struct scene {
    const char *bytes[STREAM_COUNT];
    size_t length[STREAM_COUNT]; /* 0: up to the NUL */
    size_t read_size;            /* bytes per read; 0: all at once */
    size_t first_read;           /* of each stream, where that differs */
    struct ending ending;
    const char *now; /* NULL: PLAY_NOW */
    bool last_word;  /* as in struct evidence */
    const struct transcript *transcript;
    const struct taught *taught;
};

struct play {
    struct evidence evidence;
    struct finding finding;
    struct buffer passed[STREAM_COUNT]; /* all that came out in the end */
    size_t early[STREAM_COUNT];         /* bytes of it that did not wait for the verdict */
};

void play_scene(const struct scene *scene, struct play *ret_play);

/* Fails unless all that the scene printed came out in the end as it was. */
void play_expect_bytes(const char *name, const struct play *play, const struct scene *scene);
void play_finish(struct play *play);
