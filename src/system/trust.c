#include "system/trust.h"

#include "base/path.h"
#include "base/shellword.h"
#include "system/accesslist.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OTHERS 007
#define GROUP  070
#define WRITE  022

#define ENTRY_ROOM 4096 /* for a user or a group of the system */

/* True if the group is its owner's own: it has his name, is where he belongs, and nobody else is in
 * it. With an access list the bits of the group are those of everybody on it. Another thread may
 * ask for users, too; a group that does not fit into the room has members. */
static bool is_private_group(const struct stat *status, const char *path)
{
    char owner_room[ENTRY_ROOM], group_room[ENTRY_ROOM];
    struct passwd owner_entry, *owner = NULL;
    struct group group_entry, *group = NULL;
    if (getpwuid_r(status->st_uid, &owner_entry, owner_room, sizeof owner_room, &owner) != 0 ||
        !owner || owner->pw_gid != status->st_gid || accesslist_is_set(path) ||
        getgrgid_r(status->st_gid, &group_entry, group_room, sizeof group_room, &group) != 0 ||
        !group)
        return false;
    bool is_private = strcmp(group->gr_name, owner->pw_name) == 0;
    for (char **member = group->gr_mem; is_private && *member; member++)
        is_private = strcmp(*member, owner->pw_name) == 0;
    return is_private;
}

/* Whoever runs a container decides how its files look from inside, and there is no other user. */
static bool is_nobody_else_here(void)
{
    const char *text = getenv("TCR_SINGLE_USER");
    return text && strcmp(text, "1") == 0;
}

static void append_single_user(struct buffer *error)
{
    const char *text = getenv("TCR_SINGLE_USER");
    if (text && *text)
        buffer_append_text(error, "; TCR_SINGLE_USER: expected 1");
    else
        buffer_append_text(error, "; in a container: TCR_SINGLE_USER=1, see tcr-run(1)");
}

static void append_fix(struct buffer *error, const char *command, const char *path)
{
    buffer_append_format(error, "; fix: %s", command);
    shellword_append(error, path);
}

static int refuse_mode(const struct stat *status, const char *path, struct buffer *error)
{
    bool is_ours = status->st_uid == geteuid();
    buffer_append_format(error, "its mode %04o gives others access to your keys%s",
                         status->st_mode & 07777, is_ours ? "" : ", and it is root's");
    if (!is_ours)
        append_single_user(error);
    if (is_ours)
        append_fix(error, "chmod 600 ", path);
    else
        buffer_append_format(error,
                             "; fix: chmod 640 as root, or mount it so "
                             "(Kubernetes: \"defaultMode\": 416); a token can also be had with "
                             "\"token_command\": [\"cat\", \"%s\"]",
                             path);
    return -EPERM;
}

int trust_check_file(const struct stat *status, const char *path, struct buffer *error)
{
    const uid_t user = geteuid();
    if (is_nobody_else_here())
        return 0;
    bool by_root = status->st_uid == 0 && user != 0;
    if (status->st_uid != user && status->st_uid != 0) {
        buffer_append_format(error, "it belongs to user %u, not to you", status->st_uid);
        append_single_user(error);
        buffer_append_format(error, "; fix: chown %u ", user);
        shellword_append(error, path);
        return -EPERM;
    }
    bool group_is_fine = !(status->st_mode & GROUP) ||
                         (by_root && !(status->st_mode & GROUP & WRITE)) ||
                         is_private_group(status, path);
    if ((status->st_mode & OTHERS) || !group_is_fine)
        return refuse_mode(status, path, error);
    return 0;
}

/* Whoever owns "/" can replace anything. In a user namespace that is nobody (65534), the owner that
 * is shown for every user without a number there, root included. */
static bool is_owner_of_all(uid_t uid)
{
    struct stat status;
    return uid == 0 || (stat("/", &status) == 0 && uid == status.st_uid);
}

bool trust_others_can_write(const struct stat *status, const char *path)
{
    if (!(status->st_mode & WRITE) || (status->st_mode & S_ISVTX))
        return false;
    return (status->st_mode & WRITE & OTHERS) || !is_private_group(status, path);
}

/* `user` is our own uid. */
static int check_folder(const char *folder, uid_t user, struct buffer *error)
{
    struct stat status;
    if (is_nobody_else_here())
        return 0;
    if (stat(folder, &status) < 0)
        return -errno;
    if (trust_others_can_write(&status, folder)) {
        buffer_append_format(error, "others can write to the folder %s", folder);
        append_fix(error, "chmod go-w ", folder);
        return -EPERM;
    }
    if (status.st_uid == user || is_owner_of_all(status.st_uid))
        return 0;
    buffer_append_format(error, "the folder %s belongs to user %u", folder, status.st_uid);
    return -EPERM;
}

int trust_check_folders(const char *path, struct buffer *error)
{
    const uid_t user = geteuid();
    char *real = realpath(path, NULL);
    int r = real ? 0 : -errno;
    while (r == 0 && path_go_up(real))
        r = check_folder(real, user, error);
    free(real);
    return r;
}

int trust_check_place(const char *path, struct buffer *error)
{
    const uid_t user = geteuid();
    char *folder = strdup(path), *real = NULL;
    while (folder && !real && path_go_up(folder))
        real = realpath(folder, NULL);
    int r = !folder ? -ENOMEM : real ? check_folder(real, user, error) : -ENOENT;
    while (r == 0 && path_go_up(real))
        r = check_folder(real, user, error);
    free(folder);
    free(real);
    return r;
}
