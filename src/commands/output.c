#include "commands/output.h"

#include "base/jsontext.h"
#include "commands/command.h"
#include "commands/host.h"
#include "system/files.h"
#include "system/log.h"
#include "system/process/startup.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int output_print(struct buffer *text)
{
    int r = text->failed ? -ENOMEM : output_write(buffer_text(text), text->length);
    buffer_finish(text);
    return r == 0 ? 0 : output_fail(r);
}

int output_write(const char *bytes, size_t length)
{
    /* Another file has taken its number. */
    if (startup_was_closed(STDOUT_FILENO))
        return -EBADF;
    return files_write_out(STDOUT_FILENO, bytes, length, &command_host);
}

int output_fail(int r)
{
    log_say("cannot write the output: %s", strerror(-r));
    return EXIT_OWN_FAILURE;
}

void output_append_usage(struct buffer *text, const char *verb, const char *usage)
{
    buffer_append_format(text, "  %s%s", verb, *usage ? " " : "");
    for (const char *p = usage; *p; p++)
        buffer_append_format(text, *p == '\n' ? "%c      " : "%c", *p);
    buffer_append_char(text, '\n');
}

cJSON *output_begin_json(void)
{
    cJSON *root = cJSON_CreateObject();
    if (root)
        json_set_integer(root, "version", 1);
    return root;
}

void output_append_json(struct buffer *text, const cJSON *json)
{
    jsontext_tree(text, json, true);
    buffer_append_char(text, '\n');
}
