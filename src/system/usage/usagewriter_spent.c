#include "system/usage/usagewriter_parts.h"

#include "base/saturate.h"
#include "system/clock.h"
#include "system/usage/today.h"
#include "system/waiting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Called with the lock. NULL if it is new and memory runs out. */
static struct usage_spent *find_spent(struct usagewriter *writer, bool of_user, const char *name,
                                      bool makes)
{
    for (size_t i = 0; i < writer->spent_count; i++)
        if (writer->spent[i].of_user == of_user && strcmp(writer->spent[i].name, name) == 0)
            return &writer->spent[i];
    struct usage_spent *more =
        makes ? realloc(writer->spent, (writer->spent_count + 1) * sizeof *more) : NULL;
    if (!more)
        return NULL;
    writer->spent = more;
    more[writer->spent_count] = (struct usage_spent){.of_user = of_user};
    snprintf(more[writer->spent_count].name, sizeof more->name, "%s", name);
    return &more[writer->spent_count++];
}

void usagewriter_spend(struct usagewriter *writer, const struct usage_row *row)
{
    if (!writer->watches || row->time < writer->day * 1000)
        return;
    for (int of_user = 0; of_user < 2; of_user++) {
        struct usage_spent *spent =
            find_spent(writer, of_user, of_user ? row->user : row->key, true);
        if (spent) {
            spent->cost = saturate_add(spent->cost, row->told && row->priced ? row->cost : 0);
            spent->requests++;
        }
    }
}

static void put_spent(struct usagewriter *writer, struct usage_spent *spent, size_t count,
                      int64_t day)
{
    (void)pthread_mutex_lock(&writer->mutex);
    struct usage_spent *old = writer->spent;
    writer->spent = spent;
    writer->spent_count = count;
    writer->day = day;
    for (size_t i = 0; i < writer->waiting.count; i++)
        usagewriter_spend(writer, &writer->waiting.rows[i]);
    writer->is_known = true;
    (void)pthread_cond_broadcast(&writer->known);
    (void)pthread_mutex_unlock(&writer->mutex);
    free(old);
}

void usagewriter_look(struct usagewriter *writer)
{
    struct usage_spent *spent;
    size_t count;
    struct buffer error = {0};
    int64_t version = 0, day = today_begins(time(NULL));
    int r = usagefile_version(writer->file, &version, &error);
    if (r == 0 && (version != writer->version || day != writer->day || writer->has_written)) {
        r = usagefile_spent(writer->file, day, &spent, &count, &error);
        if (r == 0)
            put_spent(writer, spent, count, day);
        writer->version = version;
        writer->has_written = false;
    }
    if (r < 0)
        usagewriter_say(writer, buffer_text(&error));
    buffer_finish(&error);
}

void usagewriter_watch(struct usagewriter *writer, int64_t most_ms)
{
    struct timespec at = clock_in_ms(most_ms);
    int r = 0;
    (void)pthread_mutex_lock(&writer->mutex);
    if (!writer->watches)
        (void)pthread_cond_signal(&writer->changed);
    writer->watches = true;
    while (!writer->is_known && r == 0 && most_ms > 0)
        r = waiting_until(&writer->known, &writer->mutex, &at);
    (void)pthread_mutex_unlock(&writer->mutex);
}

struct usage_spent usagewriter_spent(struct usagewriter *writer, bool of_user, const char *name)
{
    struct usage_spent none = {0};
    (void)pthread_mutex_lock(&writer->mutex);
    const struct usage_spent *spent = find_spent(writer, of_user, name, false);
    if (spent)
        none = *spent;
    (void)pthread_mutex_unlock(&writer->mutex);
    return none;
}
