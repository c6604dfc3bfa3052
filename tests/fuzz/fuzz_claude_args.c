/* The first byte says what to replace, the rest is a command line, its words divided by line ends.
 */
#include "fuzz.h"

#include "core/client/claude_args.h"
#include "core/client/client.h"

#include <stdlib.h>
#include <string.h>

enum { REPLACE_RESUME = 1, REPLACE_SESSION = 2, REPLACE_SETTINGS = 4, REPLACE_PROMPT = 8 };

static bool is_borrowed(const struct words *words, const char *text)
{
    for (size_t i = 0; text && i < words->count; i++)
        if (text >= words->list[i] && text <= words->list[i] + strlen(words->list[i]))
            return true;
    return !text;
}

static void check_args(const struct claude_args *args, const struct words *words)
{
    EXPECT(args->count == words->count);
    EXPECT(args->start >= 1 && args->start <= args->count);
    EXPECT(args->prompt == 0 || (args->prompt >= args->start && args->prompt < args->count));
    EXPECT(is_borrowed(words, args->session_id) && is_borrowed(words, args->resume_id));
    EXPECT(is_borrowed(words, args->model) && is_borrowed(words, args->settings));
}

static struct claude_rewrite choose(uint8_t what)
{
    struct claude_rewrite rewrite = {0};
    if (what & REPLACE_SETTINGS)
        rewrite.settings = "{\"env\":{}}";
    if (what & REPLACE_RESUME)
        rewrite.resume_id = "our id";
    else if (what & REPLACE_SESSION)
        rewrite.session_id = "our id";
    if (what & REPLACE_PROMPT)
        rewrite.prompt = CLIENT_CONTINUE;
    return rewrite;
}

static bool is_option(const char *word, const char *name)
{
    size_t length = strlen(name);
    return strncmp(word, name, length) == 0 && (!word[length] || word[length] == '=');
}

/* Judged by the word alone: a bundle of letters may hold -c or -r. */
static bool may_go(const char *word, const struct claude_rewrite *rewrite)
{
    if (rewrite->settings && is_option(word, "--settings"))
        return true;
    if (!rewrite->resume_id)
        return false;
    return is_option(word, "--session-id") || is_option(word, "--resume") ||
           is_option(word, "--continue") || is_option(word, "--fork-session") ||
           (word[0] == '-' && word[1] != '-' && strpbrk(word, "cr"));
}

/* Every word stands in the result, in its order, but those that were to go. */
static void check_kept(const struct words *words, const struct claude_rewrite *rewrite,
                       char **result)
{
    bool option_went = false;
    for (size_t i = 0; i < words->count; i++) {
        char **found = result;
        while (*found && *found != words->list[i])
            found++;
        if (*found) {
            result = found + 1;
            option_went = false;
            continue;
        }
        bool is_value = option_went;
        option_went = may_go(words->list[i], rewrite);
        EXPECT(is_value || option_went);
    }
}

static bool same_word(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* The client reads the result as the same call, but for what was replaced. */
static void check_meaning(const struct words *words, const struct claude_args *args,
                          const struct claude_rewrite *rewrite, char **result)
{
    struct claude_args again;
    claude_args_parse(result, args->help, &again);
    EXPECT(again.start == args->start);
    EXPECT(again.print == args->print && again.bare == args->bare);
    EXPECT(again.no_persistence == args->no_persistence);
    EXPECT(again.streams_input == args->streams_input);
    EXPECT(same_word(again.model, args->model));
    const char *prompt = rewrite->prompt ? rewrite->prompt
                         : args->prompt  ? words->list[args->prompt]
                                         : NULL;
    EXPECT(same_word(again.prompt ? result[again.prompt] : NULL, prompt));
    EXPECT(same_word(again.settings, rewrite->settings ? rewrite->settings : args->settings));
    if (rewrite->resume_id) {
        EXPECT(again.resumes && same_word(again.resume_id, rewrite->resume_id));
        EXPECT(!again.session_id && !again.continues && !again.fork_session);
    } else {
        EXPECT(again.resumes == args->resumes && same_word(again.resume_id, args->resume_id));
        EXPECT(again.continues == args->continues && again.fork_session == args->fork_session);
    }
    /* One of the user's own without a value still stands behind ours. */
    if (rewrite->session_id && !args->session_id)
        EXPECT(!again.session_id || same_word(again.session_id, rewrite->session_id));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct claude_rewrite rewrite = choose(input_byte(&input));
    struct words words = input_words(&input, '\n');
    struct claude_args args;
    claude_args_parse(words.list, NULL, &args);
    check_args(&args, &words);
    if (!args.subcommand) {
        char **result = claude_args_rewrite(words.list, &args, &rewrite);
        EXPECT(result != NULL);
        check_kept(&words, &rewrite, result);
        check_meaning(&words, &args, &rewrite, result);
        free(result);
    }
    words_finish(&words);
    return 0;
}
