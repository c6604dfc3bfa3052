#include "gateway/listening.h"

#include "gateway/front.h"
#include "gateway/gateway.h"
#include "gateway/guests.h"
#include "gateway/page.h"
#include "gateway/tlsfiles.h"
#include "system/log.h"

#include <errno.h>
#include <string.h>

/* tcr-run reports this better, and earlier, but the gateway does not rely on that. */
static int check_reach(const struct gateway *gateway, const struct arguments *arguments)
{
    bool is_safe = arguments->behind_proxy || (arguments->tls_cert && arguments->tls_key);
    if (!is_safe)
        log_say(
            "gateway: what other machines reach takes --tls-cert and --tls-key, or --behind-proxy");
    else if (guests_count(gateway) == 0)
        log_say("gateway: what other machines reach takes users; tcr-run gateway users add NAME");
    return is_safe && guests_count(gateway) > 0 ? 0 : -EACCES;
}

static int listen_on(struct gateway *gateway, const struct arguments *arguments, size_t i,
                     struct admission *admission)
{
    int fd = arguments->listeners[i];
    int r = admission_make(fd, arguments->stand_in, admission);
    if (r == 0 && admission->guard.users_only && (r = check_reach(gateway, arguments)) < 0)
        return r;
    if (r == -EACCES)
        log_say("gateway: a port is not served without a stand-in (--stand-in-fd)");
    /* The permissions of a lasting gateway's folder say who may open the socket. */
    if (r == 0 && !admission->is_port && !arguments->is_private)
        admission->guard.token = NULL;
    if (r == 0)
        page_note_address(gateway, admission->name,
                          admission->is_port && !admission->guard.users_only);
    bool tls = admission->guard.users_only && !arguments->behind_proxy;
    if (tls)
        admission_name_tls(admission);
    return r < 0 ? r : front_listen(gateway->front, fd, &admission->guard, tls);
}

static void say_listening(const struct admission *admissions, size_t count)
{
    const struct admission *port = NULL;
    for (size_t i = 0; i < count; i++) {
        log_say("the gateway listens on %s", admissions[i].name);
        if (!port && admissions[i].is_port && !admissions[i].guard.users_only)
            port = &admissions[i];
    }
    if (port)
        log_say("for its clients: ANTHROPIC_BASE_URL=%s "
                "ANTHROPIC_API_KEY=$(tcr-run gateway token)",
                port->name);
}

int listening_begin(struct gateway *gateway, const struct arguments *arguments,
                    struct admission *admissions)
{
    int r = 0;
    if (arguments->tls_cert && arguments->tls_key)
        r = tlsfiles_open(gateway, arguments);
    for (size_t i = 0; r == 0 && i < arguments->listener_count; i++)
        r = listen_on(gateway, arguments, i, &admissions[i]);
    if (r == 0 && !arguments->is_private)
        say_listening(admissions, arguments->listener_count);
    if (r < 0 && r != -EACCES && r != -ECANCELED)
        log_say("gateway: %s", strerror(-r));
    return r;
}
