#include "core/evidence/mask.h"

#include "base/secret.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* One beginning of tokens; `path` is a token that has it. The first node, 0, is the empty one, and
 * as nobody's child or sibling also stands for "none". */
struct node {
    const char *path;
    uint32_t child, sibling;
    uint32_t rest;  /* of its path's ends, the longest that is a beginning too */
    uint32_t depth; /* length of the path */
    uint32_t match; /* length of the longest token that the path ends with */
};

struct mask_set {
    struct node *nodes;
    uint32_t count;
    size_t longest;
    bool begins[256];    /* the tokens' first bytes */
    const char *alike;   /* how all tokens begin, `alike_length` bytes of it */
    size_t alike_length; /* 0 if they differ at once */
};

/* No more of it is of use, and it is to end before what is secret. */
#define ALIKE_MOST 16

enum cover { COVER_NOTHING, COVER_FIRST, COVER_MORE };

static unsigned char byte_of(const struct node *node)
{
    return (unsigned char)node->path[node->depth - 1];
}

static uint32_t find_child(const struct mask_set *set, uint32_t parent, unsigned char byte)
{
    uint32_t child = set->nodes[parent].child;
    while (child && byte_of(&set->nodes[child]) != byte)
        child = set->nodes[child].sibling;
    return child;
}

static uint32_t next_node(const struct mask_set *set, uint32_t node, unsigned char byte)
{
    uint32_t child;
    while (!(child = find_child(set, node, byte)) && node)
        node = set->nodes[node].rest;
    return child;
}

static void add_token(struct mask_set *set, const char *token)
{
    uint32_t at = 0;
    for (size_t i = 0; token[i]; i++) {
        uint32_t child = find_child(set, at, (unsigned char)token[i]);
        if (!child) {
            child = set->count++;
            set->nodes[child] = (struct node){
                .path = token, .sibling = set->nodes[at].child, .depth = (uint32_t)i + 1};
            set->nodes[at].child = child;
        }
        at = child;
    }
    set->nodes[at].match = set->nodes[at].depth;
    set->longest = set->nodes[at].depth > set->longest ? set->nodes[at].depth : set->longest;
    set->begins[(unsigned char)*token] = true;
}

/* From short to long: a node's rest is shorter than itself. */
static bool link_nodes(struct mask_set *set)
{
    uint32_t *queue = calloc(set->count, sizeof *queue);
    if (!queue)
        return false;
    for (uint32_t done = 0, found = 1; done < found; done++) {
        const struct node *parent = &set->nodes[queue[done]];
        for (uint32_t child = parent->child; child; child = set->nodes[child].sibling) {
            struct node *node = &set->nodes[child];
            node->rest = queue[done] ? next_node(set, parent->rest, byte_of(node)) : 0;
            if (!node->match)
                node->match = set->nodes[node->rest].match;
            queue[found++] = child;
        }
    }
    free(queue);
    return true;
}

static void note_beginning(struct mask_set *set, const char *const *tokens, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!tokens[i] || !*tokens[i])
            continue;
        size_t length = 0, most = set->alike ? set->alike_length : ALIKE_MOST;
        set->alike = set->alike ? set->alike : tokens[i];
        while (length < most && tokens[i][length] && tokens[i][length] == set->alike[length])
            length++;
        set->alike_length = length;
    }
}

struct mask_set *mask_set_create(const char *const *tokens, size_t count)
{
    size_t bytes = 1;
    struct mask_set *set = calloc(1, sizeof *set);
    for (size_t i = 0; i < count; i++)
        bytes += tokens[i] ? strlen(tokens[i]) : 0;
    if (!set || bytes > UINT32_MAX / sizeof(struct node))
        return free(set), NULL;
    set->nodes = (struct node *)(void *)secret_alloc(bytes * sizeof(struct node));
    if (!set->nodes)
        return free(set), NULL;
    set->nodes[0] = (struct node){0};
    set->count = 1;
    for (size_t i = 0; i < count; i++)
        if (tokens[i] && *tokens[i])
            add_token(set, tokens[i]);
    note_beginning(set, tokens, count);
    if (link_nodes(set))
        return set;
    mask_set_destroy(set);
    return NULL;
}

void mask_set_destroy(struct mask_set *set)
{
    if (!set)
        return;
    secret_free((char *)set->nodes);
    free(set);
}

int mask_init(struct mask *mask, const struct mask_set *set, mask_sink *sink, void *context)
{
    unsigned char *cover = calloc(set->longest + 1, 1);
    if (!cover)
        return -ENOMEM;
    *mask = (struct mask){.set = set, .sink = sink, .context = context, .cover = cover};
    return 0;
}

void mask_finish(struct mask *mask)
{
    free(mask->cover);
    *mask = (struct mask){0};
}

/* What was fed, at offsets from 0, after what was held of earlier reads. `from` is the first offset
 * not yet passed on; below 0 it is in `held`, which ends at 0. */
struct stretch {
    const char *bytes, *held;
    ssize_t from;
};

