#include "core/pool/import.h"

#include "core/pool/keyedit.h"
#include "core/pool/keyfile.h"
#include "support.h"

#include <errno.h>
#include <string.h>

#define NOW     INT64_C(1795132800) /* 2026-11-20 */
#define REFRESH "sk-ant-ort01-FAKE-refresh-0001"
#define OAUTH_4 "sk-ant-oat01-FAKE-side-0004"
#define API_3   "sk-ant-api03-FAKE-lab-0003"

/* In memory of its own size, so that the sanitizer sees a byte read too many. */
static int read_text(const char *text, size_t length, struct import *import)
{
    char *copy = test_malloc(length + 1);
    memcpy(copy + 1, text, length);
    int r = import_read(copy + 1, length, "/folder", NOW, import);
    test_free(copy);
    expect_no_secret(text, buffer_text(&import->notes));
    return r;
}

/* What was read, as compact JSON: the pool, then the masters. */
static void expect_keys(const char *row, const struct import *import, const char *keys,
                        const char *masters)
{
    char *pool = json_print(import->keys, false), *master = json_print(import->masters, false);
    if (strcmp(pool, keys) != 0 || strcmp(master, masters) != 0)
        fail_msg("%s: expected %s and %s, got %s and %s", row, keys, masters, pool, master);
    json_free_text(pool);
    json_free_text(master);
}

#define ADDED            "\"added\":1795132800"
#define HOME             "{\"name\":\"home\",\"token\":\"" OAUTH_1 "\"," ADDED "}"
#define WORK             "{\"name\":\"work\",\"token\":\"" OAUTH_2 "\"," ADDED "}"
#define BARE(T)          "{\"token\":\"" T "\"," ADDED "}"
#define BILLED(T)        "{\"token\":\"" T "\"}"
#define NAMED(N, T)      "{\"name\":\"" N "\",\"token\":\"" T "\"}"
#define STAMPED(N, T)    "{\"name\":\"" N "\",\"token\":\"" T "\"," ADDED "}"
#define OF_KIND(N, T, K) "{\"name\":\"" N "\",\"token\":\"" T "\",\"kind\":\"" K "\"}"

