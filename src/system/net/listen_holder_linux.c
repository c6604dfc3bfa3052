#include "system/net/listen.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STATE_LISTEN 0x0a

/* The socket's inode number out of the kernel's table; 0 if it is not in it. */
static unsigned long find_inode(const char *table, unsigned wanted)
{
    FILE *file = fopen(table, "re");
    char line[512];
    unsigned long found = 0;
    while (file && !found && fgets(line, sizeof line, file)) {
        unsigned port, state;
        unsigned long inode;
        if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*s %*s %lu", &port, &state,
                   &inode) == 3 &&
            port == wanted && state == STATE_LISTEN)
            found = inode;
    }
    if (file)
        (void)fclose(file);
    return found;
}

static bool has_socket(const char *pid, const char *wanted)
{
    char path[64], link[64];
    bool found = false;
    snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
    DIR *folder = opendir(path);
    if (!folder)
        return false;
    for (const struct dirent *entry; !found && (entry = readdir(folder));) {
        ssize_t length = readlinkat(dirfd(folder), entry->d_name, link, sizeof link - 1);
        if (length > 0) {
            link[length] = '\0';
            found = strcmp(link, wanted) == 0;
        }
    }
    (void)closedir(folder);
    return found;
}

static void append_process(const char *pid, struct buffer *text)
{
    char path[64], name[64] = "";
    snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
    FILE *file = fopen(path, "re");
    if (file) {
        if (!fgets(name, sizeof name, file))
            *name = '\0';
        (void)fclose(file);
    }
    name[strcspn(name, "\n")] = '\0';
    buffer_append_format(text, " by %s (pid %s)", *name ? name : "a process", pid);
}

void listen_append_holder(const struct listen_address *address, struct buffer *text)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)&address->address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address->address;
    bool is_four = address->address.ss_family == AF_INET;
    char wanted[64];
    if (address->address.ss_family == AF_UNIX)
        return;
    unsigned port = ntohs(is_four ? four->sin_port : six->sin6_port);
    unsigned long inode = find_inode(is_four ? "/proc/net/tcp" : "/proc/net/tcp6", port);
    if (!inode && is_four)
        inode = find_inode("/proc/net/tcp6", port); /* one for both */
    DIR *folder = inode ? opendir("/proc") : NULL;
    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    for (const struct dirent *entry; folder && (entry = readdir(folder));)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
            has_socket(entry->d_name, wanted)) {
            append_process(entry->d_name, text);
            break;
        }
    if (folder)
        (void)closedir(folder);
}
