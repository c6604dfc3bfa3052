# Programs of one format, keys of the other: the real Claude Code and Anthropic's SDK on OpenAI keys alone, and OpenAI's own
# package on Claude's keys.

load helpers

start_openai() {
  "$PYTHON" "$HERE/fake_openai.py" "$scratch/openai-port" "$scratch/openai.log" 3>&- &
  openai_pid=$!
  for _ in $(seq 500); do
    [ ! -s "$scratch/openai-port" ] || break
    sleep 0.02
  done
  openai=http://127.0.0.1:$(cat "$scratch/openai-port")/v1
}

openai_pool() {
  mkdir -p "$(dirname "$keys")"
  (umask 077; jq -n --arg url "$openai" '{keys: [{name: "open", kind: "openai", token: "sk-FAKE-open-0001", base_url: $url,
    models: {"*": "gpt-5.4"}} + $more]}' --argjson more "${1-{\}}" > "$keys")
}

# A lasting gateway on a socket's port, and what its clients need: an address and the stand-in.
start_gateway() {
  gateway_port=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  env -i "PATH=$PATH" "HOME=$home" "ANTHROPIC_BASE_URL=$url" "$TCR_RUN" gateway -d --listen "$gateway_port" \
    > "$scratch/gateway.out" 2>&1 3>&- || fail "$(cat "$scratch/gateway.out")"
  gateway=http://127.0.0.1:$gateway_port
  stand_in=$(env -i "PATH=$PATH" "HOME=$home" "$TCR_RUN" gateway token)
}

teardown() {
  [ -z "${gateway-}" ] || env -i "PATH=$PATH" "HOME=$home" "$TCR_RUN" gateway stop > /dev/null 2>&1 || true
  [ -z "${openai_pid-}" ] || kill "$openai_pid" 2> /dev/null || true
  [ -z "${api_pid-}" ] || kill "$api_pid" 2> /dev/null || true
  [ -n "${BATS_TEST_COMPLETED-}" ] || {
    report
    cut -c 1-1500 "$scratch/openai.log" 2> /dev/null | tail -n 5
  }
}

claude_through_gateway() {
  extra_env=("ANTHROPIC_BASE_URL=$gateway" "ANTHROPIC_API_KEY=$stand_in")
  capture claude "$@" < /dev/null
}

@test "translation: Claude Code on an OpenAI key alone calls two tools and goes on with what they gave" {
  start_openai
  openai_pool
  start_gateway
  claude_through_gateway -p --dangerously-skip-permissions "please use a tool"
  assert_status 0
  assert_stdout "first-result and second-result"
  assert_equal "$(sort effect | paste -sd ' ')" "one two"
  assert_equal "$(jq -r .body.model "$scratch/openai.log" | sort -u)" gpt-5.4
  assert_equal "$(jq -r .key "$scratch/openai.log" | sort -u)" "Bearer sk-FAKE-open-0001"
}

@test "translation: Claude Code on an OpenAI key alone, several turns, tools among them" {
  start_openai
  openai_pool
  start_gateway
  claude_through_gateway -p --dangerously-skip-permissions "first question"
  assert_status 0
  for turn in "please use a tool" "third question" "please use a tool again" "fifth question"; do
    claude_through_gateway -p --continue --dangerously-skip-permissions "$turn"
    assert_status 0
  done
  grep -qE '^turn [0-9]+ *$' "$out" || fail "another answer"
  assert_equal "$(sort effect | uniq -c | xargs)" "2 one 2 two"
  # The last turn's request holds the whole conversation.
  assert_equal "$(jq '[.body.messages[] | select(.role == "tool")] | length' "$scratch/openai.log" | sort -n | tail -n 1)" 4
}

@test "translation: stream-json of Claude Code tells the tokens without those from the cache" {
  start_openai
  openai_pool
  start_gateway
  claude_through_gateway -p --output-format stream-json --verbose "a question"
  assert_status 0
  jq -se '[.[] | select(.type == "result")][0].usage | .input_tokens == 200 and .cache_read_input_tokens == 1000' "$out" > /dev/null ||
    fail "$(jq -c 'select(.type == "result") | .usage' "$out")"
}

openai_script() {
  extra_env=("SDK_MODULES=$modules" "OPENAI_BASE_URL=$gateway${prefix-}/v1" "OPENAI_API_KEY=$stand_in")
  capture node "$HERE/fixtures/chat.mjs" "$@" < /dev/null
}

@test "translation: OpenAI's package on a Claude key: whole, streamed, below /api, Responses" {
  pool home
  answers home "ok:pong" "ok:pong" "ok:pong" "ok:pong"
  start_gateway
  openai_script whole claude-sonnet-5
  assert_status 0
  grep -q '^chat.completion stop pong [1-9]' "$out" || fail "no answer"
  openai_script chat claude-sonnet-5
  assert_status 0
  grep -q '^stop pong [1-9]' "$out" || fail "no stream"
  prefix=/api openai_script whole claude-sonnet-5
  assert_status 0
  openai_script responses claude-sonnet-5
  assert_status 0
  assert_stdout "pong | pong completed"
}

@test "translation: OpenAI's package sees an error of Claude's as one of OpenAI's" {
  pool home
  answers home 401
  start_gateway
  openai_script error claude-sonnet-5
  assert_status 0
  grep -q '^AuthenticationError 401 invalid_api_key' "$out" || fail "another error"
}

@test "translation: OpenAI's package on an OpenAI key passes unchanged" {
  start_openai
  openai_pool
  start_gateway
  openai_script whole gpt-5.4
  assert_status 0
  jq -e '.body == {model: "gpt-5.4", messages: [{role: "system", content: "Be brief."}, {role: "user", content: "ping"}]}' \
    "$scratch/openai.log" > /dev/null || fail "another body"
}

