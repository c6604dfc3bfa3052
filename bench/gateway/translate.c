/* translate: what it takes the processor to translate a request of 5 MB, and an event of a stream,
 * as one line of JSON: milliseconds and microseconds, each the median of several rounds. It is a
 * program of its own because beside a whole gateway the translation would not be seen. */
#include "core/translate/translate.h"
#include "core/translate/reply.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REQUEST_BYTES ((size_t)5000000)
#define ROUNDS        9
#define EVENTS        2000

static const char *const names[] = {
    [FORMAT_MESSAGES] = "messages", [FORMAT_CHAT] = "chat", [FORMAT_RESPONSES] = "responses"};

static double processor_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof *values, compare);
    return values[ROUNDS / 2];
}

/* A session of a coding agent: prose, a tool's call, and what it printed, with line ends, quotes
 * and letters beyond ASCII. */
static void add_turn(struct buffer *body, enum format format, int number)
{
    static const char output[] = "  42\\tstatic int read_line(const char *line, size_t *length) /* "
                                 "\\\"quoted\\\" */\\n  43\\t{\\n"
                                 "  44\\t    return strcspn(line, \\\"\\\\n\\\"); // "
                                 "gr\xc3\xbc\xc3\x9f\\u0065 \xe2\x80\xa6\\n";
    static const char *const calls[] = {
        [FORMAT_MESSAGES] = "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":"
                            "\"Now the next file.\"},"
                            "{\"type\":\"tool_use\",\"id\":\"toolu_%d\",\"name\":\"Read\","
                            "\"input\":{\"file\":\"a.c\"}}]},"
                            "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_"
                            "id\":\"toolu_%d\","
                            "\"content\":\"",
        [FORMAT_CHAT] =
            "{\"role\":\"assistant\",\"content\":\"Now the next file.\",\"tool_calls\":[{\"id\":"
            "\"call_%d\",\"type\":\"function\",\"function\":{\"name\":\"Read\",\"arguments\":"
            "\"{\\\"file\\\":\\\"a.c\\\"}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"call_%d\","
            "\"content\":\"",
        [FORMAT_RESPONSES] =
            "{\"type\":\"function_call\",\"call_id\":\"call_%d\",\"name\":\"Read\",\"arguments\":"
            "\"{\\\"file\\\":\\\"a.c\\\"}\"},{\"type\":\"function_call_output\",\"call_id\":"
            "\"call_%d\",\"output\":\"",
    };
    buffer_append_format(body, calls[format], number, number);
    for (int i = 0; i < 20; i++)
        buffer_append_text(body, output);
    buffer_append_text(body, format == FORMAT_MESSAGES ? "\"}]}," : "\"},");
}

static void make_request(enum format format, struct buffer *ret_body)
{
    const char *list = format == FORMAT_RESPONSES ? "input" : "messages";
    buffer_append_format(ret_body,
                         "{\"model\":\"m\",\"stream\":true,\"max_tokens\":1000,\"%s\":["
                         "{\"role\":\"user\",\"content\":\"Go on\"},",
                         list);
    for (int i = 0; ret_body->length < REQUEST_BYTES; i++)
        add_turn(ret_body, format, i);
    buffer_append_text(ret_body, "{\"role\":\"user\",\"content\":\"Go on\"}]}");
}

static double time_request(enum format client, enum format provider)
{
    struct buffer body = {0};
    double took[ROUNDS];
    make_request(client, &body);
    for (int i = 0; i < ROUNDS; i++) {
        struct translation translation = {.client = client, .provider = provider};
        struct buffer out = {0};
        double begun = processor_ms();
        if (!translate_request(&translation, body.data, body.length, &out))
            errx(1, "%s to %s: %s", names[client], names[provider], translation.fault.text);
        took[i] = processor_ms() - begun;
        if (out.length < REQUEST_BYTES / 2)
            errx(1, "%s to %s: %zu bytes came of it", names[client], names[provider], out.length);
        buffer_finish(&out);
        translation_finish(&translation);
    }
    buffer_finish(&body);
    return median(took);
}

/* Of a stream that gives text; `ret_head` stands before it. */
static const char *event_of(enum format format, const char **ret_head)
{
    static const char *const heads[] = {
        [FORMAT_MESSAGES] =
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","
            "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":"
            "{\"input_tokens\":1,\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {"
            "\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\","
            "\"text\":\"\"}}\n\n",
        [FORMAT_CHAT] = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,"
                        "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":"
                        "\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n",
        [FORMAT_RESPONSES] =
            "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":"
            "\"r\",\"object\":\"response\",\"status\":\"in_progress\",\"model\":\"m\",\"output\":[]"
            "}}\n\nevent: response.output_item.added\ndata: {\"type\":"
            "\"response.output_item.added\",\"output_index\":0,\"item\":{\"id\":\"i\",\"type\":"
            "\"message\",\"role\":\"assistant\",\"content\":[]}}\n\nevent: "
            "response.content_part.added\ndata: {\"type\":\"response.content_part.added\","
            "\"item_id\":\"i\",\"output_index\":0,\"content_index\":0,\"part\":{\"type\":"
            "\"output_text\",\"text\":\"\"}}\n\n",
    };
    static const char *const events[] = {
        [FORMAT_MESSAGES] =
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
            "\"delta\":{\"type\":\"text_delta\",\"text\":\" and a few words more\\n\"}}\n\n",
        [FORMAT_CHAT] = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,"
                        "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
                        "\" and a few words more\\n\"},\"finish_reason\":null}]}\n\n",
        [FORMAT_RESPONSES] =
            "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\","
            "\"item_id\":\"i\",\"output_index\":0,\"content_index\":0,\"delta\":"
            "\" and a few words more\\n\"}\n\n",
    };
    *ret_head = heads[format];
    return events[format];
}

/* Each event as it comes, in a call of its own. */
static double time_event(enum format client, enum format provider)
{
    double took[ROUNDS];
    const char *head, *event = event_of(provider, &head);
    for (int i = 0; i < ROUNDS; i++) {
        struct translation translation = {.client = client, .provider = provider, .stream = true};
        struct reply *reply = reply_create(&translation, "0001", 1, true);
        struct buffer out = {0};
        size_t length = 0;
        if (!reply)
            err(1, "reply_create");
        reply_feed(reply, head, strlen(head), &out);
        double begun = processor_ms();
        for (int k = 0; k < EVENTS; k++) {
            buffer_clear(&out);
            reply_feed(reply, event, strlen(event), &out);
            length += out.length;
        }
        took[i] = (processor_ms() - begun) * 1000 / EVENTS;
        if (length < (size_t)EVENTS * 20)
            errx(1, "%s to %s: %zu bytes came of it", names[provider], names[client], length);
        buffer_finish(&out);
        reply_destroy(reply);
        translation_finish(&translation);
    }
    return median(took);
}

int main(void)
{
    static const struct {
        enum format client, provider;
    } pairs[] = {{FORMAT_MESSAGES, FORMAT_CHAT},
                 {FORMAT_MESSAGES, FORMAT_RESPONSES},
                 {FORMAT_CHAT, FORMAT_MESSAGES},
                 {FORMAT_RESPONSES, FORMAT_MESSAGES}};
    printf("{");
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        printf("%s\"%s to %s\": {\"request\": %.2f, \"event\": %.3f}", i ? ", " : "",
               names[pairs[i].client], names[pairs[i].provider],
               time_request(pairs[i].client, pairs[i].provider),
               time_event(pairs[i].client, pairs[i].provider));
    puts("}");
    return 0;
}
