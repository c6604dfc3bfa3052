#include "system/store/redis.h"

#include "base/secret.h"
#include "system/clock.h"
#include "system/files.h"
#include "system/store/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSWORD_LARGEST 4096
#define REPLY_LARGEST    (128 * 1024 * 1024)
/* How long we may wait without seeing a signal that asks to end. */
#define LOOK_EVERY_MS 50

struct redis {
    const struct redisurl *url;
    const struct host *host;
    struct address addresses[RESOLVE_MOST];
    int address_count, address; /* how many, 0 if not resolved yet; the one in use */
    struct wire wire;
    redisReader *reader;
    struct buffer in;
    size_t unread;      /* bytes of a reply that is not whole yet */
    int greetings;      /* replies to the commands that open a connection, still missing */
    int owed;           /* replies to commands, still missing */
    bool wanted;        /* the last reply is kept */
    redisReply *answer; /* the reply that is kept */
    struct buffer error;
};

struct redis *redis_create(const struct redisurl *url, const struct host *host)
{
    struct redis *redis = calloc(1, sizeof *redis);
    if (redis)
        *redis = (struct redis){.url = url, .host = host, .wire.fd = -1};
    return redis;
}

void redis_drop(struct redis *redis)
{
    wire_close(&redis->wire);
    if (redis->reader)
        redisReaderFree(redis->reader);
    if (redis->answer)
        freeReplyObject(redis->answer);
    buffer_finish(&redis->in);
    redis->reader = NULL;
    redis->answer = NULL;
    redis->unread = 0;
    redis->greetings = redis->owed = 0;
    redis->wanted = false;
}

void redis_destroy(struct redis *redis)
{
    if (!redis)
        return;
    redis_drop(redis);
    buffer_finish(&redis->error);
    free(redis);
}

const char *redis_error(const struct redis *redis)
{
    return buffer_text(&redis->error);
}

/* Closes, and gives the reason if none was given yet. */
static int give_up(struct redis *redis, int error, const char *what)
{
    redis_drop(redis);
    if (redis->error.length == 0)
        buffer_append_format(&redis->error, "%s: %s", what, strerror(-error));
    return error;
}

static int append_command(struct buffer *out, const struct redis_command *command)
{
    char *text = NULL;
    long long length =
        redisFormatCommandArgv(&text, command->count, command->words, command->lengths);
    if (length < 0)
        return -ENOMEM;
    buffer_append(out, text, (size_t)length);
    secret_wipe(text, (size_t)length);
    redisFreeCommand(text);
    return out->failed ? -ENOMEM : 0;
}

/* The newline at the end of the file is not part of the password. Returns 0 with NULL if there is
 * none, or -EACCES with a sentence in the error. If *ret_own, free it with secret_free. */
static int find_password(struct redis *redis, const char **ret_password, char **ret_own)
{
    const char *path = getenv("TCR_REDIS_PASSWORD_FILE"), *plain = getenv("TCR_REDIS_PASSWORD");
    struct buffer why = {0};
    size_t length;
    *ret_own = NULL;
    *ret_password = plain && *plain ? plain : redis->url->password;
    if (!path || !*path)
        return 0;
    int r = files_read(path, FILE_SECRET, PASSWORD_LARGEST, &why, ret_own, &length);
    if (r < 0)
        buffer_append_format(&redis->error, "TCR_REDIS_PASSWORD_FILE %s: %s", path,
                             why.length ? buffer_text(&why) : strerror(-r));
    buffer_finish(&why);
    if (r < 0)
        return -EACCES;
    while (length > 0 && ((*ret_own)[length - 1] == '\n' || (*ret_own)[length - 1] == '\r'))
        (*ret_own)[--length] = '\0';
    *ret_password = *ret_own;
    return 0;
}

static int greet(struct redis *redis, const char *first, const char *second, const char *third)
{
    const char *words[] = {first, second, third};
    const struct redis_command command = {third ? 3 : second ? 2 : 1, words, NULL};
    redis->greetings++;
    return append_command(&redis->wire.out, &command);
}

static int append_greeting(struct redis *redis)
{
    char database[16], *own;
    const char *password;
    int r = find_password(redis, &password, &own);
    if (r == 0 && password && redis->url->user)
        r = greet(redis, "AUTH", redis->url->user, password);
    else if (r == 0 && password)
        r = greet(redis, "AUTH", password, NULL);
    else if (r == 0) /* a long command would be refused for its length first */
        r = greet(redis, "PING", NULL, NULL);
    secret_free(own);
    snprintf(database, sizeof database, "%d", redis->url->database);
    if (r == 0 && redis->url->database != 0)
        r = greet(redis, "SELECT", database, NULL);
    return r;
}

/* Begins to connect to the current address. */
static int begin(struct redis *redis)
{
    struct tls *tls = NULL;
    const char *ca_file = getenv("TCR_REDIS_CA_FILE");
    int r = 0;
    redis_drop(redis);
    buffer_clear(&redis->error);
    if (redis->url->tls)
        r = tls_create(redis->url->host, ca_file && *ca_file ? ca_file : NULL, &tls, &redis->error);
    if (r == 0)
        r = wire_open(&redis->wire, &redis->addresses[redis->address], tls);
    redis->reader = r == 0 ? redisReaderCreate() : NULL;
    if (r == 0)
        r = redis->reader ? append_greeting(redis) : -ENOMEM;
    return r < 0 ? give_up(redis, r, "cannot be reached") : 0;
}