static const struct row {
    enum import_form form;
    const char *text, *keys, *masters;
    const char *notes; /* a part of them; NULL: none */
    size_t skipped;
} rows[] = {
    /* accounts */
    {IMPORT_ACCOUNTS,
     "{\"accounts\":{\"home\":{\"accessToken\":\"" OAUTH_1 "\",\"refreshToken\":\"" REFRESH
     "\",\"expiresAt\":1795300000123},\"work\":{\"accessToken\":\"" OAUTH_2 "\"}}}",
     "[{\"name\":\"home\",\"token\":\"" OAUTH_1 "\",\"refresh_token\":\"" REFRESH
     "\",\"expires\":1795300000}," WORK "]",
     "[]", NULL, 0},
    {IMPORT_ACCOUNTS,
     "{\"accounts\":{\"home\":{\"accessToken\":\"" OAUTH_1 "\",\"expiresAt\":1795300000}}}",
     "[{\"name\":\"home\",\"token\":\"" OAUTH_1 "\",\"expires\":1795300000}]", "[]", NULL, 0},
    {IMPORT_ACCOUNTS,
     "{\"accounts\":{\"home\":{\"accessToken\":\"" OAUTH_1
     "\",\"expiresAt\":-5,\"refreshToken\":\"\"}}}",
     "[" HOME "]", "[]", NULL, 0},
    {IMPORT_ACCOUNTS, "{\"accounts\":[{\"name\":\"home\",\"accessToken\":\"" OAUTH_1 "\"}]}",
     "[" HOME "]", "[]", NULL, 0},
    {IMPORT_ACCOUNTS,
     "{\"accounts\":{\"home\":{\"claudeAiOauth\":{\"accessToken\":\"" OAUTH_1 "\"}}}}",
     "[" HOME "]", "[]", NULL, 0},
    {IMPORT_ACCOUNTS,
     "{\"accounts\":{\"home\":\"" OAUTH_1 "\",\"a\":{},\"b\":null,\"c\":{\"accessToken\":5}}}",
     "[" HOME "]", "[]", "accounts.a: there is no token; skipped\naccounts.b: there is", 3},
    {IMPORT_ACCOUNTS,
     "{\"accounts\":{\"home\":{\"accessToken\":\"" OAUTH_1
     "\"},\"x\":{\"accessToken\":\"FAKE unknown\"},\"y\":{\"accessToken\":\"FAKE-unknown\"}}}",
     "[" HOME "]", "[]", "accounts.y: unknown kind of token; ", 2},
    /* A name may be a token, and is none then: neither in the file nor in a message. */
    {IMPORT_ACCOUNTS,
     "{\"accounts\":{\"" OAUTH_3 "\":{\"accessToken\":\"" OAUTH_1 "\"},\"" API_2 "\":{}}}",
     "[" BARE(OAUTH_1) "]", "[]", "accounts[1]: there is no token", 1},
    {IMPORT_ACCOUNTS, "{\"accounts\":{\"a,\\\"b\\n\":{\"accessToken\":\"" OAUTH_1 "\"}}}",
     "[{\"name\":\"a--b-\",\"token\":\"" OAUTH_1 "\"," ADDED "}]", "[]", NULL, 0},
    /* named keys */
    {IMPORT_LABELLED,
     "{\"keys\":{\"1\":{\"token\":\"" OAUTH_1
     "\",\"label\":\"home\"},\"work\":{\"token\":\"" OAUTH_2 "\"},\"3\":{\"token\":\"" API_1
     "\",\"label\":\"\"}}}",
     "[" HOME "," WORK "," NAMED("3", API_1) "]", "[]", NULL, 0},
    {IMPORT_LABELLED,
     "{\"keys\":{\"home\":{\"token\":\"" OAUTH_1 "\"}},\"profiles\":{\"p\":[\"home\"]}}",
     "[" HOME "]", "[]", NULL, 0},
    {IMPORT_LABELLED,
     "{\"keys\":{\"home\":{\"token\":\"" OAUTH_1 "\"}},\"cooldownMs\":1,\"profiles\":{\"p\":{}}}",
     "[" HOME "]", "[]", "profiles.p: it has no list of keys; skipped\ncooldownMs: not read", 0},
    {IMPORT_LABELLED,
     "{\"version\":1,\"keys\":{\"home\":{\"token\":\"" OAUTH_1
     "\"}},\"modelFallback\":{\"a-*\":\"b\",\"c\":\"d\"},\"later\":{}}",
     "[" HOME "]", "[]",
     "modelFallback: not read; for the same here: tcr-run keys fallback 'a-*=b;c=d'\nlater: not "
     "read; see",
     0},
    {IMPORT_LABELLED,
     "{\"keys\":{\"home\":{\"token\":\"" OAUTH_1 "\"}},\"modelFallback\":{\"a\":\"b;x\"}}",
     "[" HOME "]", "[]", "modelFallback: not read; see tcr-keys(5)", 0},
    {IMPORT_LABELLED,
     "{\"keys\":{\"a\":{\"token\":\"" API_1 "\",\"enabled\":false},\"b\":{\"token\":\"" API_2
     "\",\"disabled\":true},\"c\":{\"token\":\"" API_3 "\",\"enabled\":true}}}",
     "[{\"name\":\"a\",\"token\":\"" API_1
     "\",\"disabled\":true},{\"name\":\"b\",\"token\":\"" API_2
     "\",\"disabled\":true}," NAMED("c", API_3) "]",
     "[]", NULL, 0},
    /* Claude Code's own */
    {IMPORT_LOGIN,
     "{\"mcpOAuth\":{},\"claudeAiOauth\":{\"accessToken\":\"" OAUTH_1
     "\",\"refreshToken\":\"" REFRESH
     "\",\"expiresAt\":1795300000000,\"scopes\":[\"user:inference\"]}}",
     "[{\"name\":\"claude\",\"token\":\"" OAUTH_1 "\",\"refresh_token\":\"" REFRESH
     "\",\"expires\":1795300000}]",
     "[]", NULL, 0},
    /* our own */
    {IMPORT_OWN,
     "{\"keys\":[{\"name\":\"home\",\"token\":\"" OAUTH_1
     "\",\"later\":1},{\"token_file\":\"a/b\"},"
     "{\"name\":\"c\",\"token_file\":\"~/c\"},{\"name\":\"d\",\"config_dir\":\"/d\"}],"
     "\"master\":{\"token\":\"" API_1 "\",\"at_most\":\"5/day\"}}",
     "[{\"name\":\"home\",\"token\":\"" OAUTH_1 "\",\"later\":1},{\"token_file\":\"/folder/a/b\"},"
     "{\"name\":\"c\",\"token_file\":\"~/c\"},{\"name\":\"d\",\"config_dir\":\"/d\"}]",
     "[{\"token\":\"" API_1 "\",\"at_most\":\"5/day\"}]", NULL, 0},
    {IMPORT_OWN, "{\"keys\":[" NAMED("a", API_1) "],\"policy\":{\"retries\":1}}",
     "[" NAMED("a", API_1) "]", "[]", "profiles and policy: not read", 0},
    {IMPORT_OWN, "{\"master\":" NAMED("a", API_1) "}", "[]", "[" NAMED("a", API_1) "]", NULL, 0},
    /* variables */
    {IMPORT_ENV, "CLAUDE_CODE_OAUTH_TOKEN=" OAUTH_1, "[" STAMPED("claude", OAUTH_1) "]", "[]", NULL,
     0},
    {IMPORT_ENV, "\n# x\n  export  CLAUDE_CODE_OAUTH_TOKEN = \"" OAUTH_1 "\"  # mine\r\n",
     "[" STAMPED("claude", OAUTH_1) "]", "[]", NULL, 0},
    {IMPORT_ENV, "ANTHROPIC_API_KEY='" API_1 "'\nPATH=/bin\nEMPTY=\nDEBUG\n", "[]",
     "[" BILLED(API_1) "]", NULL, 0},
    {IMPORT_ENV, "OTHER=" OAUTH_1 "\nCLAUDE_CODE_OAUTH_TOKEN=" OAUTH_2 "#\n",
     "[{\"name\":\"OTHER\",\"token\":\"" OAUTH_1 "\"," ADDED "}]", "[]",
     "line 2: the token has a #", 1},
    {IMPORT_ENV, "ANTHROPIC_API_KEYS=" API_1 ", " API_2 ",\nTCR_MASTER_KEY=" API_3 "\n",
     "[" NAMED("anthropic-1", API_1) "," NAMED("anthropic-2", API_2) "]", "[" BILLED(API_3) "]",
     NULL, 0},
    {IMPORT_ENV, "TCR_KEYS=\"home=" OAUTH_1 "\nwork=" OAUTH_2 "\n" API_1 "\"\nX=1\n",
     "[" HOME "," WORK "," BILLED(API_1) "]", "[]", NULL, 0},
    {IMPORT_ENV, "CLAUDE_CODE_OAUTH_TOKENS=\"" OAUTH_1 "\\n" OAUTH_2 "\"",
     "[" STAMPED("claude-1", OAUTH_1) "," STAMPED("claude-2", OAUTH_2) "]", "[]", NULL, 0},
    {IMPORT_ENV,
     "CLAUDE_CODE_OAUTH_TOKEN_2=" OAUTH_1 "\nCLAUDE_CODE_OAUTH_TOKEN_work=" OAUTH_2
     "\nANTHROPIC_API_KEY_1=" API_1 "\nCLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR=3\n",
     "[" STAMPED("claude-2", OAUTH_1) "," WORK "," NAMED("anthropic-1", API_1) "]", "[]", NULL, 0},
    /* An apostrophe must not swallow what follows. */
    {IMPORT_ENV, "NOTE=it's\nOTHER='open\nCLAUDE_CODE_OAUTH_TOKEN=" OAUTH_1 "\n",
     "[" STAMPED("claude", OAUTH_1) "]", "[]", NULL, 0},
    {IMPORT_ENV, "CLAUDE_CODE_OAUTH_TOKEN=" OAUTH_1 "\nMY_TOKEN=" OAUTH_2 "\n" OAUTH_3 "\n",
     "[" STAMPED("claude", OAUTH_1) ",{\"name\":\"MY_TOKEN\",\"token\":\"" OAUTH_2 "\"," ADDED
                                    "}," BARE(OAUTH_3) "]",
     "[]", NULL, 0},
    {IMPORT_ENV, "CLAUDE_CODE_OAUTH_TOKEN=FAKE-here\nANTHROPIC_API_KEY=" API_1 "\n", "[]",
     "[" BILLED(API_1) "]", "line 1: unknown kind of token", 1},
    {IMPORT_ENV, "CLAUDE_CODE_OAUTH_TOKEN=\nANTHROPIC_API_KEYS=,,\nANTHROPIC_API_KEY=" API_1 "\n",
     "[]", "[" BILLED(API_1) "]", NULL, 0},
    /* other kinds, with the names and the order of their variables */
    {IMPORT_ENV,
     "OPENAI_API_KEYS=sk-proj-FAKE-1,work=sk-proj-FAKE-2\nCURSOR_API_KEYS='key_FAKE-3'\n"
     "OPENAI_API_KEY=sk-FAKE-4\nOPENAI_API_KEY_SIDE=sk-FAKE-5\nCURSOR_API_KEY_2=key_FAKE-6\n"
     "OPENAI_API_KEY_FILE=/x\n",
     "[" OF_KIND("openai-1", "sk-proj-FAKE-1", "openai") "," OF_KIND(
         "work", "sk-proj-FAKE-2",
         "openai") "," OF_KIND("cursor-1", "key_FAKE-3",
                               "cursor") "," OF_KIND("openai", "sk-FAKE-4",
                                                     "openai") "," OF_KIND("SIDE", "sk-FAKE-5",
                                                                           "openai") "," OF_KIND("c"
                                                                                                 "u"
                                                                                                 "r"
                                                                                                 "s"
                                                                                                 "o"
                                                                                                 "r"
                                                                                                 "-"
                                                                                                 "2",
                                                                                                 "k"
                                                                                                 "e"
                                                                                                 "y"
                                                                                                 "_"
                                                                                                 "F"
                                                                                                 "A"
                                                                                                 "K"
                                                                                                 "E"
                                                                                                 "-"
                                                                                                 "6",
                                                                                                 "c"
                                                                                                 "u"
                                                                                                 "r"
                                                                                                 "s"
                                                                                                 "o"
                                                                                                 "r") "]",
     "[]", NULL, 0},
    {IMPORT_ENV, "OPENAI_API_KEY=" API_1 "\nANTHROPIC_API_KEYS=" API_2 "\n",
     "[" NAMED("anthropic-1", API_2) "]", "[]", "line 1: it is a token of Anthropic's", 1},
    {IMPORT_ENV, "DEEPSEEK_API_KEY=sk-FAKE-1\nOPENAI_API_KEY=sk-FAKE-2\nGITHUB_TOKEN=FAKE\n",
     "[" OF_KIND("openai", "sk-FAKE-2", "openai") "]", "[]",
     "line 1: DEEPSEEK_API_KEY: it is another program's; tcr-run keys add --kind env:VARIABLE", 1},
    /* with the addresses that were set for them, wherever these stand */
    {IMPORT_ENV, "ANTHROPIC_AUTH_TOKEN=FAKE-1\nANTHROPIC_BASE_URL=https://Proxy.corp/\n",
     "[{\"name\":\"bearer\",\"token\":\"FAKE-1\",\"kind\":\"bearer\","
     "\"base_url\":\"https://proxy.corp\"}]",
     "[]", NULL, 0},
    {IMPORT_ENV,
     "export ANTHROPIC_BASE_URL=http://proxy.corp\nANTHROPIC_API_KEY=FAKE-1\n"
     "CLAUDE_FALLBACK_API_KEY=" API_1 "\n",
     "[{\"name\":\"anthropic\",\"token\":\"FAKE-1\",\"kind\":\"api\","
     "\"base_url\":\"http://proxy.corp\",\"plain_http\":true}]",
     "[" BILLED(API_1) "]", NULL, 0},
    {IMPORT_ENV,
     "ANTHROPIC_BASE_URL=https://proxy.corp\nANTHROPIC_API_KEY=" API_1
     "\nANTHROPIC_AUTH_TOKEN=FAKE-1\n",
     "[{\"name\":\"bearer\",\"token\":\"FAKE-1\",\"kind\":\"bearer\","
     "\"base_url\":\"https://proxy.corp\"}]",
     "[" BILLED(API_1) "]", NULL, 0},
    {IMPORT_ENV,
     "ANTHROPIC_BASE_URL=https://api.anthropic.com/\nANTHROPIC_API_KEY=" API_1
     "\nCLAUDE_FALLBACK_BASE_URL=https://b.corp\nCLAUDE_FALLBACK_API_KEY=" API_2 "\n",
     "[]", "[" BILLED(API_1) ",{\"token\":\"" API_2 "\",\"base_url\":\"https://b.corp\"}]", NULL,
     0},
    {IMPORT_ENV, "ANTHROPIC_AUTH_TOKEN=FAKE-1\nCLAUDE_CODE_OAUTH_TOKEN=" OAUTH_1 "\n",
     "[" STAMPED("claude", OAUTH_1) "]", "[]",
     "line 1: ANTHROPIC_AUTH_TOKEN: it is a key only together with ANTHROPIC_BASE_URL", 1},
    {IMPORT_ENV,
     "ANTHROPIC_AUTH_TOKEN=FAKE-1\nANTHROPIC_BASE_URL=proxy\nCLAUDE_CODE_OAUTH_TOKEN=" OAUTH_1 "\n",
     "[" STAMPED("claude", OAUTH_1) "]", "[]", "line 1: its address in ANTHROPIC_BASE_URL begins",
     1},
    /* lists */
    {IMPORT_LIST, OAUTH_1, "[" BARE(OAUTH_1) "]", "[]", NULL, 0},
    {IMPORT_LIST, "\xEF\xBB\xBF" OAUTH_1 "\r\n\r\n  " OAUTH_2 "\t\r\n# x\r\n" API_1,
     "[" BARE(OAUTH_1) "," BARE(OAUTH_2) "," BILLED(API_1) "]", "[]", NULL, 0},
    {IMPORT_LIST, "home=" OAUTH_1 "\nwork = \"" OAUTH_2 "\"\n", "[" HOME "," WORK "]", "[]", NULL,
     0},
    {IMPORT_LIST, "sk-ant-oat01-FAKE-with=inside\n", "[" BARE("sk-ant-oat01-FAKE-with=inside") "]",
     "[]", NULL, 0},
    {IMPORT_LIST, "FAKE\n" OAUTH_1 "\nx=FAKE\n" OAUTH_2 " " OAUTH_3 "\n", "[" BARE(OAUTH_1) "]",
     "[]", "line 4: the token has white space", 3},
};