static void pass(const struct mask *mask, struct stretch *stretch, ssize_t to)
{
    ssize_t held = to < 0 ? to : 0;
    if (stretch->from < held)
        mask->sink(mask->context, stretch->held + stretch->from, (size_t)(held - stretch->from));
    stretch->from = stretch->from > held ? stretch->from : held;
    if (stretch->from < to)
        mask->sink(mask->context, stretch->bytes + stretch->from, (size_t)(to - stretch->from));
    stretch->from = stretch->from > to ? stretch->from : to;
}

/* The tail ends at offset `end`: from now on only its last `keep` bytes may still become a token.
 * Those before are settled; they are passed on here only where tokens are among them. */
static void settle(struct mask *mask, struct stretch *stretch, ssize_t end, size_t keep)
{
    size_t settled = mask->tail - keep;
    ssize_t start = end - (ssize_t)mask->tail;
    for (size_t i = 0; i < settled && mask->covered > 0; i++) {
        if (mask->cover[i] == COVER_NOTHING)
            continue;
        mask->covered--;
        pass(mask, stretch, start + (ssize_t)i);
        stretch->from++;
        if (mask->cover[i] == COVER_FIRST)
            mask->sink(mask->context, MASK_TEXT, strlen(MASK_TEXT));
        mask->cover[i] = COVER_NOTHING;
    }
    if (mask->covered > 0) {
        memmove(mask->cover, mask->cover + settled, keep);
        memset(mask->cover + keep, COVER_NOTHING, settled);
    }
    mask->tail = keep;
}

/* A token ends where the tail ends. Tokens that overlap are one stretch. */
static void cover_end(struct mask *mask, size_t length)
{
    size_t start = mask->tail - length;
    for (size_t i = start; i < mask->tail; i++) {
        mask->covered += mask->cover[i] == COVER_NOTHING;
        if (i > start)
            mask->cover[i] = COVER_MORE;
        else if (mask->cover[i] == COVER_NOTHING)
            mask->cover[i] = COVER_FIRST;
    }
}

static void step(struct mask *mask, struct stretch *stretch, size_t offset)
{
    const struct node *nodes = mask->set->nodes;
    ssize_t end = (ssize_t)offset + 1;
    mask->node = next_node(mask->set, mask->node, (unsigned char)stretch->bytes[offset]);
    mask->tail++;
    settle(mask, stretch, end, nodes[mask->node].depth);
    if (nodes[mask->node].match > 0)
        cover_end(mask, nodes[mask->node].match);
    if (mask->node && !nodes[mask->node].child) {
        mask->node = nodes[mask->node].rest;
        settle(mask, stretch, end, nodes[mask->node].depth);
    }
}

/* Whether what all tokens begin with stands there, as far as the bytes go. */
static bool may_begin(const struct mask_set *set, const char *bytes, size_t length)
{
    return *bytes == *set->alike &&
           memcmp(bytes, set->alike, length < set->alike_length ? length : set->alike_length) == 0;
}

/* The first offset at which a token may begin, or `length`. */
static size_t find_beginning(const struct mask_set *set, const char *bytes, size_t from,
                             size_t length)
{
    if (set->alike_length == 0) {
        while (from < length && !set->begins[(unsigned char)bytes[from]])
            from++;
        return from;
    }
    const char *found = memmem(bytes + from, length - from, set->alike, set->alike_length);
    if (found)
        return (size_t)(found - bytes);
    /* Its beginning may stand at the end. */
    if (length - from >= set->alike_length)
        from = length - set->alike_length + 1;
    while (from < length && !may_begin(set, bytes + from, length - from))
        from++;
    return from;
}

static const char *end_of_path(const struct node *node)
{
    return node->depth > 0 ? node->path + node->depth : NULL;
}

void mask_feed(struct mask *mask, const char *bytes, size_t length)
{
    const struct mask_set *set = mask->set;
    struct stretch stretch = {
        .bytes = bytes, .held = end_of_path(&set->nodes[mask->node]), .from = -(ssize_t)mask->tail};
    for (size_t i = 0; i < length; i++) {
        if (mask->node == 0)
            i = find_beginning(set, bytes, i, length);
        if (i < length)
            step(mask, &stretch, i);
    }
    pass(mask, &stretch, (ssize_t)length - (ssize_t)mask->tail);
}

void mask_end(struct mask *mask)
{
    struct stretch stretch = {.held = end_of_path(&mask->set->nodes[mask->node]),
                              .from = -(ssize_t)mask->tail};
    if (mask->tail >= MASK_TELLING)
        cover_end(mask, mask->tail);
    settle(mask, &stretch, 0, 0);
    pass(mask, &stretch, 0);
    mask->node = 0;
}

static void add_to_text(void *context, const char *bytes, size_t length)
{
    buffer_append(context, bytes, length);
}

int mask_text(const struct mask_set *set, const char *text, struct buffer *ret_text)
{
    struct mask mask;
    int r = mask_init(&mask, set, add_to_text, ret_text);
    if (r < 0)
        return r;
    mask_feed(&mask, text, strlen(text));
    mask_end(&mask);
    mask_finish(&mask);
    return ret_text->failed ? -ENOMEM : 0;
}
