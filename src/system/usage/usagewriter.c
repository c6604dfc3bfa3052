#include "system/usage/usagewriter_parts.h"

#include "system/clock.h"
#include "system/descriptor.h"
#include "system/waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROWS_MOST      8192 /* rows that wait, 6 MiB */
#define GATHER_MS      200  /* so that many rows are written at once */
#define LOCKED_MS      1000 /* how long SQLite waits for another process */
#define AGAIN_MS       2000 /* after a failure */
#define LOOK_MS        1000 /* between two looks at what others spent */
#define TIDY_SECONDS   3600
#define QUESTIONS_MOST 64

static void wake_loop(const struct usagewriter *writer)
{
    const char one = 1;
    (void)!write(writer->tell_fd, &one, sizeof one);
}

static bool rows_add(struct rows *rows, const struct usage_row *row)
{
    if (rows->count == ROWS_MOST)
        return false;
    if (rows->count == rows->room) {
        size_t room = rows->room > 0 ? rows->room * 2 : 16;
        struct usage_row *more = realloc(rows->rows, room * sizeof *more);
        if (!more)
            return false;
        rows->rows = more;
        rows->room = room;
    }
    rows->rows[rows->count++] = *row;
    return true;
}

/* ---- the thread ---- */

/* Once: what is wrong now is wrong for every batch. */
void usagewriter_say(struct usagewriter *writer, const char *sentence)
{
    (void)pthread_mutex_lock(&writer->mutex);
    if (!writer->has_said) {
        buffer_append_format(&writer->word, "the usage is not recorded: %s; requests go on",
                             sentence);
        wake_loop(writer);
    }
    writer->has_said = true;
    (void)pthread_mutex_unlock(&writer->mutex);
}

/* The file can be written again. */
static void say_left_out(struct usagewriter *writer)
{
    (void)pthread_mutex_lock(&writer->mutex);
    if (writer->left_out > 0) {
        buffer_append_format(&writer->word,
                             "the usage is recorded again; of %zu requests there is no record",
                             writer->left_out);
        writer->left_out = 0;
        wake_loop(writer);
    }
    (void)pthread_mutex_unlock(&writer->mutex);
}

static int open_file(struct usagewriter *writer, struct buffer *error)
{
    if (writer->file && usagefile_is_there(writer->file))
        return 0;
    usagefile_close(writer->file);
    writer->file = NULL;
    writer->has_kept = false;
    const struct sqlite *sqlite = sqlite_load(error);
    return !sqlite ? -EIO
                   : usagefile_open(sqlite, writer->path, true, LOCKED_MS, error, &writer->file);
}

static int keep_and_tidy(struct usagewriter *writer, struct buffer *error)
{
    int r = 0;
    int64_t now = time(NULL);
    if (!writer->has_kept && writer->plan.keep >= 0)
        r = usagefile_set_keep(writer->file, writer->plan.keep, error);
    if (r == 0)
        writer->has_kept = true;
    if (r < 0 || (writer->tidied != 0 && now - writer->tidied < TIDY_SECONDS))
        return r;
    writer->tidied = now;
    return usagefile_tidy(writer->file, now, error);
}

/* Rows that could not be written stay. A file that cannot be used is opened again next time. */
static int write_taken(struct usagewriter *writer, struct buffer *error)
{
    int r = open_file(writer, error);
    if (r == 0 && writer->taken.count > 0)
        r = usagefile_add(writer->file, writer->taken.rows, writer->taken.count, error);
    if (r == 0) {
        writer->has_written |= writer->taken.count > 0;
        writer->taken.count = 0;
        say_left_out(writer);
        r = keep_and_tidy(writer, error);
    }
    if (r < 0) {
        usagewriter_say(writer, buffer_text(error));
        usagefile_close(writer->file);
        writer->file = NULL;
    }
    return r;
}

