# tcr-run keys import
load keys-helpers

# other FILE: another tool's file, from standard input, in the working folder.
other() {
  (umask 077 && cat > "$1")
}

import() {
  tcr keys import "$@"
  assert_status 0
}

@test "a file of accounts: names, refresh tokens and ends are kept" {
  other accounts.json <<END
{"accounts": {"me@example.org": {"accessToken": "$(token a)", "refreshToken": "sk-ant-ort01-FAKE-a-0001", "expiresAt": 4102444800123},
  "work": {"accessToken": "$(token b)"}}, "active": "work"}
END
  import accounts.json
  assert_stdout_has '^"me@example.org" \(oauth, sk-ant-.*0001\)$'
  assert_equal "$(in_file '.keys[0]')" \
    '{"name":"me@example.org","token":"sk-ant-oat01-FAKE-a-0001","refresh_token":"sk-ant-ort01-FAKE-a-0001","expires":4102444800}'
  assert_equal "$(in_file '.keys[1] | [.name, .token, (.added > 1700000000)]')" '["work","sk-ant-oat01-FAKE-b-0001",true]'
  assert_stderr_has 'accounts.json: tcr-run renews 1 of these logins'
  assert_equal "$(sentences "$err" | tail -n 1)" "tcr-run: $keys: took 2 keys from accounts.json, a file of accounts"
  assert_mode 600 "$keys"
  fails a
  tcr -- client
  assert_used 'a b'
}

@test "a file of named keys" {
  other named.json <<END
{"keys": {"1": {"token": "$(token a)", "label": "Home, \"sweet\""}, "ci": {"token": "$(token api:b)", "enabled": false}},
  "profiles": {"day": {"port": 4080, "keyOrder": ["ci", "1"]}, "none": {"keyOrder": ["x"]}}, "cooldownMs": 5}
END
  import named.json
  assert_equal "$(names)" 'Home- -sweet- ci'
  assert_equal "$(in_file '.keys[1].disabled')" true
  assert_equal "$(in_file .profiles)" '{"day":{"keys":["ci","Home- -sweet-"],"port":4080}}'
  assert_stdout_has '^profile "day": "ci", "Home- -sweet-"$'
  assert_stderr_has 'named.json: cooldownMs: not read'
  assert_stderr_has 'named.json: the profile "none" has none of these keys; skipped'
  assert_stderr_has 'took 2 keys and 1 profile from named.json'
  unchanged tcr keys import named.json
  assert_stderr_has 'the profile "day" is there already; skipped'
  tcr keys list --profile day
  assert_status 0
}

@test "Claude Code's login, with a word on how long it lasts" {
  other .credentials.json <<END
{"claudeAiOauth": {"accessToken": "$(token a)", "refreshToken": "sk-ant-ort01-FAKE-a-0001",
  "expiresAt": $(($(date +%s) * 1000 + 8 * 3600 * 1000)), "scopes": ["user:inference"], "subscriptionType": "max"}}
END
  import .credentials.json
  assert_equal "$(in_file '.keys[0] | [.name, .refresh_token]')" '["claude","sk-ant-ort01-FAKE-a-0001"]'
  assert_stderr_has 'tcr-run renews 1 of these logins; use them in no other program$'
}

@test "a .env file: as the environment would be read" {
  other .env <<END
# the keys
export CLAUDE_CODE_OAUTH_TOKEN="$(token a)"
ANTHROPIC_API_KEY='$(token api:m)' # billed
ANTHROPIC_API_KEYS="$(token api:b),
work=$(token api:c)"
PATH=/bin
NOTE=it's
CLAUDE_CODE_OAUTH_TOKEN_SIDE=$(token d)
END
  import .env
  assert_equal "$(in_file '[.keys[] | [.name, .token]]')" "$(jq -nc --arg a "$(token a)" --arg b "$(token api:b)" --arg c "$(token api:c)" --arg d "$(token d)" \
    '[["claude",$a],["anthropic-1",$b],["work",$c],["SIDE",$d]]')"
  assert_equal "$(in_file '[.master.name, .master.token]')" "[\"master\",\"$(token api:m)\"]"
  assert_stderr_has 'took 5 keys from .env, a file of variables'
}

