#include "base/cleanup.h"
#include "base/shellword.h"
#include "base/variable.h"
#include "commands/doctor/doctor.h"
#include "commands/leftbehind.h"
#include "core/client/environment.h"
#include "core/pool/destination.h"
#include "system/keys/keysource.h"
#include "system/net/authorityfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

static const char *value_of(const char *name)
{
    const char *value = variable_value(environ, name);
    return value && *value ? value : NULL;
}

static size_t check_routing(struct doctor *doctor)
{
    size_t found = 0;
    const char *name;
    for (size_t i = 0; (name = environment_cloud(i)); i++) {
        if (!value_of(name))
            continue;
        found++;
        doctor_say(doctor, "environment", HEALTH_WARN,
                   "%s is set: a cloud's login replaces the keys; tcr-run removes it for the "
                   "command; fix: unset it, or do without tcr-run there",
                   name);
    }
    return found;
}

/* "https://host" without the rest of an address, which may hold a password or a path. */
static void cut_address(const char *url, char *ret_text, size_t size, const char **ret_host)
{
    const char *host = strstr(url, "://");
    int scheme = host ? (int)(host + 3 - url) : 0;
    host = url + scheme;
    size_t length = strcspn(host, "/?#");
    for (const char *at; (at = memchr(host, '@', length)); host = at + 1)
        length -= (size_t)(at + 1 - host);
    snprintf(ret_text, size, "%.*s%.*s", scheme, url, (int)length, host);
    *ret_host = ret_text + scheme;
}

static bool is_host(const char *host, const char *name)
{
    size_t length = strlen(name);
    return strncasecmp(host, name, length) == 0 && (host[length] == '\0' || host[length] == ':');
}

static bool is_this_machine(const char *host)
{
    size_t digits = strspn(host, "0123456789.");
    bool is_loopback = strncmp(host, "127.", 4) == 0 && strchr(":", host[digits]);
    return is_loopback || is_host(host, "localhost") || is_host(host, "[::1]");
}

/* Finds the keys that an address in the environment is for, and reports the others. */
static size_t count_sent(struct doctor *doctor, const char *name)
{
    struct keyring_report report = {0};
    struct keyring keyring = {0};
    char *origin = NULL;
    size_t sent = 0;
    bool known =
        keysource_load(doctor->options->keys_file, environ, &keyring, &report, &origin) == 0;
    for (size_t i = 0; known && i < keyring.count + keyring.has_master; i++) {
        const struct key *key = i < keyring.count ? &keyring.keys[i] : &keyring.master;
        const struct destination to = destination_of(key, environ);
        if (!to.variable || strcmp(to.variable, name) != 0)
            continue;
        const char *bound = destination_bound(kind_provider(&key->kind), environ);
        sent += to.from == DESTINATION_ENVIRONMENT ||
                (key->base_url && bound && strcmp(key->place, bound) == 0);
        CLEANUP_FREE char *name_of_key = shellword_copy(key->name);
        if (to.set_for)
            doctor_say(doctor, "environment", HEALTH_WARN,
                       "\"%s\" goes to %s, not to %s, which was set for %s; fix: if it is to go "
                       "there, tcr-run keys set %s --base-url URL; else unset %s",
                       key->name, to.url, name, to.set_for, name_of_key ? name_of_key : "NAME",
                       name);
    }
    keyring_finish(&keyring);
    keyring_report_finish(&report);
    free(origin);
    return known ? sent : 1; /* without keys, count as if all were sent there */
}

static size_t check_address_in(struct doctor *doctor, const char *name, const char *own)
{
    char address[300];
    const char *url = value_of(name), *host;
    if (!url)
        return 0;
    cut_address(url, address, sizeof address, &host);
    if (strncasecmp(address, "https://", 8) == 0 && is_host(host, own))
        return 0;
    size_t before = doctor->count;
    if (count_sent(doctor, name) == 0)
        return doctor->count - before;
    if (strncasecmp(address, "http://", 7) == 0 && !is_this_machine(host))
        doctor_say(doctor, "environment", HEALTH_FAIL,
                   "%s sends the keys unencrypted to %s; fix: unset it, or use https", name,
                   address);
    else if (leftbehind_check(address, NULL))
        doctor_say(doctor, "environment", HEALTH_WARN,
                   "%s sends the keys to %s, where nothing listens; fix: tcr-run gateway start -d "
                   "if it is a gateway's, else unset it",
                   name, address);
    else
        doctor_say(doctor, "environment", HEALTH_WARN,
                   "%s sends the keys to %s; fix: unset it if you did not mean that", name,
                   address);
    return 1;
}

static size_t check_address(struct doctor *doctor)
{
    return check_address_in(doctor, "ANTHROPIC_BASE_URL", "api.anthropic.com") +
           check_address_in(doctor, "OPENAI_BASE_URL", "api.openai.com");
}

/* True if a command's ANTHROPIC_CUSTOM_HEADERS would differ from ours: a line was removed. */
static bool has_credential_header(struct doctor *doctor, const char *name)
{
    struct environment_plan plan = {0};
    struct environment built;
    if (environment_build(environ, &plan, &built) < 0) {
        doctor->out_of_memory = true;
        return false;
    }
    const char *kept = variable_value(built.entries, name);
    bool differs = !kept || strcmp(kept, variable_value(environ, name)) != 0;
    environment_finish(&built);
    return differs;
}

static size_t check_headers(struct doctor *doctor)
{
    static const char name[] = "ANTHROPIC_CUSTOM_HEADERS";
    if (!value_of(name) || !has_credential_header(doctor, name))
        return 0;
    doctor_say(doctor, "environment", HEALTH_WARN,
               "%s holds a credential that would be sent instead of the key; tcr-run takes that "
               "line out for the command; fix: take it out yourself",
               name);
    return 1;
}

static size_t check_certificates(struct doctor *doctor)
{
    static const char name[] = "NODE_TLS_REJECT_UNAUTHORIZED";
    const char *value = value_of(name);
    if (!value || strcmp(value, "0") != 0)
        return 0;
    doctor_say(doctor, "environment", HEALTH_FAIL,
               "%s=0: anybody on the way can read the keys; fix: unset it; for a certificate of "
               "your own there is NODE_EXTRA_CA_CERTS",
               name);
    return 1;
}

static void check_authorities(struct doctor *doctor)
{
    if (authorityfile_is_missing() && !value_of("SSL_CERT_FILE") && !value_of("SSL_CERT_DIR") &&
        !value_of("CURL_CA_BUNDLE"))
        doctor_say(doctor, "certificates", HEALTH_WARN,
                   "this system has none of the authorities that vouch for providers, so that "
                   "tcr-run itself can ask none of them, nor can a gateway; fix: install "
                   "ca-certificates, or name a file of them in SSL_CERT_FILE");
}

void doctor_check_environment(struct doctor *doctor)
{
    check_authorities(doctor);
    size_t found = check_routing(doctor) + check_address(doctor) + check_headers(doctor) +
                   check_certificates(doctor);
    if (found == 0)
        doctor_say(doctor, "environment", HEALTH_OK, "no variable sends the keys elsewhere");
}