static void answer(struct usagewriter *writer, struct question *question, int r,
                   const struct buffer *error)
{
    if (r == 0)
        r = usagefile_report(writer->file, &question->asked, &question->word, &question->report);
    else
        buffer_append_text(&question->word, buffer_text(error));
    question->error = r;
    (void)pthread_mutex_lock(&writer->mutex);
    question->next = writer->answered;
    writer->answered = question;
    wake_loop(writer);
    (void)pthread_mutex_unlock(&writer->mutex);
}

/* Called with the lock: appends what waits to what could not be written before. */
static struct question *take_work(struct usagewriter *writer)
{
    struct rows *taken = &writer->taken, *waiting = &writer->waiting;
    struct question *asked = writer->asked;
    writer->asked = NULL;
    writer->asked_count = 0;
    if (taken->count == 0) {
        struct rows empty = *taken;
        *taken = *waiting;
        *waiting = empty;
        return asked;
    }
    for (size_t i = 0; i < waiting->count; i++)
        writer->left_out += !rows_add(taken, &waiting->rows[i]);
    waiting->count = 0;
    return asked;
}

static bool has_work(const struct usagewriter *writer)
{
    return writer->closing || writer->asked || writer->waiting.count > 0;
}

/* Called with the lock. Waits until there is something to do, then a little longer, so that it is
 * worth it. */
static void wait_for_work(struct usagewriter *writer, bool failed)
{
    struct timespec again = clock_in_ms(AGAIN_MS);
    int r = 0;
    while (failed && r == 0 && !writer->closing && !writer->asked)
        r = waiting_until(&writer->changed, &writer->mutex, &again);
    struct timespec look = clock_in_ms(LOOK_MS);
    while (!failed && !has_work(writer) && writer->has_looked && r == 0)
        r = waiting_until(&writer->changed, &writer->mutex, &look);
    while (!failed && !has_work(writer) && !writer->watches)
        (void)pthread_cond_wait(&writer->changed, &writer->mutex);
    struct timespec gathered = clock_in_ms(GATHER_MS);
    for (r = 0;
         !failed && r == 0 && writer->waiting.count > 0 && !writer->closing && !writer->asked;)
        r = waiting_until(&writer->changed, &writer->mutex, &gathered);
}

static void *run(void *context)
{
    struct usagewriter *writer = context;
    bool failed = false, closing = false;
    while (!closing) {
        (void)pthread_mutex_lock(&writer->mutex);
        wait_for_work(writer, failed);
        closing = writer->closing;
        bool watches = writer->watches;
        struct question *asked = take_work(writer);
        (void)pthread_mutex_unlock(&writer->mutex);
        struct buffer error = {0};
        int r = writer->taken.count > 0 || asked || watches ? write_taken(writer, &error) : 0;
        failed = r < 0;
        writer->has_looked = watches;
        if (r == 0 && watches)
            usagewriter_look(writer);
        for (struct question *next; asked; asked = next) {
            next = asked->next;
            answer(writer, asked, r, &error);
        }
        buffer_finish(&error);
    }
    usagefile_close(writer->file);
    free(writer->taken.rows);
    (void)pthread_mutex_lock(&writer->mutex);
    writer->has_ended = true;
    (void)pthread_cond_signal(&writer->ended);
    (void)pthread_mutex_unlock(&writer->mutex);
    return NULL;
}

/* ---- the loop's side ---- */

