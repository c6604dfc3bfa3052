# tcr-run status --json: what programs rely on (tcr-run-status(1)).
load helpers

# The value of a jq expression over the last output.
value() {
  jq -c "$1" "$out"
}

@test "every member that is promised, with its type, before the first run" {
  echo "{\"keys\": [$(entry home '"priority": 2, "organization": "acme", "expires": 1900000000'), $(entry api:ci)]}" | keyfile
  tcr status --json
  assert_status 0
  assert_no_stderr
  assert_equal "$(value 'keys_unsorted')" '["version","now","keys","next","master"]'
  assert_equal "$(value '[.version, .next, .master]')" '[1,"ci",null]'
  assert_between "$(value .now)" $(($(date +%s) - 60)) "$(date +%s)"
  assert_equal "$(value '.keys[0]')" '{"name":"home","kind":"oauth","master":false,"state":"ready","account_state":"available","runs_now":0,"priority":2,"organization":"acme","failures":0,"runs":0,"last_used":0,"last_failed":0,"ends":1900000000}'
  assert_equal "$(value '.keys[1]')" '{"name":"ci","kind":"api","master":false,"state":"ready","account_state":"available","runs_now":0,"priority":0,"failures":0,"runs":0,"last_used":0,"last_failed":0}'
}

@test "a key that rests: class, what, until, model" {
  pool home work
  plays home "printf '%s\n' \"You've hit your session limit · resets 11:21pm (UTC)\"; exit 1"
  tcr -- client
  tcr status --json
  assert_equal "$(value '.keys[0] | [.state, .class, .what, .failures, .runs, .last_class]')" '["cooling","limit","session limit",1,1,"limit"]'
  assert_equal "$(value '.keys[0].until')" "$(record home '.cooldowns[0].until')"
  assert_equal "$(value '.keys[0].last_failed')" "$(record home .last_failed)"
  assert_equal "$(value '.keys[0] | has("model")')" false
  change_state '.keys[] |= (.cooldowns[]?.model = "opus")'
  tcr status --json
  assert_equal "$(value '.keys[0].model')" '"opus"'
}

@test "states: disabled, in use, none is next" {
  echo "{\"keys\": [$(entry home '"disabled": true'), $(entry work)]}" | keyfile
  plays work 'sleep 20'
  tcr_background -- client
  eventually test -s "$play/.used"
  tcr status --json
  kill "$pid"
  assert_equal "$(value '[.keys[] | [.state, .runs_now]]')" '[["disabled",0],["ready",1]]'
  echo "{\"keys\": [$(entry home '"disabled": true')]}" | keyfile
  tcr status --json
  assert_equal "$(value .next)" null
}

@test "the master: uses, bound, period" {
  echo "{\"keys\": [$(entry home)], \"master\": $(entry api:billing '"at_most": "5/hour"')}" | keyfile
  fails home
  tcr -- client
  tcr status --json
  assert_equal "$(value .master)" '{"name":"billing","uses":1,"at_most":5,"period":3600}'
  assert_equal "$(value '.keys[1] | [.name, .master]')" '["billing",true]'
  assert_equal "$(value .next)" '"billing"'
  pool home --master api:billing
  tcr status --json
  assert_equal "$(value .master)" '{"name":"billing","uses":1,"at_most":null,"period":86400}'
}

@test "a kind that is not known yet is null" {
  echo '{"keys": [{"name": "a", "token_command": ["false"]}]}' | keyfile
  tcr status --json
  assert_equal "$(value '.keys[0].kind')" null
}

@test "names in every script survive" {
  echo "{\"keys\": [{\"name\": \"größe\\\\ €🔑\", \"token\": \"$(token a)\"}]}" | keyfile
  tcr status --json
  assert_equal "$(value '.keys[0].name')" '"größe\\ €🔑"'
}

@test "an organization with control characters is refused, and reaches no terminal" {
  printf '{"keys": [{"name": "a", "token": "%s", "organization": "x\xc2\x9b2Jy\xe2\x80\xaez"}]}' "$(token a)" | keyfile
  local form
  for form in --json --prometheus ''; do
    # shellcheck disable=SC2086 # none, or one word
    tcr status $form
    assert_status 125
    assert_stderr_has 'keys\[0\].organization: holds a control character'
    ! grep -q $'\x9b' "$out" "$err" || fail "$form: $(cat -v "$out" "$err")"
  done
}

# The windows of a plan as a gateway notes them.
note_windows() {
  tcr -- client
  tcr status --json
  jq -c --argjson at "$(jq .now "$out")" '.keys[].windows = [
    {"name": "5h", "used": 765, "reset": ($at + 3600), "status": "allowed"},
    {"name": "7d", "used": 310, "reset": ($at + 86400)},
    {"name": "old", "used": 990, "reset": ($at - 10)}] | .keys[].windows_at = $at' "$state/state.json" > "$scratch/new"
  cat "$scratch/new" > "$state/state.json"
}

@test "the windows of a plan, as the provider told them" {
  pool home
  note_windows
  tcr status --json
  assert_equal "$(value '.keys[0].windows[0] | [.name, .used, .status] | @csv')" '"\"5h\",0.765,\"allowed\""'
  assert_equal "$(value '.keys[0].windows[1].reset - .now > 86000')" true
  tcr status
  assert_stdout_has '^used: home: 5h 76 %, resets ([A-Z][a-z]+ [0-9]+ ([0-9]{4} )?)?[0-9:]+ · 7d 31 %$'
  tcr status --line
  assert_stdout_has '^home 5h 76% 7d 31% · 1 of 1 ready$'
  tcr status --prometheus
  assert_stdout_has '^tcr_key_window_used_ratio\{key="home",window="5h"\} 0.765$'
  # A run writes them again as they were.
  tcr -- client
  tcr status --line
  assert_stdout_has '^home 5h 76% 7d 31% · 1 of 1 ready$'
}

@test "one line: which key is next, or until when there is none" {
  pool home work
  tcr status --line
  assert_stdout 'home · 2 of 2 ready'
  fails home limit
  fails work limit
  tcr -- client
  tcr status --line
  assert_stdout_has '^no key until ([A-Z][a-z]+ [0-9]+ ([0-9]{4} )?)?[0-9:]+ · 0 of 2 ready$'
}
