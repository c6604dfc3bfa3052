#include "system/net/listen.h"

#include "system/descriptor.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

static int refuse(struct buffer *error, const char *text, const char *why)
{
    buffer_append_format(error, "\"%s\" %s", text, why);
    return -EINVAL;
}

static int parse_path(const char *text, struct listen_address *address, struct buffer *error)
{
    struct sockaddr_un *at = (struct sockaddr_un *)&address->address;
    const char *path = text + strlen("unix:");
    if (path[0] != '/')
        return refuse(error, text, "is not a full path; expected unix:/PATH");
    if (strlen(path) >= sizeof at->sun_path)
        return refuse(error, text, "is too long for a socket's path");
    at->sun_family = AF_UNIX;
    memcpy(at->sun_path, path, strlen(path) + 1);
    address->length = sizeof *at;
    snprintf(address->text, sizeof address->text, "%s", path);
    return 0;
}

static bool parse_port(const char *text, in_port_t *ret_port)
{
    char *end;
    errno = 0;
    long port = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end || port < 0 || port > 65535)
        return false;
    *ret_port = htons((uint16_t)port);
    return true;
}

static bool parse_6(const char *host, in_port_t port, struct listen_address *address)
{
    struct sockaddr_in6 *at = (struct sockaddr_in6 *)&address->address;
    if (inet_pton(AF_INET6, host, &at->sin6_addr) != 1)
        return false;
    at->sin6_family = AF_INET6;
    at->sin6_port = port;
    address->length = sizeof *at;
    return true;
}

static bool parse_4(const char *host, in_port_t port, struct listen_address *address)
{
    struct sockaddr_in *at = (struct sockaddr_in *)&address->address;
    const char *number = strcasecmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    if (inet_pton(AF_INET, number, &at->sin_addr) != 1)
        return false;
    at->sin_family = AF_INET;
    at->sin_port = port;
    address->length = sizeof *at;
    return true;
}

bool listen_is_reached(const struct listen_address *address)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)&address->address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address->address;
    if (address->address.ss_family == AF_UNIX)
        return false;
    return address->address.ss_family == AF_INET ? ntohl(four->sin_addr.s_addr) >> 24 != 127
                                                 : !IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

static void name_address(struct listen_address *address)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)&address->address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address->address;
    char host[INET6_ADDRSTRLEN];
    if (address->address.ss_family == AF_INET) {
        (void)inet_ntop(AF_INET, &four->sin_addr, host, sizeof host);
        snprintf(address->text, sizeof address->text, "%s:%u", host, ntohs(four->sin_port));
    } else {
        (void)inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof host);
        snprintf(address->text, sizeof address->text, "[%s]:%u", host, ntohs(six->sin6_port));
    }
}

int listen_parse(const char *text, struct listen_address *ret_address, struct buffer *error)
{
    static const char expected[] =
        "is not an address to listen on; expected a port, 127.0.0.1:PORT, [::1]:PORT or unix:/PATH";
    struct listen_address address = {0};
    char host[64] = "127.0.0.1";
    const char *colon = strrchr(text, ':'), *port_text = colon ? colon + 1 : text;
    in_port_t port;
    if (strncmp(text, "unix:", 5) == 0) {
        int r = parse_path(text, &address, error);
        if (r == 0)
            *ret_address = address;
        return r;
    }
    if (!parse_port(port_text, &port) || (colon && (size_t)(colon - text) >= sizeof host))
        return refuse(error, text, expected);
    if (colon)
        snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    size_t length = strlen(host);
    bool brackets = length > 2 && host[0] == '[' && host[length - 1] == ']';
    if (brackets) {
        memmove(host, host + 1, length - 2);
        host[length - 2] = '\0';
    }
    if (!(brackets ? parse_6(host, port, &address) : parse_4(host, port, &address)))
        return refuse(error, text, expected);
    name_address(&address);
    *ret_address = address;
    return 0;
}

static bool does_listen(int fd)
{
    int listens = 0, type = 0;
    socklen_t size = sizeof listens;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

int listen_describe(int fd, struct listen_address *ret_address, struct buffer *error)
{
    struct listen_address address = {.length = sizeof address.address};
    const struct sockaddr_un *path = (const struct sockaddr_un *)&address.address;
    if (!does_listen(fd) ||
        getsockname(fd, (struct sockaddr *)&address.address, &address.length) < 0) {
        buffer_append_format(error, "descriptor %d is not a socket that listens", fd);
        return -EINVAL;
    }
    int family = address.address.ss_family;
    if (family == AF_UNIX)
        snprintf(address.text, sizeof address.text, "%s", path->sun_path);
    else if (family == AF_INET || family == AF_INET6)
        name_address(&address);
    else
        return refuse(error, "a socket", "is neither of TCP nor a Unix socket");
    *ret_address = address;
    return 0;
}

/* A socket's file stays when its server is killed. */
static bool is_left_behind(const struct listen_address *address)
{
    const char *path = ((const struct sockaddr_un *)&address->address)->sun_path;
    struct stat status;
    if (lstat(path, &status) < 0 || !S_ISSOCK(status.st_mode))
        return false;
    int fd = descriptor_socket(AF_UNIX, SOCK_STREAM, 0, true);
    if (fd < 0)
        return false;
    bool refused = connect(fd, (const struct sockaddr *)&address->address, address->length) < 0 &&
                   errno == ECONNREFUSED;
    (void)close(fd);
    return refused && unlink(path) == 0;
}

static int bind_to(int fd, const struct listen_address *address)
{
    const struct sockaddr *at = (const struct sockaddr *)&address->address;
    if (address->address.ss_family != AF_UNIX)
        return bind(fd, at, address->length) < 0 ? -errno : 0;
    mode_t before = umask(0177);
    int r = bind(fd, at, address->length) < 0 ? -errno : 0;
    if (r == -EADDRINUSE && is_left_behind(address))
        r = bind(fd, at, address->length) < 0 ? -errno : 0;
    (void)umask(before);
    return r;
}

int listen_open(const struct listen_address *address)
{
    const int on = 1;
    int family = address->address.ss_family;
    int fd = descriptor_socket(family, SOCK_STREAM, 0, false);
    if (fd < 0)
        return -errno;
    if (family != AF_UNIX)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    int r = bind_to(fd, address);
    if (r == 0 && listen(fd, BACKLOG) < 0)
        r = -errno;
    if (r == 0)
        return fd;
    (void)close(fd);
    return r;
}
