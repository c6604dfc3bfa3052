#include "commands/output.h"

#include "commands/command.h"
#include "system/files.h"
#include "system/log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int output_print(struct buffer *text)
{
    int r =
        text->failed ? -ENOMEM : files_write_out(STDOUT_FILENO, buffer_text(text), text->length);
    buffer_finish(text);
    if (r == 0)
        return 0;
    log_say("cannot write the output: %s", strerror(-r));
    return EXIT_OWN_FAILURE;
}

void output_append_json(struct buffer *text, const cJSON *json)
{
    char *printed = json_print(json, true);
    if (printed)
        buffer_append_format(text, "%s\n", printed);
    else
        text->failed = true;
    json_free_text(printed);
}