static void test_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct import import;
        if (read_text(row->text, strlen(row->text), &import) != 0)
            fail_msg("%s: %s", row->text, buffer_text(&import.notes));
        assert_int_equal(import.form, row->form);
        assert_non_null(import_form_name(import.form));
        expect_keys(row->text, &import, row->keys, row->masters);
        expect_part(row->text, buffer_text(&import.notes), row->notes ? row->notes : "");
        if (!row->notes)
            assert_string_equal(buffer_text(&import.notes), "");
        assert_int_equal(import.skipped, row->skipped);
        import_finish(&import);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *notes;
    } refused[] = {
        {"", "no usable key"},
        {"\n\n# x\n", "no usable key"},
        {"{}", "unknown form of JSON"},
        {"[]", "unknown form of JSON"},
        {"[\"" OAUTH_1 "\"]", "unknown form of JSON"},
        {"{\"token\":\"" OAUTH_1 "\"}", "unknown form of JSON"},
        {"{\"accounts\":\n{\"a\":}", "line 2, column 6"},
        {"  {\"keys\":[", "line 1"},
        {"{\"keys\":[{\"name\":\"a\",\"token\":\"" OAUTH_1 "\",\"priority\":\"x\"}]}",
         "keys[0].priority"},
        {"{\"keys\":5}", "keys"},
        {"{\"accounts\":{}}", "no usable key"},
        {"{\"accounts\":{\"a\":{}}}",
         "accounts.a: there is no token; skipped\nit holds no usable key"},
        {"hello\nworld", "line 2: "},
        {"PATH=/bin\n", "line 1: "},
        {"CLAUDE_CODE_OAUTH_TOKEN=\n", "no usable key"},
    };
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct import import;
        int r = read_text(refused[i].text, strlen(refused[i].text), &import);
        if (r != -EINVAL)
            fail_msg("%s: %d", refused[i].text, r);
        expect_part(refused[i].text, buffer_text(&import.notes), refused[i].notes);
        import_finish(&import);
    }
}

