#include "base/head.h"
#include "core/gateway/forward.h"
#include "gateway/exchange.h"
#include "gateway/front_parts.h"
#include "gateway/gateway.h"
#include "system/net/peer.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#define CHUNK_BYTES 4096
/* For an answer of unknown length, which libmicrohttpd reads into the connection's own pool. This
 * additional room is for clients of HTTP/1.0 alone. */
#define SPARE_BYTES 256

void front_suspend(struct exchange *exchange)
{
    MHD_suspend_connection(exchange->connection);
    exchange->is_suspended = true;
}

void front_resume(struct exchange *exchange)
{
    if (!exchange->is_suspended || !exchange->connection)
        return;
    exchange->is_suspended = false;
    MHD_resume_connection(exchange->connection);
    exchange->visitor->front->resumed = true;
}

enum MHD_Result front_queue(struct exchange *exchange)
{
    struct MHD_Response *response = exchange->response;
    enum MHD_Result result =
        MHD_queue_response(exchange->connection, (unsigned)exchange->answer_status, response);
    exchange->response = NULL;
    MHD_destroy_response(response);
    if (result == MHD_YES)
        exchange_note_out(exchange, HEAD_OUT);
    return result;
}

static ssize_t read_answer(void *context, uint64_t position, char *bytes, size_t most)
{
    struct exchange *exchange = context;
    (void)position;
    size_t length = exchange_read(exchange, bytes, most);
    if (length > 0)
        return (ssize_t)length;
    switch (exchange_end(exchange)) {
    case ANSWER_WHOLE:
        return MHD_CONTENT_READER_END_OF_STREAM;
    case ANSWER_BROKEN:
        return MHD_CONTENT_READER_END_WITH_ERROR;
    case ANSWER_GOES_ON:
        break;
    }
    front_suspend(exchange);
    return 0;
}

static bool add_headers(struct MHD_Response *response, const char *head)
{
    struct header header;
    size_t length = 0;
    while (head_next(&head, &header)) {
        char name[256], value[8192];
        size_t needed = header.name_length + header.value_length + sizeof ": \r\n";
        if (header.name_length >= sizeof name || header.value_length >= sizeof value ||
            length + needed > FRONT_HEAD)
            continue; /* better to send the answer without it than not at all */
        length += needed;
        memcpy(name, header.name, header.name_length);
        name[header.name_length] = '\0';
        memcpy(value, header.value, header.value_length);
        value[header.value_length] = '\0';
        /* A line that libmicrohttpd refuses as a header is left out, and so is one that there is no
         * memory for. */
        (void)MHD_add_response_header(response, name, value);
    }
    return true;
}

bool front_is_of_another(const struct exchange *exchange)
{
    uid_t user;
    return peer_user(exchange->visitor->hangup.fd, &user) == 0 && user != 0 && user != geteuid();
}

void front_bound(struct exchange *exchange, int bytes)
{
    (void)setsockopt(exchange->visitor->hangup.fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

void front_cut(struct exchange *exchange)
{
    if (exchange->visitor)
        (void)shutdown(exchange->visitor->hangup.fd, SHUT_RDWR);
}

void front_drop_answer(struct exchange *exchange)
{
    if (exchange->response)
        MHD_destroy_response(exchange->response);
    exchange->response = NULL;
}

static bool set(struct exchange *exchange, int status, const char *head,
                struct MHD_Response *response)
{
    if (!response)
        return false;
    front_drop_answer(exchange);
    add_headers(response, head);
    exchange->response = response;
    exchange->answer_status = status;
    return true;
}

bool front_set_answer(struct exchange *exchange, int status, const char *head, int64_t length)
{
    bool known = length != FORWARD_LENGTH_UNKNOWN;
    return set(exchange, status, head,
               MHD_create_response_from_callback(known ? (uint64_t)length : MHD_SIZE_UNKNOWN,
                                                 known ? CHUNK_BYTES : SPARE_BYTES, read_answer,
                                                 exchange, NULL));
}

bool front_set_whole_answer(struct exchange *exchange, int status, const char *head,
                            const char *bytes, size_t length)
{
    return set(
        exchange, status, head,
        MHD_create_response_from_buffer(length, (void *)(uintptr_t)bytes, MHD_RESPMEM_MUST_COPY));
}