@test "translation: an OpenAI key is the last resort of a run's own gateway" {
  start_openai
  pool home
  jq --arg url "$openai" '.keys += [{name: "open", kind: "openai", token: "sk-FAKE-open-0001", base_url: $url, priority: 9,
    models: {"*": "gpt-5.4"}}]' "$keys" > "$keys.new" && cat "$keys.new" > "$keys"
  answers home limit:five_hour:3600
  run_tcr --gateway -- claude -p "a question" < /dev/null
  assert_status 0
  grep -qE '^turn [0-9]+ *$' "$out" || fail "no answer"
  assert_stderr_has '"home" reached its session limit .*used "open"'
}

# Without a word of the gateway's: the run starts one for itself.
claude_run() {
  run_tcr -- claude -p --dangerously-skip-permissions "$@" < /dev/null
}

each_api() { # COMMAND: with OpenAI keys alone, over each of their two interfaces
  local api
  start_openai
  for api in chat responses; do
    openai_pool "{\"api\": \"$api\"}"
    : > "$scratch/openai.log"
    rm -f effect
    "$1" "$api"
    assert_equal "$(jq -r .key "$scratch/openai.log" | sort -u)" "Bearer sk-FAKE-open-0001"
    assert_equal "$(jq -r .path "$scratch/openai.log" | sort -u)" "/v1/$([ $api = chat ] && echo chat/completions || echo responses)"
  done
}

calls_tools() {
  claude_run "please use a tool"
  assert_status 0
  assert_stdout "first-result and second-result"
  assert_equal "$(sort effect | paste -sd ' ')" "one two"
  assert_stderr_has '"open" is of kind openai; a gateway translates the requests'
  assert_seen ""
}

@test "translation: a run of Claude Code on OpenAI keys alone gets a gateway of its own, and calls two tools" {
  each_api calls_tools
}

starts_agent() {
  claude_run "please use a sub-agent"
  assert_status 0
  # It runs beside the conversation, which is told what it said.
  grep -q 'what a sub-agent is asked' "$scratch/openai.log" || fail "no sub-agent"
  grep -q 'sub-result' "$scratch/openai.log" "$out" || fail "no result of the sub-agent"
}

@test "translation: a run of Claude Code on OpenAI keys alone starts a sub-agent" {
  each_api starts_agent
}

talks() { # TURNS: every tenth calls tools; the last but one fills the window
  for turn in $(seq "$(($1 - 2))"); do
    [ $((turn % 10)) -ne 5 ] || printf 'please use a tool, '
    printf 'question %s\n' "$turn"
  done > "$scratch/talk"
  printf 'now grow\nthe last question\n' >> "$scratch/talk"
  capture "$PYTHON" "$HERE/fixtures/talk.py" "$scratch/talk" "$TCR_RUN" -- claude -p --dangerously-skip-permissions \
    --input-format stream-json --output-format stream-json --verbose
  assert_status 0
  assert_equal "$(jq -r 'select(.type == "result") | .is_error' "$out" | uniq -c | xargs)" "$1 false"
  assert_equal "$(jq -r 'select(.type == "system" and .subtype == "compact_boundary") | .compact_metadata.trigger' "$out")" auto
}

talks_long() {
  talks "$([ "$1" = chat ] && echo 30 || echo 8)"
}

@test "translation: 30 turns of Claude Code on OpenAI keys alone, tools among them, and a compaction" {
  each_api talks_long
}

@test "translation: OpenAI keys that name no models cannot serve Claude Code, and why" {
  start_openai
  openai_pool '{"models": null}'
  jq 'del(.keys[0].models)' "$keys" > "$keys.new" && cat "$keys.new" > "$keys"
  claude_run "ping"
  assert_status 75
  assert_stderr_has 'keys of kind openai need "models" for Claude Code'
}

@test "translation: without a gateway OpenAI keys alone are of no use to Claude Code" {
  start_openai
  openai_pool
  run_tcr --no-gateway -- claude -p "ping" < /dev/null
  assert_status 75
  assert_equal "$(cat "$scratch/openai.log" 2> /dev/null)" ""
}

@test "translation: OpenAI's package on a Claude key: tools, two at once, and their results" {
  pool home
  answers home "agents:2" "ok:pong" "agents:2" "ok:pong"
  start_gateway
  openai_script tools claude-sonnet-5
  assert_status 0
  grep -q '^tool_calls Task{.*part 0.*} Task{.*part 1.*}$' "$out" || fail "other calls"
  assert_equal "$(tail -n 1 "$out")" pong
  openai_script responses-tools claude-sonnet-5
  assert_status 0
  grep -q '^Task{.*part 0.*} Task{.*part 1.*}$' "$out" || fail "other calls"
  assert_equal "$(tail -n 1 "$out")" pong
}

@test "translation: OpenAI's package sees each error of Claude's as its own kind" {
  pool home
  start_gateway
  local step wanted
  while read -r step wanted; do
    answers home "$step"
    env -i "PATH=$PATH" "HOME=$home" "$TCR_RUN" reset > /dev/null
    openai_script error claude-sonnet-5
    grep -q "^$wanted" "$out" || fail "$step: another error"
  done << 'END'
error:400:invalid_request_error:messages BadRequestError 400
error:403:permission_error:no PermissionDeniedError 403
error:404:not_found_error:model NotFoundError 404 model_not_found
limit:five_hour:3600 RateLimitError 429 rate_limit_exceeded
END
}
