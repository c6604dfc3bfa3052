/* What the files that translate requests share. */
#pragma once

#include "core/translate/translate.h"

/* A message or a block with its members. */
void request_to_openai(struct translation *translation, struct part body, struct buffer *out);
void request_to_anthropic(struct translation *translation, struct part body, struct buffer *out);

/* Anthropic's messages as OpenAI's: the system prompt and the turns, each an item of an array that
 * is open. */
void openai_system(struct translation *translation, struct part system, struct buffer *out);
void openai_turns(struct translation *translation, struct part messages, struct buffer *out);

/* Anthropic's tools, the choice between them and whether several may be called at once: members. */
void openai_tools(struct translation *translation, struct part tools, struct part choice,
                  struct buffer *out);

/* True for an OpenAI model that reasons: it takes no temperature and no stop sequences. */
bool openai_model_reasons(const char *model);

/* What becomes Anthropic's messages: neighbours of one role are one message. */
struct turns {
    struct buffer *out;     /* `[` and what follows; closed by turns_end */
    struct buffer *system;  /* insides of strings with \n\n between them */
    const char *role;       /* of the message that is open; NULL: none */
    bool last_call_is_bare; /* the last assistant's turn calls a tool and shows no thinking */
};

/* Begins a block of such a message; the caller appends one object. */
void turns_block(struct turns *turns, const char *role);
void turns_text(struct turns *turns, const char *role, struct part inside);
void turns_system(struct turns *turns, struct part inside);
void turns_end(struct turns *turns);

void anthropic_chat_messages(struct translation *translation, struct part messages,
                             struct turns *turns);
void anthropic_responses_input(struct translation *translation, struct part input,
                               struct turns *turns);

/* One part of a message's content as a block: text, image, document. */
void anthropic_content(struct translation *translation, struct part content, const char *role,
                       struct turns *turns);
void anthropic_call(struct translation *translation, struct part id, struct part name,
                    struct part arguments, struct turns *turns);
void anthropic_result(struct translation *translation, struct part id, struct part content,
                      struct turns *turns);
void anthropic_tools(struct translation *translation, struct part tools, struct part functions,
                     struct part choice, struct part parallel, struct buffer *out);