static int begin_thread(struct usagewriter *writer)
{
    sigset_t all, before;
    (void)pthread_mutex_init(&writer->mutex, NULL);
    waiting_init(&writer->changed);
    waiting_init(&writer->ended);
    waiting_init(&writer->known);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = -pthread_create(&writer->thread, NULL, run, writer);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

static void destroy(struct usagewriter *writer)
{
    if (writer->fd >= 0)
        (void)close(writer->fd);
    if (writer->tell_fd >= 0)
        (void)close(writer->tell_fd);
    free(writer->waiting.rows);
    free(writer->spent);
    free(writer->path);
    buffer_finish(&writer->word);
    for (struct question *next, *one = writer->answered; one; one = next) {
        next = one->next;
        usage_report_finish(&one->report);
        buffer_finish(&one->word);
        free(one);
    }
    free(writer);
}

int usagewriter_open(const struct usagewriter_plan *plan, struct usagewriter **ret_writer)
{
    struct usagewriter *writer = calloc(1, sizeof *writer);
    if (!writer)
        return -ENOMEM;
    writer->plan = *plan;
    writer->path = strdup(plan->path);
    int ends[2] = {-1, -1};
    int r = !writer->path ? -ENOMEM : descriptor_pipe(ends, O_NONBLOCK) < 0 ? -errno : 0;
    writer->fd = ends[0];
    writer->tell_fd = ends[1];
    if (r == 0)
        r = begin_thread(writer);
    if (r < 0)
        destroy(writer);
    else
        *ret_writer = writer;
    return r;
}

void usagewriter_close(struct usagewriter *writer, int64_t most_ms)
{
    if (!writer)
        return;
    struct timespec at = clock_in_ms(most_ms);
    int r = 0;
    (void)pthread_mutex_lock(&writer->mutex);
    writer->closing = true;
    (void)pthread_cond_signal(&writer->changed);
    while (!writer->has_ended && r == 0)
        r = waiting_until(&writer->ended, &writer->mutex, &at);
    bool ended = writer->has_ended;
    (void)pthread_mutex_unlock(&writer->mutex);
    if (!ended) {
        (void)pthread_detach(writer->thread);
        return;
    }
    (void)pthread_join(writer->thread, NULL);
    destroy(writer);
}

void usagewriter_add(struct usagewriter *writer, const struct usage_row *row)
{
    (void)pthread_mutex_lock(&writer->mutex);
    bool was_idle = writer->waiting.count == 0;
    if (!rows_add(&writer->waiting, row))
        writer->left_out++;
    else if (was_idle)
        (void)pthread_cond_signal(&writer->changed);
    usagewriter_spend(writer, row);
    (void)pthread_mutex_unlock(&writer->mutex);
}

int usagewriter_fd(const struct usagewriter *writer)
{
    return writer->fd;
}

void usagewriter_take_word(struct usagewriter *writer, struct buffer *ret_word)
{
    char told[64];
    while (read(writer->fd, told, sizeof told) == (ssize_t)sizeof told)
        ;
    (void)pthread_mutex_lock(&writer->mutex);
    *ret_word = writer->word;
    writer->word = (struct buffer){0};
    (void)pthread_mutex_unlock(&writer->mutex);
}

int usagewriter_ask(struct usagewriter *writer, uint64_t number, const struct usage_question *asked)
{
    struct question *question = calloc(1, sizeof *question);
    if (!question)
        return -ENOMEM;
    question->number = number;
    question->asked = *asked;
    (void)pthread_mutex_lock(&writer->mutex);
    bool fits = writer->asked_count < QUESTIONS_MOST;
    if (fits) {
        question->next = writer->asked;
        writer->asked = question;
        writer->asked_count++;
        (void)pthread_cond_signal(&writer->changed);
    }
    (void)pthread_mutex_unlock(&writer->mutex);
    if (!fits)
        free(question);
    return fits ? 0 : -EBUSY;
}

int usagewriter_answer(struct usagewriter *writer, uint64_t *ret_number,
                       struct usage_report *ret_report, int *ret_error, struct buffer *ret_word)
{
    (void)pthread_mutex_lock(&writer->mutex);
    struct question *question = writer->answered;
    if (question)
        writer->answered = question->next;
    (void)pthread_mutex_unlock(&writer->mutex);
    if (!question)
        return 0;
    *ret_number = question->number;
    *ret_report = question->report;
    *ret_error = question->error;
    *ret_word = question->word;
    free(question);
    return 1;
}
