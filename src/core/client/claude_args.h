/* Claude Code's command line, read as the client reads it: what kind of call this is, which session
 * it speaks of, where the prompt stands (claude-code.md, "Sessions"). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Strings are borrowed from the arguments. Indices are into the whole argument vector. */
struct claude_args {
    size_t start;    /* the first word after the program's own name */
    size_t count;    /* of the whole vector */
    size_t prompt;   /* index of the prompt; 0: none (then it comes from stdin, or is typed) */
    bool subcommand; /* "claude mcp …", or it may be one: no option is added */
    bool may_be_subcommand; /* by its looks; nothing may be put before the first word */
    bool print;             /* -p */
    bool bare;              /* --bare: reads no OAuth token */
    bool no_persistence;    /* --no-session-persistence */
    bool fork_session;
    bool continues;         /* --continue */
    bool resumes;           /* --resume, with or without an id */
    bool streams_input;     /* --input-format stream-json */
    bool background;        /* --bg: a service answers, which outlives the run */
    const char *session_id; /* --session-id */
    const char *resume_id;  /* --resume ID; NULL without an id */
    const char *model;
    const char *settings; /* the last --settings: the client looks at no other */
    const char *unknown;  /* an option or first word that no table knows; NULL: there is none */
    const char *help;     /* as it was given to claude_args_parse */
};

/* Finds where Claude Code's own words begin: after argv[0], or after the word that names it for a
 * runner such as npx. */
size_t claude_args_start(char *const *argv);

/* `help` is what this client's --help prints, NULL where that is not known. */
void claude_args_parse(char *const *argv, const char *help, struct claude_args *ret_args);

/* What a rewritten call asks for; NULL and false leave things as the user wrote them. */
struct claude_rewrite {
    const char *session_id; /* add --session-id */
    const char *resume_id;  /* replace every session option by --resume ID */
    const char *prompt;     /* goes before the user's own, which the client then does not look at */
    const char *settings;   /* replace every --settings by this one */
    const char *model;      /* replace every --model by this one */
};

/* A NULL-terminated vector whose strings are borrowed from argv and the rewrite, or lie in the same
 * block: the caller frees only the vector. NULL if out of memory. */
char **claude_args_rewrite(char *const *argv, const struct claude_args *args,
                           const struct claude_rewrite *rewrite);
