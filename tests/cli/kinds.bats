# Pools of several kinds: the plural variables, --kind.
load helpers

# What a command was given of all kinds; a pool is one token, and then another, of each.
shows='for v in CLAUDE_CODE_OAUTH_TOKEN ANTHROPIC_API_KEY OPENAI_API_KEY CURSOR_API_KEY; do
  eval "[ -z \"\${$v+x}\" ] || echo $v=\$$v"
done
env | grep -q "S=.*FAKE" && env | grep "^[A-Z_]*S="
true'

four_pools() {
  rm -f "$keys"
  prints_tokens=yes
  extra_env=("CLAUDE_CODE_OAUTH_TOKENS=$(token o1),$(token o2)" "ANTHROPIC_API_KEYS=$(token api:a1)"
    "OPENAI_API_KEYS=$(openai p1),$(openai p2)" "CURSOR_API_KEYS=key_FAKE-c1-0001")
}

@test "by default the command gets one key of Anthropic's, and nothing of the lists" {
  four_pools
  tcr -- sh -c "$shows"
  assert_stdout "CLAUDE_CODE_OAUTH_TOKEN=$(token o1)"
}

@test "--kind: one key of that kind on its singular name, and nothing of the lists" {
  four_pools
  while read -r kind expected; do
    tcr --kind "$kind" -- sh -c "$shows"
    assert_stdout "$expected"
  done << ROWS
anthropic CLAUDE_CODE_OAUTH_TOKEN=$(token o1)
oauth CLAUDE_CODE_OAUTH_TOKEN=$(token o1)
api ANTHROPIC_API_KEY=$(token api:a1)
openai OPENAI_API_KEY=$(openai p1)
cursor CURSOR_API_KEY=key_FAKE-c1-0001
ROWS
}

@test "--kind A,B: one key of each" {
  four_pools
  tcr --kind openai,anthropic -- sh -c "$shows"
  assert_stdout "CLAUDE_CODE_OAUTH_TOKEN=$(token o1)
OPENAI_API_KEY=$(openai p1)"
  tcr --kind api,cursor,oauth,openai -- sh -c "$shows"
  assert_stdout "CLAUDE_CODE_OAUTH_TOKEN=$(token o1)
ANTHROPIC_API_KEY=$(token api:a1)
OPENAI_API_KEY=$(openai p1)
CURSOR_API_KEY=key_FAKE-c1-0001"
}

@test "the lists go to no command, whatever --keep says" {
  four_pools
  tcr --kind openai --keep '*' -- sh -c "$shows"
  assert_stdout "OPENAI_API_KEY=$(openai p1)"
}

@test "an inherited key of an asked kind is replaced, not passed on" {
  four_pools
  extra_env+=(OPENAI_API_KEY=sk-FAKE-inherited)
  tcr --kind openai,anthropic -- sh -c 'echo "$OPENAI_API_KEY"; env | grep -c "^OPENAI_API_KEY="'
  assert_stdout "$(openai p1)"$'\n''1'
}

@test "a pool of one other kind needs no --kind, one of several does" {
  four_pools
  extra_env=("OPENAI_API_KEYS=$(openai p1),$(openai p2)")
  tcr -- sh -c "$shows"
  assert_stdout "OPENAI_API_KEY=$(openai p1)"
  extra_env+=("CURSOR_API_KEYS=key_FAKE-c1-0001")
  tcr -- client
  assert_refused
  assert_stderr_has 'several kinds \(openai, cursor\); say with --kind'
  tcr --kind cursor -- sh -c "$shows"
  assert_stdout 'CURSOR_API_KEY=key_FAKE-c1-0001'
}

@test "a list of another kind does not stand in the way of Anthropic's single key" {
  four_pools
  extra_env=("OPENAI_API_KEYS=$(openai p1)" "ANTHROPIC_API_KEY=$(token api:a1)")
  tcr -- sh -c "$shows"
  assert_stdout "ANTHROPIC_API_KEY=$(token api:a1)"
}

