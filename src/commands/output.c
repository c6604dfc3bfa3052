#include "commands/output.h"

#include "base/jsontext.h"
#include "commands/command.h"
#include "commands/host.h"
#include "system/files.h"
#include "system/log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int output_print(struct buffer *text)
{
    int r = text->failed
                ? -ENOMEM
                : files_write_out(STDOUT_FILENO, buffer_text(text), text->length, &command_host);
    buffer_finish(text);
    if (r == 0)
        return 0;
    log_say("cannot write the output: %s", strerror(-r));
    return EXIT_OWN_FAILURE;
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
