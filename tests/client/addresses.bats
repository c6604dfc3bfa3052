# Keys with an address: somebody behind a company's proxy, who goes on with a key of his own at another server. What the
# one server is sent the other must never see.
load helpers

PROXY=FAKE-proxy-0001

# A second server, which knows the user's own key alone; its log is $own_log.
setup_two() {
  own_scenario=$scratch/own.json
  own_log=$scratch/own.log
  jq -n --arg token "$(token api:own)" '$ARGS.positional as $steps | {($token): $steps}' --args "$@" > "$own_scenario"
  "$PYTHON" "$HERE/fake_api.py" --scenario "$own_scenario" --log "$own_log" --port-file "$scratch/own-port" 3>&- &
  own_pid=$!
  for _ in $(seq 500); do
    [ -s "$scratch/own-port" ] && break
    sleep 0.02
  done
  own_url=http://127.0.0.1:$(cat "$scratch/own-port")
}

teardown_two() {
  [ -z "${own_pid-}" ] || kill "$own_pid" 2>/dev/null || true
}

teardown() {
  teardown_two
  [ -z "${api_pid-}" ] || kill "$api_pid" 2>/dev/null || true
  ! grep -lE 'sk-ant-(oat01|api03)-FAKE-[a-z0-9]+-0001|FAKE-proxy-0001' "$out" "$err" || return 1
  [ -n "${BATS_TEST_COMPLETED-}" ] || report
}

# What the proxy answers, in its own order.
proxy_answers() {
  printf '%s\n' "$@" | jq -R . | jq -s --arg token "$PROXY" '{($token): .}' > "$scenario"
}

behind_proxy() {
  extra_env=("ANTHROPIC_AUTH_TOKEN=$PROXY" "CLAUDE_FALLBACK_API_KEY=$(token api:own)" "CLAUDE_FALLBACK_BASE_URL=$own_url")
}

# Each server was asked with its own key, and no file of its log holds the other's.
assert_apart() {
  assert_equal "$(jq -rs 'map(.token // empty) | unique | join(" ")' "$log")" "$PROXY"
  assert_equal "$(jq -rs 'map(.token // empty) | unique | join(" ")' "$own_log")" "$(token api:own)"
}

@test "addresses: the proxy's budget is spent, the own key goes on elsewhere, in text" {
  setup_two "ok:pong from own"
  proxy_answers rate429
  behind_proxy
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from own"
  assert_apart
  assert_stderr_has 'using the master key "master", which is billed, at 127.0.0.1:'
}

@test "addresses: the same in json" {
  setup_two "ok:pong from own"
  proxy_answers rate429
  behind_proxy
  run_tcr -- claude -p "ping" --output-format json
  assert_status 0
  assert_equal "$(jq -r .result "$out")" "pong from own"
  assert_equal "$(jq -s length "$out")" 1
  assert_apart
}

@test "addresses: the same in stream-json" {
  setup_two "ok:pong from own"
  proxy_answers rate429
  behind_proxy
  run_tcr -- claude -p "ping" --output-format stream-json --verbose
  assert_status 0
  assert_equal "$(jq -r 'select(.type == "result").result' "$out")" "pong from own"
  assert_equal "$(jq -rs 'map(select(.type == "result")) | length' "$out")" 1
  assert_apart
}

@test "addresses: the conversation is kept, and no work is done twice" {
  setup_two "ok:finished by own"
  proxy_answers "tool:echo done >> effects.txt" rate429
  behind_proxy
  run_tcr -- claude -p "work" --allowedTools Bash
  assert_status 0
  assert_stdout "finished by own"
  assert_equal "$(wc -l < effects.txt)" 1
  log=$own_log
  assert_equal "$(last_request .tool_results)" 1
}

@test "addresses: keys of a file, each with its own, whatever settings and environment say" {
  setup_two "ok:pong from own"
  proxy_answers limit:five_hour:3600
  (umask 077 && mkdir -p "$(dirname "$keys")" && jq -n --arg proxy "$PROXY" --arg own "$(token api:own)" --arg url "$url" \
    --arg own_url "$own_url" '{keys: [{name: "proxy", kind: "bearer", token: $proxy, base_url: $url,
    env: {ANTHROPIC_MODEL: "big-model"}}, {name: "own", token: $own, base_url: $own_url}]}' > "$keys")
  jq -n '{env: {ANTHROPIC_BASE_URL: "http://127.0.0.1:1", ANTHROPIC_AUTH_TOKEN: "FAKE-of-the-settings"}}' > "$home/.claude/settings.json"
  extra_env=(ANTHROPIC_BASE_URL=http://127.0.0.1:1)
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from own"
  assert_apart
  assert_equal "$(requests .model | tail -n 1)" '"big-model"'
  run ! grep -q FAKE-proxy "$scratch"/tmp/* -r
}

@test "addresses: inside the requests, too, with a gateway; the client itself holds neither key" {
  setup_two "ok:pong from own"
  proxy_answers "tool:env > $scratch/environment" rate429
  behind_proxy
  run_tcr --gateway -- claude -p --dangerously-skip-permissions "ping" < /dev/null
  assert_status 0
  assert_stdout "pong from own"
  assert_apart
  assert_stderr_has 'used the master key "master", which is billed'
  if grep FAKE "$scratch/environment"; then
    fail "the client was given a key"
  fi
}

@test "addresses: the client's own requests to api.anthropic.com take no key past its address" {
  for kind in api:ci home; do
    pool "$kind"
    answers "$kind" "ok:pong"
    : > "$NOBODY_SEEN"
    capture env -u CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC "$TCR_RUN" -- claude -p "ping"
    assert_status 0
    assert_stdout pong
    if grep FAKE "$NOBODY_SEEN"; then
      fail "$kind went to api.anthropic.com as well"
    fi
  done
}
