#include "system/process/clienthelp.h"

#include "base/cleanup.h"
#include "core/client/claude_help.h"
#include "system/descriptor.h"
#include "system/fileid.h"
#include "system/files.h"
#include "system/process/capture.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "claude-help"
#define LONGEST   65536
#define LIMIT_MS  10000

/* The kept file begins with a line that names the program file it describes. */
#define STAMP_LONGEST 128

static char *stamp_of(const char *program)
{
    char *stamp = NULL;
    CLEANUP_FREE char *file = files_find_program(program);
    struct fileid id = file ? fileid_at(file) : (struct fileid){0};
    if (fileid_is_none(id) || asprintf(&stamp, "claude-help %jx:%jx %jd %jd.%09ld\n",
                                       (uintmax_t)id.device, (uintmax_t)id.inode, (intmax_t)id.size,
                                       (intmax_t)id.modified.tv_sec, id.modified.tv_nsec) < 0)
        return NULL;
    return stamp;
}

/* The kept answer, if it is about this program. If it is empty, the program gave none. */
static bool read_kept(const char *stamp, struct buffer *text)
{
    CLEANUP_FREE char *path = files_xdg("XDG_STATE_HOME", ".local/state", FILE_NAME);
    return path && files_read_plain(path, STAMP_LONGEST + LONGEST, text) == 0 &&
           strncmp(buffer_text(text), stamp, strlen(stamp)) == 0;
}

char *clienthelp_load(const char *program)
{
    struct buffer text = {0};
    char *help = NULL;
    CLEANUP_FREE char *stamp = stamp_of(program);
    if (stamp && read_kept(stamp, &text) && claude_help_is_whole(buffer_text(&text)))
        help = strdup(buffer_text(&text) + strlen(stamp));
    buffer_finish(&text);
    return help;
}

static void keep(const char *stamp, const char *help, size_t length)
{
    struct buffer text = {0};
    CLEANUP_FREE char *path = files_xdg("XDG_STATE_HOME", ".local/state", FILE_NAME);
    char *slash = path ? strrchr(path, '/') : NULL;
    if (!slash)
        return;
    *slash = '\0';
    CLEANUP_CLOSE int folder = descriptor_folder(path);
    buffer_append_text(&text, stamp);
    buffer_append(&text, help, length);
    if (folder >= 0 && !text.failed)
        (void)files_replace(folder, FILE_NAME, buffer_text(&text), text.length);
    buffer_finish(&text);
}

void clienthelp_ask(const char *program, char *const *environment, const struct host *host)
{
    struct buffer kept = {0};
    CLEANUP_FREE char *stamp = stamp_of(program);
    bool known = !stamp || read_kept(stamp, &kept);
    buffer_finish(&kept);
    CLEANUP_FREE char *help = known ? NULL : malloc(LONGEST);
    CLEANUP_CLOSE int nothing = help ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
    if (nothing < 0)
        return;
    char *argv[] = {(char *)program, (char *)"--help", NULL};
    const struct capture_request request = {.argv = argv,
                                            .environment = environment,
                                            .limit_ms = LIMIT_MS,
                                            .errors = nothing,
                                            .host = host};
    size_t length = 0;
    int status = 0;
    if (capture_run(&request, help, LONGEST, &length, &status) == 0)
        keep(stamp, help, status == 0 ? length : 0);
}
