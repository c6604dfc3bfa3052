#include "core/client/claude_args_parts.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_dropped(const struct claude_option *option, const struct claude_rewrite *rewrite)
{
    enum meaning meaning = option->meaning;
    if (meaning == MEANS_SETTINGS)
        return rewrite->settings != NULL;
    if (meaning == MEANS_MODEL)
        return rewrite->model != NULL;
    return rewrite->resume_id && (meaning == MEANS_SESSION_ID || meaning == MEANS_RESUME ||
                                  meaning == MEANS_CONTINUE || meaning == MEANS_FORK);
}

/* The vector being written, and after its last pointer room for words that are made here. */
struct rewriter {
    const struct claude_rewrite *rewrite;
    char **vector;
    size_t count;
    char *text;
    const char *help;
    bool open; /* the last option written would take a word that came next */
};

static void put(struct rewriter *writer, const char *word)
{
    writer->vector[writer->count++] = (char *)word;
}

/* What is removed may have kept the next word from an option before it: then ours takes its place.
 */
static void put_fence(struct rewriter *writer, const struct claude_option *option)
{
    const struct claude_rewrite *rewrite = writer->rewrite;
    bool settings = option->meaning == MEANS_SETTINGS, model = option->meaning == MEANS_MODEL;
    if (!writer->open)
        return;
    put(writer, settings ? "--settings" : model ? "--model" : "--resume");
    put(writer, settings ? rewrite->settings : model ? rewrite->model : rewrite->resume_id);
    writer->open = false;
}

/* A bundle such as -pc without the letters that go; NULL if none is left. `ret_last` is the last
 * letter's option. */
static const char *put_bundle(struct rewriter *writer, const char *word,
                              struct claude_option *ret_last)
{
    char *made = writer->text, *end = made;
    *end++ = '-';
    for (const char *letter = word + 1; *letter; letter++) {
        struct claude_option option = *ret_last = claude_options_short(writer->help, *letter);
        size_t rest = claude_args_takes_value(&option) ? strlen(letter) : 1;
        bool looks_long = end == made + 1 && *letter == '-';
        if (!is_dropped(&option, writer->rewrite) && !looks_long) {
            memcpy(end, letter, rest);
            end += rest;
        }
        letter += rest - 1;
    }
    *end++ = '\0';
    if (end == made + 2)
        return NULL;
    if (strcmp(made, word) == 0)
        return word;
    writer->text = end;
    return made;
}

static void put_option(struct rewriter *writer, char *const *argv, const struct spot *spot)
{
    const char *word = argv[spot->at];
    struct claude_option last = spot->option;
    bool is_bundle = word[1] != '-';
    if (is_bundle)
        word = put_bundle(writer, word, &last);
    bool dropped = is_dropped(&last, writer->rewrite);
    if (is_bundle ? !word : dropped) {
        put_fence(writer, &last);
        return;
    }
    put(writer, word);
    for (size_t i = 1; i < spot->words && !dropped; i++)
        put(writer, argv[spot->at + i]);
    bool may_take = last.arity == ARITY_OPTIONAL || (last.arity == ARITY_UNKNOWN && !is_bundle);
    writer->open =
        !dropped && !spot->value && ((may_take && spot->words == 1) || last.arity == ARITY_MANY);
}

/* No option that takes many words can swallow a prompt here, and no word of the user's has to be
 * known for the prompt: of two, the client takes the first. */
static void put_front(struct rewriter *writer)
{
    const struct claude_rewrite *rewrite = writer->rewrite;
    const char *const pairs[][2] = {{"--settings", rewrite->settings},
                                    {"--model", rewrite->model},
                                    {"--session-id", rewrite->session_id},
                                    {"--resume", rewrite->resume_id}};
    for (size_t i = 0; i < COUNT(pairs); i++) {
        if (!pairs[i][1])
            continue;
        put(writer, pairs[i][0]);
        put(writer, pairs[i][1]);
    }
    if (rewrite->prompt)
        put(writer, rewrite->prompt);
}

/* Each word may become two, a bundle at most as long as it was. */
static bool writer_init(struct rewriter *writer, char *const *argv, const struct claude_args *args,
                        const struct claude_rewrite *rewrite)
{
    size_t most = 2 * args->count + 10, text = 0;
    for (size_t i = 0; i < args->count; i++)
        text += strlen(argv[i]) + 1;
    char **vector = calloc(1, most * sizeof *vector + text);
    *writer = (struct rewriter){.rewrite = rewrite,
                                .help = args->help,
                                .vector = vector,
                                .text = vector ? (char *)(vector + most) : NULL};
    return vector != NULL;
}

char **claude_args_rewrite(char *const *argv, const struct claude_args *args,
                           const struct claude_rewrite *rewrite)
{
    struct claude_args scratch = {.help = args->help};
    struct rewriter writer;
    size_t i = 0;
    if (!writer_init(&writer, argv, args, rewrite))
        return NULL;
    while (i < args->start)
        put(&writer, argv[i++]);
    if (args->may_be_subcommand && !rewrite->prompt)
        put(&writer, argv[i++]);
    put_front(&writer);
    bool options_ended = false;
    while (argv[i]) {
        if (options_ended || claude_args_is_word(argv[i]) || strcmp(argv[i], "--") == 0) {
            options_ended |= strcmp(argv[i], "--") == 0;
            writer.open = false;
            put(&writer, argv[i++]);
        } else {
            struct spot spot = claude_args_option(argv, i, &scratch);
            put_option(&writer, argv, &spot);
            i += spot.words;
        }
    }
    return writer.vector;
}
