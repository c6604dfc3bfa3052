/* Regular expressions that are compiled when they are first needed: most runs never meet a line
 * that asks for one. */
#pragma once

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

/* Zeroed at first; kept for as long as the process lives. */
struct pattern {
    bool ready;
    regex_t regex;
};

/* Matches extended, without regard to case. `groups` takes `count` of them (0: none are asked for).
 * False too if there was no memory. */
bool pattern_match(struct pattern *pattern, const char *source, const char *text, size_t count,
                   regmatch_t *groups);

/* True if a match since this was last asked had too little memory to be decided. */
bool pattern_ran_out_of_memory(void);
