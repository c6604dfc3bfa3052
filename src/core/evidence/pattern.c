#include "core/evidence/pattern.h"

static bool ran_out_of_memory;

bool pattern_match(struct pattern *pattern, const char *source, const char *text, size_t count,
                   regmatch_t *groups)
{
    int r = 0;
    if (!pattern->ready)
        r = regcomp(&pattern->regex, source, REG_EXTENDED | REG_ICASE);
    pattern->ready |= r == 0;
    if (r == 0)
        r = regexec(&pattern->regex, text, count, groups, 0);
    ran_out_of_memory |= r == REG_ESPACE;
    return r == 0;
}

bool pattern_ran_out_of_memory(void)
{
    bool did = ran_out_of_memory;
    ran_out_of_memory = false;
    return did;
}
