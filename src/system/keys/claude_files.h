/* What Claude Code leaves on disk: session transcripts and settings files. Read only. */
#pragma once

#include "core/client/claude_settings.h"
#include "core/evidence/transcript.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The folder of the client's configuration as this environment names it; freed by the caller; NULL
 * if there is none. */
char *claude_config_folder(char *const *environment);

/* The transcript of a session: CONFIG/projects/…/ID.jsonl. Freed by the caller; NULL if there is
 * none (yet), with errno ENOMEM if that is not known for lack of memory. */
char *claude_session_path(const char *config, const char *session_id);

/* The id of the session that --continue would take in the current folder: the newest there. False
 * if there is none. `size` is that of ret_id. */
bool claude_newest_session(const char *config, char *ret_id, size_t size);

/* 0 if there is none. */
off_t claude_session_size(const char *path);

/* Feeds the rows from `offset` on. Returns 0 or a negative errno. */
int claude_session_read(const char *path, off_t offset, struct transcript *transcript);

/* The settings files that count for a call in the current folder: the user's, ~/.claude.json, the
 * project's two, an administrator's. */
#define CLAUDE_SETTINGS_MOST 24
struct claude_settings_files {
    struct settings_source sources[CLAUDE_SETTINGS_MOST];
    size_t count;
};
int claude_settings_read(char *const *environment, const char *config,
                         struct claude_settings_files *ret_files);
void claude_settings_finish(struct claude_settings_files *files);

/* The user's own --settings, JSON text or a path, as a source. Returns 0 or a negative errno. */
int claude_settings_own(const char *argument, struct settings_source *ret_source);
void claude_settings_source_finish(struct settings_source *source);