static int resolve(struct redis *redis, int64_t deadline)
{
    const struct redisurl *url = redis->url;
    int r = 1;
    if (redis->address_count > 0)
        return 0;
    buffer_clear(&redis->error);
    if (url->socket)
        r = resolve_socket(url->socket, &redis->addresses[0]);
    else
        r = resolve_host(url->host, url->port, deadline, redis->addresses);
    if (r == -ENOENT)
        buffer_append_text(&redis->error, "the name of its host is not known");
    if (r < 0)
        return give_up(redis, r, "cannot be reached");
    redis->address_count = r > 0 ? r : 1;
    return 0;
}

/* An error in place of a greeting: "WRONGPASS …", "NOAUTH …", "ERR …". The server does not repeat
 * the password in it. */
static int take_greeting(struct redis *redis, const redisReply *reply)
{
    redis->greetings--;
    if (reply->type != REDIS_REPLY_ERROR)
        return 0;
    buffer_append_format(&redis->error, "refused us: %.*s", (int)strcspn(reply->str, "\r\n"),
                         reply->str);
    return -EACCES;
}

static int take_reply(struct redis *redis, redisReply *reply)
{
    int r = 0;
    redis->unread = 0;
    if (redis->greetings > 0)
        r = take_greeting(redis, reply);
    else
        redis->owed--;
    if (r == 0 && redis->owed == 0 && redis->wanted && redis->greetings == 0) {
        redis->answer = reply;
        redis->wanted = false;
    } else {
        freeReplyObject(reply);
    }
    return r;
}

static int read_replies(struct redis *redis)
{
    void *reply;
    int r = 0;
    if (redis->in.length == 0)
        return 0;
    redis->unread += redis->in.length;
    if (redis->unread > REPLY_LARGEST ||
        redisReaderFeed(redis->reader, redis->in.data, redis->in.length) != REDIS_OK)
        return -EPROTO;
    buffer_clear(&redis->in);
    while (r == 0) {
        if (redisReaderGetReply(redis->reader, &reply) != REDIS_OK)
            return -EPROTO;
        if (!reply)
            break;
        /* More replies than commands: whatever this is, it is not Redis. */
        if (redis->owed + redis->greetings == 0) {
            freeReplyObject(reply);
            return -EPROTO;
        }
        r = take_reply(redis, reply);
    }
    return r;
}

int redis_step(struct redis *redis)
{
    if (redis->wire.fd < 0)
        return -ENOTCONN;
    int r = wire_step(&redis->wire, &redis->in, &redis->error);
    int read =
        read_replies(redis); /* an error that came before the end says more than the end does */
    if (r == 0 || read < 0)
        r = read;
    if (r == -EPROTO && redis->error.length == 0)
        buffer_append_text(&redis->error, "what answers there is not Redis");
    if (r < 0)
        return give_up(redis, r, "the connection failed");
    return redis->owed;
}

static int wait_for_step(struct redis *redis, int64_t deadline)
{
    int64_t left = deadline - clock_now_ms();
    struct pollfd ready = {.fd = redis->wire.fd, .events = wire_events(&redis->wire)};
    if (host_interrupted(redis->host))
        return give_up(redis, -EINTR, "somebody asked to end");
    if (left <= 0) {
        if (redis->error.length == 0)
            buffer_append_text(&redis->error, "does not answer");
        return give_up(redis, -ETIMEDOUT, "");
    }
    (void)poll(&ready, 1, left < LOOK_EVERY_MS ? (int)left : LOOK_EVERY_MS);
    return 0;
}

static int post(struct redis *redis, const struct redis_command *command)
{
    int r = append_command(&redis->wire.out, command);
    redis->owed++;
    return r < 0 ? give_up(redis, r, "the connection failed") : 0;
}

static int finish_call(struct redis *redis, int64_t deadline)
{
    redis->wanted = true;
    for (;;) {
        int r = redis_step(redis);
        if (r < 0)
            return r;
        if (redis->answer)
            return 0;
        r = wait_for_step(redis, deadline);
        if (r < 0)
            return r;
    }
}

/* Each address gets its share of the time that is left. */
static int call_anew(struct redis *redis, const struct redis_command *command, int64_t deadline)
{
    int r = resolve(redis, deadline);
    for (int tried = 0; r == 0 && tried < redis->address_count; tried++) {
        int64_t now = clock_now_ms();
        int64_t share = (deadline - now) / (redis->address_count - tried);
        r = begin(redis);
        if (r == 0)
            r = post(redis, command);
        if (r == 0)
            r = finish_call(redis, now + share);
        if (r == 0 || r == -EACCES || r == -EINTR || r == -EPROTO)
            return r;
        redis->address = (redis->address + 1) % redis->address_count;
        r = tried + 1 < redis->address_count ? 0 : r;
    }
    return r;
}

int redis_call(struct redis *redis, const struct redis_command *command, int64_t deadline,
               redisReply **ret_reply)
{
    int r = redis->wire.fd < 0 ? call_anew(redis, command, deadline) : post(redis, command);
    if (r == 0 && !redis->answer)
        r = finish_call(redis, deadline);
    if (r < 0)
        return r;
    *ret_reply = redis->answer;
    redis->answer = NULL;
    return 0;
}

int redis_post(struct redis *redis, const struct redis_command *command)
{
    int r = 0;
    if (redis->wire.fd < 0)
        r = redis->address_count > 0 ? begin(redis) : -ENOTCONN;
    if (r == 0)
        r = post(redis, command);
    if (r == 0)
        r = redis_step(redis);
    return r < 0 ? r : 0;
}

void redis_settle(struct redis *redis, int64_t deadline)
{
    while (redis_step(redis) > 0 && wait_for_step(redis, deadline) == 0)
        ;
}