@test "a .env file with keys of all kinds; what is another program's is said" {
  other .env <<END
OPENAI_API_KEYS=sk-proj-FAKE-0001,side=sk-proj-FAKE-0002
CURSOR_API_KEYS=key_FAKE-0003
OPENAI_API_KEY=sk-proj-FAKE-0004
ANTHROPIC_AUTH_TOKEN=FAKE-proxy-0005
MISTRAL_API_KEY=FAKE-0006
ANTHROPIC_BASE_URL=https://proxy.corp
END
  import .env
  assert_equal "$(in_file '[.keys[] | [.name, .kind, .base_url]]')" '[["openai-1","openai",null],["side","openai",null],["cursor-1","cursor",null],["openai","openai",null],["bearer","bearer","https://proxy.corp"]]'
  assert_stderr_has '.env: line 5: MISTRAL_API_KEY: it is another program.s; tcr-run keys add --kind env:VARIABLE adds such a key; skipped'
  assert_stderr_has 'took 5 keys from .env, a file of variables; 1 was skipped'
  tcr --kind openai -- sh -c 'echo $OPENAI_API_KEY'
  assert_stdout 'sk-proj-FAKE-0001'
}

@test "the environment itself, through a pipe" {
  within sh -c "CLAUDE_CODE_OAUTH_TOKEN=$(token a) ANTHROPIC_API_KEY=$(token api:m) env" > "$scratch/environment"
  input=$scratch/environment import -
  assert_equal "$(in_file '[.keys[0].token, .master.token]')" "[\"$(token a)\",\"$(token api:m)\"]"
}

@test "a token a line, with names or without" {
  printf '%s\r\n\r\n# x\r\nwork = %s\r\n' "$(token a)" "$(token b)" | other list
  import list
  assert_equal "$(names)" 'key1 work'
  assert_equal "$(in_file '[.keys[].token]')" "[\"$(token a)\",\"$(token b)\"]"
}

@test "our own file: whole keys, and files they name are still found" {
  mkdir -m 700 far far/secrets
  (umask 077; token b > far/secrets/b)
  other far/keys.json <<END
{"keys": [$(entry a '"organization": "acme", "later": [1]'), {"name": "b", "token_file": "secrets/b", "priority": 2}],
  "master": $(entry api:m '"at_most": "5/day"'), "policy": {"retries": 1}}
END
  import far/keys.json
  assert_equal "$(in_file '.keys[0] | [.organization, .later]')" '["acme",[1]]'
  assert_equal "$(in_file '.keys[1]')" "{\"name\":\"b\",\"token_file\":\"$PWD/far/secrets/b\",\"priority\":2}"
  assert_equal "$(in_file '[.master.name, .master.at_most, .policy]')" '["m","5/day",null]'
  assert_stderr_has 'profiles and policy: not read'
  fails a
  tcr -- client
  assert_used 'a b'
}

@test "our own file, sealed" {
  pool a b
  passphrase 'one horse'
  tcr keys seal
  mv "$keys" sealed.json
  import sealed.json
  assert_equal "$(names)" 'a b'
  passphrase 'two horse'
  unchanged tcr keys import sealed.json
  assert_refused
  assert_stderr_has '^tcr-run: sealed.json: wrong passphrase'
}

@test "nothing is overwritten: names that are taken get a number, secrets that are there stay alone" {
  pool home b --master api:m
  printf 'home=%s\nother=%s\nTCR_MASTER_KEY=%s\n%s\n' "$(token x)" "$(token b)" "$(token api:n)" "$(token x)" | other list
  import list
  assert_equal "$(names)" 'home b home-2'
  assert_equal "$(in_file '[.keys[].token]')" "[\"$(token home)\",\"$(token b)\",\"$(token x)\"]"
  assert_equal "$(in_file .master.token)" "\"$(token api:m)\""
  assert_stderr_has 'the name "home" is taken: it comes in as "home-2"'
  assert_stderr_has 'other: "b" has the same secret; skipped'
  assert_stderr_has 'the master key: "m" is the master key already, and there is only one; skipped'
  assert_stderr_has 'took 1 key from list, a file of variables; 3 were skipped'
  # The same again brings nothing new, and is no failure.
  unchanged tcr keys import list
  assert_status 0
  assert_stderr_has 'took 0 keys from list, a file of variables; 4 were skipped'
}

@test "--prefix goes before every name" {
  printf 'home=%s\n%s\n' "$(token a)" "$(token b)" | other list
  import list --prefix acme-
  assert_equal "$(names)" 'acme-home acme-key2'
  unchanged tcr keys import list --prefix 'a prefix of more than 20'
  assert_refused
  assert_stderr_has -- '--prefix: expected at most 20 bytes, found 24'
  echo "x=$(token c)" | other list
  unchanged tcr keys import list --prefix 'a"b'
  assert_refused
  assert_stderr_has 'name: holds a control character, a quote or a comma'
}

@test "--dry-run shows what would come in, and writes nothing" {
  printf 'home=%s\nTCR_MASTER_KEY=%s\nANTHROPIC_API_KEYS=FAKE\n' "$(token home)" "$(token api:billing)" | other list
  import list --dry-run
  assert_stdout '"home" (oauth, sk-ant-oat01-…0001)
"master" (api, sk-ant-api03-…0001), as the master key'
  assert_stderr_has 'line 3: unknown kind of token'
  assert_stderr_has 'would take 2 keys from list, a file of variables; 1 was skipped'
  assert_equal "$(ls -A "$config")" ''
  import list --dry-run --keys nowhere/keys.json
  [ ! -e nowhere ]
  pool b
  unchanged tcr keys import list --dry-run
  assert_status 0
}