/* Bytes that are no text are refused, not read past. */
static void test_bytes(void **state)
{
    (void)state;
    static const char text[] = "a=\0" OAUTH_1 "\n" OAUTH_1 "\0\n\0\xff\"\n=\n'\n\"\\";
    for (size_t length = 0; length < sizeof text; length++) {
        struct import import;
        (void)read_text(text, length, &import);
        import_finish(&import);
    }
}

/* Every beginning of every form of the table: no crash, no token in a message. */
static void test_cut_short(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t length = 0; length < strlen(rows[i].text); length++) {
            struct import import;
            int r = read_text(rows[i].text, length, &import);
            assert_true(r == 0 || (r == -EINVAL && import.notes.length > 0));
            import_finish(&import);
        }
    }
}

struct merge {
    const char *file, *text, *prefix;
    const char *after, *notes, *added;
    size_t count, skipped;
};

static void check_merge(const struct merge *row)
{
    struct import import;
    struct buffer added = {0}, text = {0};
    size_t count = 42;
    cJSON *file = json_parse(row->file, strlen(row->file), NULL);
    assert_int_equal(read_text(row->text, strlen(row->text), &import), 0);
    assert_int_equal(import_merge(&import, row->prefix, file, &added, &count), 0);
    char *printed = json_print(file, false);
    if (strcmp(printed, row->after) != 0)
        fail_msg("%s: expected %s, got %s", row->text, row->after, printed);
    expect_part(row->text, buffer_text(&import.notes), row->notes);
    if (!*row->notes)
        assert_string_equal(buffer_text(&import.notes), "");
    assert_string_equal(buffer_text(&added), row->added);
    assert_int_equal(count, row->count);
    assert_int_equal(import.skipped, row->skipped);
    expect_no_secret(row->text, buffer_text(&import.notes));
    expect_no_secret(row->text, buffer_text(&added));
    json_free_text(printed);
    json_destroy(file);
    import_finish(&import);
    buffer_finish(&added);
    buffer_finish(&text);
}

