# status, reset and keys list.
load helpers

trouble() {
  echo "{\"keys\": [$(entry home), $(entry work '"organization": "acme"'), $(entry off '"disabled": true'), $(entry spare)],
    \"master\": $(entry api:billing)}" | keyfile
  fails home auth
  fails work throttled
  tcr -- client
  assert_used 'home work spare'
}

@test "status --json: the schema" {
  trouble
  tcr status --json
  assert_status 0
  assert_no_stderr
  "$PYTHON" - "$out" <<'END'
import json, sys, time
root = json.load(open(sys.argv[1]))
assert root["version"] == 1, root
assert abs(root["now"] - time.time()) < 30, root["now"]
assert root["next"] == "spare", root["next"]
always = {"name": str, "kind": str, "master": bool, "state": str, "runs_now": int, "failures": int, "runs": int,
          "last_used": int, "last_failed": int}
keys = {key["name"]: key for key in root["keys"]}
assert list(keys) == ["home", "work", "off", "spare", "billing"], list(keys)
for key in keys.values():
    for field, kind in always.items():
        assert type(key[field]) is kind, (key["name"], field, key.get(field))
    if key["state"] == "cooling":
        assert key["class"] and key["until"] > root["now"], key
    else:
        assert "until" not in key, key
assert {name: key["state"] for name, key in keys.items()} == {
    "home": "cooling", "work": "cooling", "off": "disabled", "spare": "ready", "billing": "ready"}
assert {name: key["kind"] for name, key in keys.items()} == {
    "home": "oauth", "work": "oauth", "off": "oauth", "spare": "oauth", "billing": "api"}
assert [name for name, key in keys.items() if key["master"]] == ["billing"]
assert keys["home"]["class"] == keys["home"]["last_class"] == "auth"
assert 3500 < keys["home"]["until"] - root["now"] <= 3600
assert keys["home"]["failures"] == 1 and keys["home"]["runs"] == 1
assert abs(keys["home"]["last_failed"] - root["now"]) < 30
assert keys["work"]["organization"] == "acme" and keys["work"]["class"] == "throttled"
assert keys["spare"]["runs"] == 1 and keys["spare"]["failures"] == 0 and keys["spare"]["last_failed"] == 0
END
}

@test "status: a table for people, the next key marked, no escape sequences into a file" {
  trouble
  tcr status
  assert_status 0
  assert_stdout_has '^ *KEY +KIND +STATE'
  assert_stdout_has '^  home +oauth +auth error until .*\(in '
  assert_stdout_has '^  work +oauth +throttled until .*\(in '
  assert_stdout_has '^  off +oauth +disabled'
  assert_stdout_has '^> spare +oauth +ready'
  assert_stdout_has '^  billing +master'
  assert_stdout_has '^next: spare$'
  ! grep $'\033' "$out"
}

@test "status: without any state, and with nothing ready" {
  pool a
  tcr status
  assert_status 0
  assert_stdout_has '^> a +oauth +ready'
  fails a
  tcr -- client
  tcr status
  assert_stdout_has '^next: none is ready'
  tcr status --json
  assert_equal "$(jq .next "$out")" null
}

@test "status changes nothing" {
  trouble
  cp "$state/state.json" "$scratch/before"
  tcr status
  tcr status --json
  tcr keys list
  cmp "$scratch/before" "$state/state.json"
}

@test "status: names that are wide or in other letters stand in their columns" {
  echo "{\"keys\": [$(entry a '"priority": 1')]}" | sed 's/"name": "a"/"name": "Schlüssel für Ärzte"/' | keyfile
  tcr status
  assert_stdout_has '^> Schlüssel für Ärzte  oauth '
  "$PYTHON" - "$out" <<'END'
import sys
header, row = open(sys.argv[1], encoding="utf-8").read().splitlines()[2:4]
assert header.index("KIND") == row.index("oauth"), (header, row)
END
}

@test "status --json: after a rest is over the key is ready, and what it did is still known" {
  pool a b
  fails a
  tcr -- client
  age 400
  tcr status --json
  assert_equal "$(jq -c '.keys[0] | [.state, .failures, .last_class]' "$out")" '["ready",1,"limit"]'
}

@test "reset NAME forgets that one's rest, reset all of them" {
  pool a b c
  fails a; fails b
  tcr -- client
  works a b
  tcr reset b
  assert_status 0
  assert_stderr_has 'forgot the rests and failures of "b"$'
  tcr status --json
  assert_equal "$(jq -c '[.keys[].state]' "$out")" '["cooling","ready","ready"]'
  tcr reset
  assert_status 0
  tcr status --json
  assert_equal "$(jq -c '[.keys[].state]' "$out")" '["ready","ready","ready"]'
  assert_equal "$(jq -c '[.keys[].failures]' "$out")" '[0,0,0]'
}