@test "what cannot be used is skipped with its place, never its text" {
  other accounts.json <<END
{"accounts": {"a": {"accessToken": "$(token a)"}, "none": {}, "odd": {"accessToken": "SECRET-of-no-kind"},
  "$(token name)": {"accessToken": "two SECRET"}, "n": null}}
END
  import accounts.json
  assert_equal "$(names)" a
  refute_stderr_has SECRET
  for place in accounts.none accounts.odd 'accounts\[3\]' accounts.n; do
    assert_stderr_has "^tcr-run: accounts.json: $place: .*; skipped\$"
  done
  printf '%s\nSECRET\nx=SECRET\n' "$(token b)" | other list
  import list
  refute_stderr_has SECRET
  assert_stderr_has 'list: line 2: .*skipped'
  assert_stderr_has 'list: line 3: .*skipped'
}

@test "a file of no known form, a broken one, an empty one, none" {
  pool home
  while IFS='|' read -r text pattern; do
    printf '%s' "$text" | other file
    unchanged tcr keys import file
    assert_refused
    assert_stderr_has "^tcr-run: file: .*$pattern"
  done <<'END'
|it holds no usable key
{"tokens": []}|unknown form of JSON; expected
{"accounts": {"a":|line 1, column 1[0-9]: it begins like JSON
{"keys": [{"name": "x", "token": "SECRET"}]}|keys\[0\].token: .*unknown kind of token
hello|line 1: .*skipped
END
  refute_stderr_has SECRET
  unchanged tcr keys import nowhere
  assert_refused
  assert_stderr_has 'nowhere: No such file'
  mkdir folder
  unchanged tcr keys import folder
  assert_refused
  mkfifo fifo
  unchanged tcr keys import fifo
  assert_refused
  assert_stderr_has 'not a regular file'
  unchanged tcr keys import
  assert_refused
  unchanged tcr keys import a b
  assert_refused
}

@test "a file that others can read is read, and it is said" {
  (umask 022; token a > list)
  import list
  assert_stderr_has 'list: its mode 0644 gives others access to your keys; fix: chmod 600 list'
  assert_equal "$(names)" key1
}

@test "imports at once lose nothing" {
  for i in $(seq 12); do
    echo "n$i=$(token "n$i")" | other "list$i"
  done
  for i in $(seq 12); do
    within "$TCR_RUN" keys import "list$i" 2> "$scratch/stderr.$i" &
  done
  wait
  assert_equal "$(in_file '[.keys[].name] | unique | length')" 12
}

@test "a key file that somebody makes while we look for it is no broken link" {
  command -v strace > /dev/null || skip "no strace"
  extra_env=(ASAN_OPTIONS=detect_leaks=0) # not beside strace
  echo "late=$(token late)" | other list
  other_one='{"keys":[{"name":"first","token":"'$(token first)'"}]}'
  mkdir -p "$config"
  within strace -qq -o /dev/null -P "$keys" -e trace=readlink,readlinkat -e inject=readlink,readlinkat:delay_exit=1000000:when=1 "$TCR_RUN" keys import list 2> "$scratch/stderr" &
  sleep 0.5
  (umask 077 && echo "$other_one" > "$keys")
  wait $! || fail "$(cat "$scratch/stderr")"
  assert_equal "$(in_file '[.keys[].name] | sort | join(" ")')" '"first late"'
}

@test "1,000 tokens" {
  for i in $(seq 1000); do echo "n$i=$(token "n$i")"; done | other list
  import list
  assert_equal "$(in_file '.keys | length')" 1000
  assert_ms "$took" 0 10000
}

@test "import says which keys it took, and that the master is billed" {
  printf 'ANTHROPIC_API_KEY=%s\nCLAUDE_CODE_OAUTH_TOKEN=%s\n' "$(token api:billing)" "$(token home)" > m.env
  chmod 644 m.env
  tcr keys import m.env
  assert_status 0
  assert_stdout_has '^"claude" \(oauth, sk-ant-.*0001\)$'
  assert_stdout_has '^"master" \(api, sk-ant-.*0001\), as the master key$'
  assert_stderr_has 'warning: m.env: its mode 0644'
  assert_stderr_has 'warning: "master" is the master key, which is billed; to limit it: tcr-run keys set master --at-most 20/day$'
  printf 'CLAUDE_CODE_OAUTH_TOKEN=%s\n' "$(token other)" > n.env
  tcr keys import n.env
  refute_stderr_has billed
}