static void test_merge(void **state)
{
    (void)state;
    static const struct merge merges[] = {
        {"{\"keys\":[]}", "home=" OAUTH_1 "\n" API_1, "",
         "{\"keys\":[" HOME "," NAMED("key2", API_1) "]}", "",
         "\"home\" (oauth, sk-ant-oat01-…0001)\n\"key2\" (api, sk-ant-api03-…0001)\n", 2, 0},
        {"{}", API_1, "ci-", "{\"keys\":[" NAMED("ci-key1", API_1) "]}", "",
         "\"ci-key1\" (api, sk-ant-api03-…0001)\n", 1, 0},
        {"{\"keys\":[" NAMED("home", API_1) "," NAMED("home-2", API_2) "]}", "home=" OAUTH_1, "",
         "{\"keys\":[" NAMED("home", API_1) "," NAMED("home-2", API_2) ",{\"name\":\"home-3\","
                                                                       "\"token\":\"" OAUTH_1
                                                                       "\"," ADDED "}]}",
         "the name \"home\" is taken: it comes in as \"home-3\"\n",
         "\"home-3\" (oauth, sk-ant-oat01-…0001)\n", 1, 0},
        {"{\"keys\":[" NAMED("a-home", API_1) "]}", "home=" API_2 "\nhome=" API_3, "a-",
         "{\"keys\":[" NAMED("a-home", API_1) "," NAMED("a-home-2", API_2) "," NAMED("a-home-3",
                                                                                     API_3) "]}",
         "the name \"a-home\" is taken: it comes in as \"a-home-3\"\n",
         "\"a-home-2\" (api, sk-ant-api03-…0002)\n\"a-home-3\" (api, sk-ant-api03-…0003)\n", 2, 0},
        {"{\"keys\":[" NAMED("key2", API_1) "]}", API_2, "",
         "{\"keys\":[" NAMED("key2", API_1) "," NAMED("key3", API_2) "]}", "",
         "\"key3\" (api, sk-ant-api03-…0002)\n", 1, 0},
        {"{\"keys\":[" NAMED("x", OAUTH_1) "]}", "home=" OAUTH_1 "\n" OAUTH_1, "",
         "{\"keys\":[" NAMED("x", OAUTH_1) "]}",
         "home: \"x\" has the same secret; skipped\na key without a name: \"x\" has the same "
         "secret; skipped\n",
         "", 0, 2},
        {"{\"keys\":[]}", API_1 "\n" API_1, "", "{\"keys\":[" NAMED("key1", API_1) "]}",
         "a key without a name: \"key1\" has the same secret; skipped\n",
         "\"key1\" (api, sk-ant-api03-…0001)\n", 1, 1},
        {"{\"keys\":[]}", "ANTHROPIC_API_KEY=" API_1, "",
         "{\"keys\":[],\"master\":" NAMED("master", API_1) "}", "",
         "\"master\" (api, sk-ant-api03-…0001), as the master key\n", 1, 0},
        {"{\"keys\":[" NAMED("master", API_2) "]}", "ANTHROPIC_API_KEY=" API_1, "",
         "{\"keys\":[" NAMED("master", API_2) "],\"master\":" NAMED("master-2", API_1) "}", "",
         "\"master-2\" (api, sk-ant-api03-…0001), as the master key\n", 1, 0},
        {"{\"keys\":[],\"master\":" NAMED("big", API_2) "}", "ANTHROPIC_API_KEY=" API_1, "",
         "{\"keys\":[],\"master\":" NAMED("big", API_2) "}",
         "the master key: \"big\" is the master key already, and there is only one; skipped\n", "",
         0, 1},
        {"{\"keys\":[],\"master\":" NAMED("big", API_1) "}", "ANTHROPIC_API_KEY=" API_1, "",
         "{\"keys\":[],\"master\":" NAMED("big", API_1) "}",
         "the master key: \"big\" has the same secret; skipped\n", "", 0, 1},
        /* A profile names its keys by what they are called here, one that was there among them. */
        {"{\"keys\":[" NAMED("old", API_1) "]}",
         "{\"keys\":{\"1\":{\"token\":\"" API_1 "\"},\"2\":{\"token\":\"" API_2
         "\",\"label\":\"Two\"}},\"profiles\":{\"d\":{\"port\":4080,\"keyOrder\":[\"2\",\"1\","
         "\"2\",\"x\"]},\"e\":[\"x\"]}}",
         "a-",
         "{\"keys\":[" NAMED("old", API_1) "," NAMED("a-Two", API_2) "],\"profiles\":{\"d\":{"
                                                                     "\"keys\":[\"a-Two\",\"old\"],"
                                                                     "\"port\":4080}}}",
         "1: \"old\" has the same secret; skipped\nthe profile \"e\" has none of these keys; "
         "skipped\n",
         "\"a-Two\" (api, sk-ant-api03-…0002)\nprofile \"d\": \"a-Two\", \"old\"\n", 1, 1},
        {"{\"keys\":[{\"name\":\"t\",\"token_command\":[\"x\",\"y\"]}],\"later\":1}",
         "{\"keys\":[{\"name\":\"u\",\"token_command\":[\"x\",\"y\"]},{\"name\":\"t\","
         "\"token_command\":[\"x\"]}]}",
         "",
         "{\"keys\":[{\"name\":\"t\",\"token_command\":[\"x\",\"y\"]},{\"name\":\"t-2\","
         "\"token_command\":[\"x\"]}],\"later\":1}",
         "u: \"t\" has the same secret; skipped\nthe name \"t\" is taken",
         "\"t-2\" (by a command)\n", 1, 1},
    };
    for (size_t i = 0; i < COUNT(merges); i++)
        check_merge(&merges[i]);
}

