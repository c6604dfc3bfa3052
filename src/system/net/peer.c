#include "system/net/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define PLACE 64

/* As those tables write it: the address word by word as it is in memory, and the port. */
static void write_place(const struct sockaddr_storage *address, char ret_place[PLACE])
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
    unsigned words[4] = {four->sin_addr.s_addr};
    bool is_four = address->ss_family == AF_INET;
    if (is_four) {
        snprintf(ret_place, PLACE, "%08X:%04X", words[0], ntohs(four->sin_port));
        return;
    }
    memcpy(words, &six->sin6_addr, sizeof words);
    snprintf(ret_place, PLACE, "%08X%08X%08X%08X:%04X", words[0], words[1], words[2], words[3],
             ntohs(six->sin6_port));
}

static int find(const char *table, const char *local, const char *remote, uid_t *ret_user)
{
    FILE *file = fopen(table, "re");
    char line[512];
    int r = file ? -ENOENT : -errno;
    while (file && r < 0 && fgets(line, sizeof line, file)) {
        char own[PLACE], other[PLACE];
        unsigned user;
        if (sscanf(line, " %*d: %63s %63s %*s %*s %*s %*s %u", own, other, &user) != 3 ||
            strcmp(own, local) != 0 || strcmp(other, remote) != 0)
            continue;
        *ret_user = user;
        r = 0;
    }
    if (file)
        (void)fclose(file);
    return r;
}

int peer_user(int fd, uid_t *ret_user)
{
    struct sockaddr_storage ours = {0}, theirs = {0};
    socklen_t our_length = sizeof ours, their_length = sizeof theirs;
    char local[PLACE], remote[PLACE];
    if (getsockname(fd, (struct sockaddr *)&ours, &our_length) < 0 ||
        getpeername(fd, (struct sockaddr *)&theirs, &their_length) < 0)
        return -errno;
    if (theirs.ss_family != ours.ss_family ||
        (ours.ss_family != AF_INET && ours.ss_family != AF_INET6))
        return -ENOENT;
    write_place(&theirs, local);
    write_place(&ours, remote);
    return find(ours.ss_family == AF_INET ? "/proc/net/tcp" : "/proc/net/tcp6", local, remote,
                ret_user);
}
