#include "commands/gatewaycertificate.h"

#include "base/cleanup.h"
#include "system/files.h"
#include "system/net/certificatefile.h"
#include "system/process/pidfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void gatewaycertificate_judge(const char *profile, struct buffer *text)
{
    char name[128];
    struct pidfile file;
    snprintf(name, sizeof name, profile ? "gateway-%.64s.pid" : "gateway.pid", profile);
    CLEANUP_FREE char *path = files_xdg("XDG_STATE_HOME", ".local/state", name);
    if (!path || pidfile_read(path, &file) < 0)
        return;
    if (file.certificate.length > 0)
        certificatefile_judge(buffer_text(&file.certificate), time(NULL), text);
    pidfile_finish(&file);
}