@test "the kinds of a key file work like those of the variables, other programs' by their variable" {
  prints_tokens=yes
  echo "{\"keys\": [$(entry a), {\"name\": \"p\", \"token\": \"$(openai p1)\", \"kind\": \"openai\"},
    {\"name\": \"g\", \"token\": \"FAKE-own-0001\", \"kind\": {\"env\": \"GEMINI_API_KEY\"}}]}" | keyfile
  tcr --kind GEMINI_API_KEY,openai -- sh -c 'echo "$GEMINI_API_KEY $OPENAI_API_KEY ${CLAUDE_CODE_OAUTH_TOKEN-none}"'
  assert_stdout "FAKE-own-0001 $(openai p1) none"
}

@test "--kind: what cannot be meant is refused, with what could be" {
  four_pools
  while IFS='|' read -r kind expected; do
    tcr --kind "$kind" -- client
    assert_refused
    assert_stderr_has "$expected"
  done << 'ROWS'
opnai|unknown kind "opnai"; write anthropic, oauth, api, bearer, openai, cursor or the variable
openai,|unknown kind ""
anthropic,api|"anthropic" and "api" ask for the same keys
openai,openai|"openai" and "openai" ask for the same keys
ROWS
  tcr --kind openai -- claude -p hello
  assert_refused
  assert_stderr_has 'Claude Code needs a key of Anthropic.s; add anthropic'
}

@test "--kind: without a key of one of the kinds nothing is run" {
  four_pools
  extra_env=("CLAUDE_CODE_OAUTH_TOKENS=$(token o1)" "OPENAI_API_KEYS=$(openai p1)")
  tcr --kind anthropic,cursor -- client
  assert_refused 75
}

@test "a token of Anthropic's among another kind's is refused without showing it" {
  rm -f "$keys"
  extra_env=("OPENAI_API_KEYS=$(openai p1),$(token o1)")
  tcr -- client
  assert_refused
  assert_stderr_has "OPENAI_API_KEYS: key 2: this is a token of Anthropic's"
}

@test "each kind has a cursor of its own; the main one stays where it was" {
  two_kinds
  plays p2 "exit 9"
  plays p1 "exit 9"
  tcr -- client
  before=$(jq -r .cursor "$state/state.json")
  fresh --kind openai --exit-class 9=limit -- client
  assert_used 'p1 p2'
  assert_equal "$(jq -r .cursor "$state/state.json")" "$before"
  works p1 p2
  age 600
  plays p1 "exit 9"
  fresh --kind openai --exit-class 9=limit -- client
  assert_used 'p1 p2'
  fresh --kind openai -- client
  assert_used p2
  fresh -- client
  assert_used o1
}

@test "a state without cursors of kinds is read, and its cursor counts for them" {
  rm -f "$keys"
  extra_env=("OPENAI_API_KEYS=$(openai p1),$(openai p2)")
  fails p1
  tcr -- client
  assert_used 'p1 p2'
  change_state '.cursor = .pools.openai.cursor | del(.pools)'
  works p1
  age 600
  fresh -- client
  assert_used p2
}

@test "several kinds: the one whose provider's message it is rotates, the other stays" {
  two_kinds
  plays o1p1 'echo "openai.RateLimitError: Error code: 429 - {}" >&2; exit 1'
  plays o1p2 "echo '$(sentence limit)'; exit 1"
  tcr --kind anthropic,openai -- pair
  assert_status 0
  assert_used 'o1p1 o1p2 o2p2'
  assert_equal "$(record o1 .failures) $(record p1 .failures) $(record p2 .failures)" '1 1 0'
  assert_stderr_has '"p1" is being rate limited .*using "p2" \(2 of 2\)'
  assert_stderr_has '"o1" reached its usage limit .*using "o2" \(2 of 2\)'
}

@test "several kinds: a line that names one of the variables tells which" {
  two_kinds
  plays o1p1 'echo "quota of OPENAI_API_KEY is used up"; exit 1'
  tcr --kind anthropic,openai --marker 'limit=used up' -- pair
  assert_used 'o1p1 o1p2'
}

@test "several kinds: where nothing tells, each is suspected in turn, in --kind's order" {
  two_kinds
  plays o1p1 'exit 9'
  plays o2p1 'exit 9'
  tcr --kind anthropic,openai --exit-class 9=limit -- pair
  assert_status 0
  assert_used 'o1p1 o2p1 o2p2'
  age 600
  plays o2p2 'exit 9'
  plays o2p1 'exit 9'
  fresh --kind openai,anthropic --exit-class 9=limit -- pair
  assert_used 'o2p2 o2p1 o1p1'
}

@test "several kinds: the master is spent on its own kind alone" {
  two_kinds
  extra_env+=("CLAUDE_FALLBACK_API_KEY=$(token api:m)")
  plays o1p1 'echo "openai.RateLimitError: Error code: 429 - {}" >&2; exit 1'
  plays o1p2 'echo "openai.RateLimitError: Error code: 429 - {}" >&2; exit 1'
  tcr --kind anthropic,openai -- pair
  assert_status 1
  assert_used 'o1p1 o1p2'
  assert_stderr_has '"p2" .*no other key is left'
}

@test "several kinds: a run holds a key of each" {
  two_kinds
  plays o1p1 'while [ -d "$PLAY" ] && [ ! -e "$PLAY/go" ]; do sleep 0.1; done'
  tcr_background --kind anthropic,openai -- pair
  eventually test -s "$play/.used"
  tcr status --json
  assert_equal "$(jq -c '[.keys[] | [.name, .runs_now]]' "$out")" '[["o1",1],["o2",0],["p1",1],["p2",0]]'
  fresh --kind openai,anthropic -- pair
  assert_used o2p2
  touch "$play/go"
  await
  assert_equal "$status" 0
}

@test "several kinds: success forgets the failures of each" {
  two_kinds
  plays o1p1 'echo "openai.RateLimitError: Error code: 429 - {}" >&2; exit 1'
  tcr --kind anthropic,openai -- pair
  age 600
  works o1p1
  forget_used
  change_state '.pools.openai.cursor = (.keys | to_entries[] | select(.value.name == "p1").key)'
  tcr --kind anthropic,openai -- pair
  assert_used o1p1
  assert_equal "$(record p1 .failures)" 0
}

@test "explain shows the keys of each kind, and the variables it sets" {
  two_kinds
  tcr explain --kind anthropic,openai -- pair
  assert_stdout_has '^keys of kind anthropic'
  assert_stdout_has '^keys of kind openai'
  assert_equal "$(grep -c 'would be used' "$out")" 2
  assert_stdout_has '^  \+ OPENAI_API_KEY$'
  assert_stdout_has '^  \+ CLAUDE_CODE_OAUTH_TOKEN$'
  assert_stdout_has '^  - OPENAI_API_KEYS$'
}

@test "--key of another kind asks for that kind; with --kind it must be of one named" {
  two_kinds
  tcr --key p2 -- client
  assert_used p2
  fresh --kind anthropic,openai --key p2 -- pair
  assert_used o1p2
  fresh --kind anthropic --key p2 -- client
  assert_refused
  assert_stderr_has '"p2" is not of a kind that --kind names'
}

@test "several kinds: a login folder and an API key" {
  echo "{\"keys\": [{\"name\": \"team\", \"config_dir\": \"$home/team\"}, $(entry api:a)]}" | keyfile
  mkdir "$home/team"
  for kinds in api,oauth oauth,api; do
    tcr --kind $kinds -- sh -c 'echo "$CLAUDE_SECURESTORAGE_CONFIG_DIR ${ANTHROPIC_API_KEY%0001}"'
    assert_stdout "$home/team sk-ant-api03-FAKE-a-"
  done
}

@test "several kinds: the descriptor is the key's that the client logs in with" {
  prints_tokens=yes
  two_kinds
  tcr --via fd --kind openai,anthropic -- sh -c 'cat /proc/self/fd/$CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR; echo " $OPENAI_API_KEY"'
  assert_stdout "$(token o1) $(openai p1)"
}

@test "status: what would be used next is of the kind that is used unasked" {
  echo "{\"keys\": [{\"name\": \"p\", \"token\": \"$(openai p1)\", \"kind\": \"openai\"}, $(entry a)]}" | keyfile
  tcr status --json
  assert_equal "$(jq -c '[.next, [.keys[].state]]' "$out")" '["a",["ready","ready"]]'
}
