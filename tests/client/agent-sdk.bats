# The client that comes with the Agent SDK is newer and words things differently; its rows and objects have other orders.

load helpers

setup_file() {
  # Found once; the platform is part of the folder's name.
  SDK_CLIENT=$(sdk_client)
  export SDK_CLIENT
  [ -n "$SDK_CLIENT" ]
}

@test "agent sdk: what the client says by itself" {
  answers home "limit:five_hour:3600"
  capture env "CLAUDE_CODE_OAUTH_TOKEN=$(token home)" "$SDK_CLIENT" -p "ping"
  assert_status 1
  grep -qE "^You've hit your .*limit · resets " "$out"
}

@test "agent sdk: limit at the first request, text" {
  pool home work
  answers home "limit:five_hour:3600"
  answers work "ok:pong from work"
  run_tcr --client claude -- "$SDK_CLIENT" -p "ping"
  assert_status 0
  assert_stdout "pong from work"
  assert_seen "bearer:home bearer:work"
}

@test "agent sdk: limit at the first request, json" {
  pool home work
  answers home "limit:five_hour:3600"
  answers work "ok:pong from work"
  run_tcr --client claude -- "$SDK_CLIENT" -p "ping" --output-format json
  assert_status 0
  assert_equal "$(jq -r '[.is_error, .result] | @csv' "$out")" 'false,"pong from work"'
  assert_seen "bearer:home bearer:work"
}

@test "agent sdk: limit at the first request, stream-json" {
  pool home work
  answers home "limit:five_hour:3600"
  answers work "ok:pong from work"
  run_tcr --client claude -- "$SDK_CLIENT" -p "ping" --output-format stream-json --verbose
  assert_status 0
  assert_equal "$(jq -r 'select(.type == "result") | [.is_error, .result] | @csv' "$out")" 'false,"pong from work"'
  assert_equal "$(jq -r 'select(.type == "assistant") | .message.content[0].text' "$out")" "pong from work"
  assert_seen "bearer:home bearer:work"
}

@test "agent sdk: limit after a tool call" {
  pool home work
  answers home "tool:echo line >> effects.txt" "limit:five_hour:3600"
  answers work "ok:finished by work"
  run_tcr --client claude -- "$SDK_CLIENT" -p "do it" --allowedTools Bash
  assert_status 0
  assert_stdout "finished by work"
  assert_equal "$(wc -l < effects.txt)" 1
  assert_seen "bearer:home bearer:home bearer:work"
  assert_equal "$(last_request .tool_results)" 1
}

@test "agent sdk: a revoked token" {
  pool home work
  answers home revoked
  answers work "ok:pong from work"
  run_tcr --client claude -- "$SDK_CLIENT" -p "ping"
  assert_status 0
  assert_stdout "pong from work"
  assert_seen_once "bearer:home bearer:work"
}

@test "agent sdk: an API key's 429" {
  pool api:ci api:dev
  answers api:ci "rate429:30"
  answers api:dev "ok:pong from dev"
  LIMIT=45 run_tcr --client claude -- "$SDK_CLIENT" -p "ping"
  assert_status 0
  assert_stdout "pong from dev"
  assert_soon api:ci api:dev
}

@test "agent sdk: settings that name a token" {
  pool home
  answers home "ok:pong"
  answers '*' "ok:the wrong one answered"
  jq -n --arg token "$(token settings)" '{env: {ANTHROPIC_AUTH_TOKEN: $token}}' > .claude/settings.json
  capture env "CLAUDE_CODE_OAUTH_TOKEN=$(token home)" "$SDK_CLIENT" -p "ping"
  assert_seen "bearer:settings"
  : > "$log"
  run_tcr --client claude -- "$SDK_CLIENT" -p "ping"
  assert_status 0
  assert_stdout "pong"
  assert_seen "bearer:home"
}
