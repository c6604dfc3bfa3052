/*
 * contend: what a choice of a key costs while others choose too, with the store and the keys that
 * the environment names, as a run makes it.
 *
 *   contend CONTENDERS SECONDS
 *
 * Each contender is a process that chooses again and again. One line of JSON: choices per second;
 * microseconds from asking to having chosen (median, 99th percentile, longest) and of processor
 * time for one; the fewest and the most choices of one contender.
 */
#include "base/json.h"
#include "commands/run/session.h"
#include "system/log.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_SAMPLES = 1 << 21, MOST_CONTENDERS = 1000 };

struct shared {
    long next; /* sample to be filled */
    long choices[MOST_CONTENDERS];
    double busy[MOST_CONTENDERS]; /* microseconds of processor time */
    float samples[MOST_SAMPLES];  /* microseconds */
};

static double look_at(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static double now(void)
{
    return look_at(CLOCK_MONOTONIC);
}

static void forget_tries(struct session *session)
{
    struct rotation *rotation = &session->pool.rotation;
    for (size_t i = 0; i <= rotation->count; i++)
        rotation->candidates[i].tried = false;
}

static void contend(struct shared *shared, int number, double begin, double end)
{
    static char program[] = "true";
    static char *command[] = {program, NULL};
    struct options options = {.command = command};
    struct session session;
    if (session_open(&session, &options) != 0)
        _exit(1);
    while (now() < begin)
        usleep(1000);
    double busy = look_at(CLOCK_PROCESS_CPUTIME_ID);
    while (now() < end) {
        struct turn turn = {.session = &session, .choose = true};
        double asked = now();
        session_turn(&turn);
        double took = now() - asked;
        if (turn.failed || !turn.chosen)
            _exit(1);
        long place = __atomic_fetch_add(&shared->next, 1, __ATOMIC_RELAXED);
        if (place < MOST_SAMPLES)
            shared->samples[place] = (float)took;
        shared->choices[number]++;
        forget_tries(&session);
    }
    shared->busy[number] = look_at(CLOCK_PROCESS_CPUTIME_ID) - busy;
    session_close(&session);
    _exit(0);
}

static int compare(const void *left, const void *right)
{
    float a = *(const float *)left, b = *(const float *)right;
    return (a > b) - (a < b);
}

static int print(struct shared *shared, int contenders, double seconds)
{
    long count = shared->next < MOST_SAMPLES ? shared->next : MOST_SAMPLES;
    long fewest = shared->choices[0], most = shared->choices[0];
    double busy = 0;
    if (count == 0)
        return 1;
    for (int i = 0; i < contenders; i++) {
        busy += shared->busy[i];
        fewest = shared->choices[i] < fewest ? shared->choices[i] : fewest;
        most = shared->choices[i] > most ? shared->choices[i] : most;
    }
    qsort(shared->samples, (size_t)count, sizeof(float), compare);
    printf("{\"per_second\": %.1f, \"p50\": %.0f, \"p99\": %.0f, \"longest\": %.0f, \"busy\": "
           "%.1f, \"fewest\": %ld, \"most\": %ld}\n",
           (double)shared->next / seconds, (double)shared->samples[count / 2],
           (double)shared->samples[count * 99 / 100], (double)shared->samples[count - 1],
           busy / (double)shared->next, fewest, most);
    return 0;
}

int main(int argc, char **argv)
{
    int contenders = argc == 3 ? atoi(argv[1]) : 0, status = 0, failed = 0;
    double seconds = argc == 3 ? atof(argv[2]) : 0;
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (contenders < 1 || contenders > MOST_CONTENDERS || seconds <= 0 || shared == MAP_FAILED) {
        fprintf(stderr, "usage: contend CONTENDERS SECONDS\n");
        return 2;
    }
    json_init();
    if (sodium_init() < 0)
        return 2;
    double begin = now() + 200000 + 5000 * contenders;
    for (int i = 0; i < contenders; i++)
        if (fork() == 0)
            contend(shared, i, begin, begin + seconds * 1e6);
    while (wait(&status) > 0)
        failed |= status;
    return failed ? 1 : print(shared, contenders, seconds);
}
