#include "core/evidence/errorname.h"

#include <stddef.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum failure_class errorname_class(const char *name)
{
    static const struct {
        const char *name;
        enum failure_class class;
    } names[] = {
        {"authentication_failed", CLASS_AUTH},
        {"authentication_error", CLASS_AUTH},
        {"oauth_org_not_allowed", CLASS_FORBIDDEN},
        {"permission_error", CLASS_FORBIDDEN},
        {"billing_error", CLASS_BILLING},
        {"insufficient_quota", CLASS_BILLING},
        {"rate_limit", CLASS_THROTTLED},
        {"rate_limit_error", CLASS_THROTTLED},
        {"overloaded", CLASS_SERVER},
        {"overloaded_error", CLASS_SERVER},
        {"server_error", CLASS_SERVER},
        {"api_error", CLASS_SERVER},
        {"timeout_error", CLASS_SERVER},
    };
    for (size_t i = 0; name && i < COUNT(names); i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].class;
    return CLASS_NONE;
}

struct errorname errorname_read(const char *api_error, int status)
{
    /* Parts of names, in order. What is the request's own stands first. */
    static const struct {
        const char *part;
        enum failure_class class;
        bool one_model, of_any_status;
    } parts[] = {
        {"model_requires_usage_credits", CLASS_LIMIT, true, true},
        {"long_context_credits", CLASS_LIMIT, true, true},
        {"usage_limit_reached", CLASS_LIMIT, false, true},
        {"org_disabled", CLASS_FORBIDDEN, false, true},
        {"invalid_credential", CLASS_AUTH, false, true},
        {"api_key_auth_disabled", CLASS_FORBIDDEN, false, true},
        {"connection_failed", CLASS_NETWORK, false, true},
        {"prompt", CLASS_NONE, false, false},
        {"context", CLASS_NONE, false, false},
        {"output", CLASS_NONE, false, false},
        {"model_not", CLASS_NONE, false, false},
        {"too_large", CLASS_NONE, false, false},
        {"connection", CLASS_NETWORK, false, true},
        {"network", CLASS_NETWORK, false, true},
        {"overload", CLASS_SERVER, false, true},
        {"disabled", CLASS_FORBIDDEN, false, false},
        {"not_allowed", CLASS_FORBIDDEN, false, false},
        {"credential", CLASS_AUTH, false, false},
        {"auth", CLASS_AUTH, false, false},
        {"balance", CLASS_BILLING, false, false},
        {"billing", CLASS_BILLING, false, false},
        {"usage", CLASS_LIMIT, false, false},
        {"credits", CLASS_LIMIT, false, false},
        {"spend", CLASS_LIMIT, false, false},
        {"budget", CLASS_LIMIT, false, false},
    };
    bool of_account = status == 400 || (status >= 401 && status <= 403) || status == 429;
    for (size_t i = 0; api_error && i < COUNT(parts); i++)
        if ((of_account || parts[i].of_any_status) && strstr(api_error, parts[i].part))
            return (struct errorname){parts[i].class, parts[i].one_model};
    return (struct errorname){0};
}
