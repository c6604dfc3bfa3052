#include "gateway/admission.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* As a browser or a client writes it: without the port if it is the default port of http. */
static void add_host(struct admission *admission, const char *host, unsigned port)
{
    size_t i = admission->guard.host_count++;
    snprintf(admission->texts[i], ADMISSION_HOST, "%s:%u", host, port);
    admission->hosts[i] = admission->texts[i];
    if (port != 80)
        return;
    i = admission->guard.host_count++;
    snprintf(admission->texts[i], ADMISSION_HOST, "%s", host);
    admission->hosts[i] = admission->texts[i];
}

static void name_port(struct admission *admission, const struct sockaddr_storage *address)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
    char host[INET6_ADDRSTRLEN + 2], number[INET6_ADDRSTRLEN] = "";
    bool is_four = address->ss_family == AF_INET;
    unsigned port = ntohs(is_four ? four->sin_port : six->sin6_port);
    (void)inet_ntop(address->ss_family,
                    is_four ? (const void *)&four->sin_addr : (const void *)&six->sin6_addr, number,
                    sizeof number);
    snprintf(host, sizeof host, is_four ? "%s" : "[%s]", number);
    snprintf(admission->name, sizeof admission->name, "http://%s:%u", host, port);
    add_host(admission, host, port);
    add_host(admission, "localhost", port);
}

static void name_path(struct admission *admission, const struct sockaddr_storage *address)
{
    static const char scheme[] = "unix:";
    const char *path = ((const struct sockaddr_un *)address)->sun_path;
    struct stat status;
    snprintf(admission->name, sizeof admission->name, "%s%s", scheme, path);
    if (*path != '/' || lstat(path, &status) < 0 || !S_ISSOCK(status.st_mode))
        return;
    admission->path = admission->name + strlen(scheme);
    admission->file = fileid_of(&status);
}

void admission_remove_file(struct admission *admission)
{
    struct stat status;
    if (admission->path && lstat(admission->path, &status) == 0 &&
        fileid_is_same(fileid_of(&status), admission->file))
        (void)unlink(admission->path);
    admission->path = NULL;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
    return address->ss_family == AF_INET ? ntohl(four->sin_addr.s_addr) >> 24 == 127
                                         : IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

/* Users have their own keys, which no web page knows: they may call this machine as they like. */
static void open_to_users(struct admission *admission)
{
    admission->guard.users_only = true;
    admission->guard.host_count = 0;
}

int admission_make(int fd, const char *stand_in, struct admission *ret_admission)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return -errno;
    *ret_admission = (struct admission){.guard.token = stand_in};
    ret_admission->guard.hosts = ret_admission->hosts;
    ret_admission->is_port = address.ss_family != AF_UNIX;
    if (ret_admission->is_port) {
        name_port(ret_admission, &address);
        if (!is_loopback(&address))
            open_to_users(ret_admission);
    } else {
        name_path(ret_admission, &address);
    }
    return ret_admission->is_port && !stand_in ? -EACCES : 0;
}

void admission_name_tls(struct admission *admission)
{
    char name[ADMISSION_NAME];
    snprintf(name, sizeof name, "https%.*s", (int)(sizeof name - 6),
             admission->name + strlen("http"));
    memcpy(admission->name, name, sizeof name);
}
