#include "system/keys/claude_files.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/variable.h"
#include "config.h"
#include "system/fileid.h"
#include "system/files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETTINGS_LARGEST (64 * 1024 * 1024)
#define ROW_LARGEST      (16 * 1024 * 1024)

static const char *home_of(char *const *environment)
{
    const char *home = variable_value(environment, "HOME");
    return home && home[0] == '/' ? home : files_home();
}

static char *join(const char *folder, const char *name)
{
    char *path;
    return folder && asprintf(&path, "%s/%s", folder, name) >= 0 ? path : NULL;
}

char *claude_config_folder(char *const *environment)
{
    const char *folder = variable_value(environment, "CLAUDE_CONFIG_DIR");
    if (folder && *folder)
        return strdup(folder);
    return join(home_of(environment), ".claude");
}

/* The project folder's name is not computed: how it is formed from long and non-ASCII paths is up
 * to the client, and the id is unique. */
char *claude_session_path(const char *config, const char *session_id)
{
    char *found = NULL;
    CLEANUP_FREE char *projects = join(config, "projects");
    DIR *folder = projects ? opendir(projects) : NULL;
    if (!folder)
        return NULL;
    for (const struct dirent *entry; !found && (entry = readdir(folder));) {
        struct stat status;
        char *path;
        if (entry->d_name[0] == '.')
            continue;
        if (asprintf(&path, "%s/%s/%s.jsonl", projects, entry->d_name, session_id) < 0)
            break;
        if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
            found = path;
        else
            free(path);
    }
    (void)closedir(folder);
    return found;
}

/* The current folder's name below projects/, in the common case of a short ASCII path. */
static char *project_folder(const char *config)
{
    CLEANUP_FREE char *here = realpath(".", NULL);
    char *path;
    for (char *p = here; p && *p; p++)
        if (!isalnum((unsigned char)*p))
            *p = '-';
    return here && asprintf(&path, "%s/projects/%s", config, here) >= 0 ? path : NULL;
}

bool claude_newest_session(const char *config, char *ret_id, size_t size)
{
    struct timespec newest = {0, -1};
    CLEANUP_FREE char *project = project_folder(config);
    DIR *folder = project ? opendir(project) : NULL;
    if (!folder)
        return false;
    for (const struct dirent *entry; (entry = readdir(folder));) {
        struct stat status;
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot, ".jsonl") != 0 || (size_t)(dot - entry->d_name) >= size ||
            fstatat(dirfd(folder), entry->d_name, &status, 0) < 0)
            continue;
        const struct timespec time = fileid_of(&status).modified;
        if (time.tv_sec < newest.tv_sec ||
            (time.tv_sec == newest.tv_sec && time.tv_nsec <= newest.tv_nsec))
            continue;
        newest = time;
        snprintf(ret_id, size, "%.*s", (int)(dot - entry->d_name), entry->d_name);
    }
    (void)closedir(folder);
    return newest.tv_nsec >= 0;
}

off_t claude_session_size(const char *path)
{
    struct stat status;
    return path && stat(path, &status) == 0 ? status.st_size : 0;
}

static int feed_rows(int fd, struct buffer *rows, struct transcript *transcript)
{
    char chunk[16384];
    ssize_t n;
    while ((n = read(fd, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        buffer_append(rows, chunk, (size_t)n);
        if (rows->failed || rows->length > ROW_LARGEST)
            return rows->failed ? -ENOMEM : -EFBIG;
        size_t used = 0;
        for (const char *end;
             used < rows->length && (end = memchr(rows->data + used, '\n', rows->length - used));
             used = (size_t)(end + 1 - rows->data))
            transcript_read_row(transcript, rows->data + used, (size_t)(end - rows->data) - used);
        if (used > 0)
            buffer_drop_front(rows, used);
    }
    return 0;
}

int claude_session_read(const char *path, off_t offset, struct transcript *transcript)
{
    struct buffer rows = {0};
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || lseek(fd, offset, SEEK_SET) < 0)
        return -errno;
    int r = feed_rows(fd, &rows, transcript);
    buffer_finish(&rows);
    return r;
}

static int add_source(struct claude_settings_files *files, const char *path,
                      struct settings_source of)
{
    struct buffer text = {0};
    if (!path || files->count == CLAUDE_SETTINGS_MOST)
        return 0;
    /* A file that cannot be read here cannot be read by the client either. */
    if (files_read_plain(path, SETTINGS_LARGEST, &text) < 0 || text.length == 0) {
        buffer_finish(&text);
        return 0;
    }
    struct settings_source *source = &files->sources[files->count];
    size_t length = text.length;
    *source = of;
    source->path = strdup(path);
    source->text = buffer_take(&text);
    source->length = length;
    files->count++;
    return source->path && source->text ? 0 : -ENOMEM;
}

static int add_managed(struct claude_settings_files *files)
{
    static const struct settings_source managed = {.managed = true};
    glob_t found;
    int r = add_source(files, TCR_MANAGED_FOLDER "/managed-settings.json", managed);
    if (glob(TCR_MANAGED_FOLDER "/managed-settings.d/*.json", 0, NULL, &found) != 0)
        return r;
    for (size_t i = 0; r == 0 && i < found.gl_pathc; i++)
        r = add_source(files, found.gl_pathv[i], managed);
    globfree(&found);
    return r;
}

int claude_settings_read(char *const *environment, const char *config,
                         struct claude_settings_files *ret_files)
{
    static const struct settings_source own = {0}, project = {.project = true};
    struct claude_settings_files files = {0};
    const char *own_folder = variable_value(environment, "CLAUDE_CONFIG_DIR");
    bool moved = own_folder && *own_folder;
    CLEANUP_FREE char *user = join(config, "settings.json");
    CLEANUP_FREE char *global = join(moved ? config : home_of(environment), ".claude.json");
    int r = add_source(&files, user, own);
    if (r == 0)
        r = add_source(&files, global, own);
    if (r == 0)
        r = add_source(&files, ".claude/settings.json", project);
    if (r == 0)
        r = add_source(&files, ".claude/settings.local.json", project);
    if (r == 0)
        r = add_managed(&files);
    if (r < 0)
        claude_settings_finish(&files);
    else
        *ret_files = files;
    return r;
}

void claude_settings_source_finish(struct settings_source *source)
{
    free((char *)source->path);
    free((char *)source->text);
    *source = (struct settings_source){0};
}

void claude_settings_finish(struct claude_settings_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        claude_settings_source_finish(&files->sources[i]);
    files->count = 0;
}

int claude_settings_own(const char *argument, struct settings_source *ret_source)
{
    struct buffer text = {0};
    const char *start = argument + strspn(argument, " \t\r\n");
    bool is_text = *start == '{';
    int r = 0;
    if (is_text)
        buffer_append_text(&text, argument);
    else
        r = files_read_plain(argument, SETTINGS_LARGEST, &text);
    size_t length = text.length;
    struct settings_source source = {.path = strdup(is_text ? "--settings" : argument),
                                     .text = buffer_take(&text),
                                     .length = length};
    if (r == 0 && (!source.path || !source.text))
        r = -ENOMEM;
    if (r < 0)
        claude_settings_source_finish(&source);
    else
        *ret_source = source;
    return r;
}
