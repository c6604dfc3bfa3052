/* What usagewriter.c and usagewriter_spent.c share. */
#pragma once

#include "system/usage/usagewriter.h"

#include <pthread.h>
#include <time.h>

struct question {
    uint64_t number;
    struct usage_question asked;
    /* Once it is answered: */
    struct usage_report report;
    int error;
    struct buffer word;
    struct question *next;
};

struct rows {
    struct usage_row *rows;
    size_t count, room;
};

struct usagewriter {
    struct usagewriter_plan plan;
    pthread_t thread;
    pthread_mutex_t mutex; /* for all that follows, up to the next comment */
    pthread_cond_t changed, ended, known;
    struct rows waiting;
    size_t left_out;
    struct question *asked, *answered;
    size_t asked_count;
    struct buffer word;
    struct usage_spent *spent; /* since `day`, with the rows that are not written yet */
    size_t spent_count;
    int64_t day;
    bool watches, is_known;
    bool closing, has_ended;
    int fd, tell_fd; /* a pipe */
    /* The thread's own: */
    struct usagefile *file;
    struct rows taken;
    bool has_said, has_kept, has_written, has_looked;
    int64_t tidied, version;
    char *path;
};

/* Tells the loop what is wrong; only the first time. Not with the lock. */
void usagewriter_say(struct usagewriter *writer, const char *sentence);

/* With the lock: adds a row to what was spent today. */
void usagewriter_spend(struct usagewriter *writer, const struct usage_row *row);

/* With all rows of before written: finds out what was spent, if that may have changed. */
void usagewriter_look(struct usagewriter *writer);
