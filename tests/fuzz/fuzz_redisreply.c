/* Whatever a server answers, a look, a change and the events end: in a state, or in an error with a
 * sentence. The input is what it sends, in pieces of the length that the second byte tells; the
 * first says what is asked. Behind it the connection is closed. */
#include "fuzz.h"

#include "system/log.h"
#include "system/process/process.h"
#include "system/store/store_redis.h"
#include "system/store/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT_DIGITS 6

static struct input server;
static size_t piece;

/* ---- in place of wire.c ---- */

int wire_open(struct wire *wire, const struct address *address, struct tls *tls)
{
    (void)address;
    *wire = (struct wire){.fd = open("/dev/null", O_RDONLY | O_CLOEXEC), .tls = tls};
    return wire->fd < 0 ? -errno : 0;
}

void wire_close(struct wire *wire)
{
    if (wire->fd >= 0)
        close(wire->fd);
    buffer_finish(&wire->out);
    buffer_finish(&wire->coded);
    *wire = (struct wire){.fd = -1};
}

int wire_step(struct wire *wire, struct buffer *in, struct buffer *error)
{
    size_t length = server.left < piece ? server.left : piece;
    (void)error;
    buffer_clear(&wire->out);
    if (length == 0)
        return -ECONNRESET;
    buffer_append(in, (const char *)server.bytes, length);
    server.bytes += length;
    server.left -= length;
    return 0;
}

short wire_events(const struct wire *wire)
{
    (void)wire;
    return POLLIN;
}

/* ---- what a run asks ---- */

static bool take_lease(struct state *state, int64_t now, void *context)
{
    struct lease lease = {.key = "0123456789abcdef", .owner = process_self(), .since = now};
    struct lease *more = realloc(state->leases, (state->lease_count + 1) * sizeof *more);
    (void)context;
    EXPECT(more != NULL);
    state->leases = more;
    state->leases[state->lease_count++] = lease;
    return true;
}

static void take_line(void *context, const char *line, size_t length)
{
    size_t *total = context;
    for (size_t i = 0; i < length; i++) /* the sanitizer sees a length that is none */
        *total += line[i] != '\0';
}

static void check_result(struct store_redis *store, int r, struct state *state)
{
    EXPECT(r <= 0);
    EXPECT(r == 0 || store_redis_error(store)[0] != '\0');
    EXPECT(llabs(store_redis_ahead(store)) < INT64_C(1000000000000));
    if (r < 0 || !state)
        return;
    char *text = state_print(state);
    EXPECT(text != NULL);
    free(text);
    state_finish(state);
}

static void ask(struct store_redis *store, unsigned what)
{
    struct state state;
    char cursor[STORE_REDIS_ID] = "0";
    size_t total = 0;
    if (what == 0)
        check_result(store, store_redis_read(store, &state), &state);
    else if (what == 1)
        check_result(store, store_redis_update(store, take_lease, NULL, &state), &state);
    else
        check_result(store, store_redis_events(store, cursor, take_line, &total), NULL);
}

/* hiredis asks for the memory of an array when it is told how long that will be. It gets none it
 * cannot have, but the sanitizer takes the question for a mistake. */
static bool asks_for_much(const struct input *input)
{
    size_t digits = 0;
    bool counts = false;
    for (size_t i = 0; i < input->left; i++) {
        uint8_t c = input->bytes[i];
        counts = c == '*' || (counts && ((c >= '0' && c <= '9') || c == '+'));
        digits = counts ? digits + 1 : 0;
        if (digits > COUNT_DIGITS)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct redisurl url;
    struct buffer error = {0};
    struct input input = {data, size};
    unsigned what = input_byte(&input) % 3;
    piece = input_byte(&input) + 1U;
    if (asks_for_much(&input))
        return 0;
    log_set_level(LOG_QUIET);
    EXPECT(redisurl_parse("redis+unix:///nowhere/sock", &url, &error) == 0);
    struct store_redis *store = store_redis_create(&url, NULL);
    EXPECT(store != NULL);
    server = input;
    while (server.left > 0) {
        size_t before = server.left;
        ask(store, what);
        EXPECT(server.left < before);
    }
    store_redis_destroy(store);
    buffer_finish(&error);
    return 0;
}