/* Names are cut between characters, and stay ones that a key file takes. */
static void test_long_names(void **state)
{
    (void)state;
    struct buffer text = {0}, added = {0}, printed = {0};
    struct keyring_report report = {0};
    struct keyring ring;
    struct import import;
    size_t count;
    for (size_t i = 0; i < 3; i++)
        buffer_append_format(&text,
                             "ääääääääääääääääääääääääääääääääääääääääääääääää%c"
                             "=sk-ant-api03-FAKE-%zu\n",
                             "ab"[i % 2], i);
    cJSON *file = keyedit_new();
    assert_int_equal(read_text(buffer_text(&text), text.length, &import), 0);
    assert_int_equal(import_merge(&import, "a prefix: 20 letters", file, &added, &count), 0);
    assert_int_equal(count, 3);
    keyedit_print(file, &printed);
    if (keyfile_parse(buffer_text(&printed), printed.length, &ring, &report) != 0)
        fail_msg("%s", buffer_text(&report.errors));
    assert_string_equal(ring.keys[0].name, "a prefix: 20 lettersääääääääääääääääääääää");
    assert_string_equal(ring.keys[1].name, "a prefix: 20 lettersäääääääääääääääääää-2");
    assert_string_equal(ring.keys[2].name, "a prefix: 20 lettersäääääääääääääääääää-3");
    keyring_finish(&ring);
    json_destroy(file);
    import_finish(&import);
    buffer_finish(&text);
    buffer_finish(&added);
    buffer_finish(&printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bytes), cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_merge), cmocka_unit_test(test_long_names),
    };
    return cmocka_run_group_tests(tests, start_libraries, NULL);
}