@test "reset: several names, the master, an organization" {
  trouble
  works home work
  tcr reset home work billing
  assert_status 0
  tcr status --json
  assert_equal "$(jq -c '[.keys[].state]' "$out")" '["ready","ready","disabled","ready","ready"]'
}

@test "reset: one name that is not there, and nothing is forgotten" {
  pool a b
  fails a
  tcr -- client
  tcr reset a nobody
  assert_status 125
  assert_stderr_has 'no key "nobody"'
  tcr status --json
  assert_equal "$(jq -r '.keys[0].state' "$out")" cooling
}

@test "reset: nothing to forget is said, and is no failure" {
  pool a
  tcr -- client
  tcr reset
  assert_status 0
  assert_stderr_has 'nothing'
}

@test "keys list: the kind, where it comes from, and a token nobody could use" {
  mkdir -m 700 "$config/secrets"
  (umask 077; token api:file > "$config/secrets/a")
  long=sk-ant-oat01-FAKE-$(head -c 60 /dev/zero | tr '\0' x)-x9Qa
  echo "{\"keys\": [{\"name\": \"home\", \"token\": \"$long\"}, {\"name\": \"ci\", \"token_file\": \"secrets/a\", \"organization\": \"acme\"},
    {\"name\": \"vault\", \"token_command\": [\"false\"]}, {\"name\": \"team\", \"config_dir\": \"~/.claude-team\"},
    {\"name\": \"lost\", \"token_file\": \"nowhere\"}], \"master\": $(entry api:billing)}" | keyfile
  tcr keys list
  assert_status 0
  assert_stdout_has '^home +oauth +sk-ant-oat01-…x9Qa +- +ready'
  assert_stdout_has '^ci +api +sk-ant-.*…[^ ]{0,4} +acme +ready'
  assert_stdout_has '^vault .*\(command\)'
  assert_stdout_has '^team +login +\(login folder\)'
  assert_stdout_has '^lost .*left out'
  assert_stdout_has '^billing +master'
  ! grep -E 'FAKE' "$out"
}

@test "keys list --json" {
  echo "{\"keys\": [$(entry home '"priority": 2, "organization": "acme"'), $(entry off '"disabled": true')], \"master\": $(entry api:billing)}" | keyfile
  tcr keys list --json
  assert_status 0
  assert_equal "$(jq -c '[.keys[] | [.name, .kind, .master, .priority, .disabled, .organization, .state]]' "$out")" \
    '[["home","oauth",false,2,false,"acme","ready"],["off","oauth",false,0,true,null,"disabled"],["billing","api",true,0,false,null,"ready"]]'
  ! grep -E 'FAKE-[a-z]+-0001' "$out"
}

@test "keys list does not run a token_command" {
  echo "{\"keys\": [{\"name\": \"v\", \"token_command\": [\"touch\", \"$scratch/asked\"]}]}" | keyfile
  for words in 'keys list' status 'status --json' reset; do tcr $words; done
  [ ! -e "$scratch/asked" ]
}

@test "all of them take --keys and --profile" {
  echo "{\"keys\": [$(entry a), $(entry b)], \"profiles\": {\"one\": {\"keys\": [\"b\"]}}}" | keyfile "$scratch/other.json"
  for words in 'keys list --json' 'status --json'; do
    tcr $words --keys "$scratch/other.json"
    assert_status 0
    assert_equal "$(jq -c '[.. | .name? // empty]' "$out")" '["a","b"]'
    tcr $words "--keys=$scratch/other.json" --profile one
    assert_equal "$(jq -c '[.. | .state? // empty]' "$out")" '["left out","ready"]'
    tcr $words -f "$scratch/other.json" -p one
    assert_equal "$(jq -c '[.. | .state? // empty]' "$out")" '["left out","ready"]'
  done
  tcr reset --keys "$scratch/other.json" a
  assert_status 0
}

@test "a faulty key file is refused by all of them" {
  echo '{' | keyfile
  for words in 'keys list' status 'status --json' reset; do
    tcr $words
    assert_status 125
    assert_no_stdout
    assert_stderr_has "$keys: line [0-9]+, column"
  done
}

@test "without keys: status 75" {
  for words in 'keys list' status 'status --json' reset; do
    tcr $words
    assert_status 75
    assert_no_stdout
  done
}

@test "a full disk under their output is no success" {
  pool a
  for words in 'keys list' status 'status --json' 'explain -- client'; do
    status=0
    within "$TCR_RUN" $words > /dev/full 2> "$err" < /dev/null || status=$?
    assert_status 125
    assert_stderr_has 'No space left'
  done
}
