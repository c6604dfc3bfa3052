# A limit in the middle of the work: what was done stays done, and is not done again.

load helpers

stopped_midway() {
  pool home work
  answers home "tool:echo line >> effects.txt" "limit:five_hour:3600"
  answers work "ok:finished by work"
}

carried_on() {
  assert_equal "$(wc -l < effects.txt)" 1
  assert_seen "bearer:home bearer:home bearer:work"
  assert_equal "$(last_request .tool_results)" 1
}

@test "tool call: text" {
  stopped_midway
  run_tcr -- claude -p "do it" --allowedTools Bash
  assert_status 0
  assert_stdout "finished by work"
  carried_on
  assert_equal "$(last_request .user_text)" '"Continue from where you left off."'
}

@test "tool call: json" {
  stopped_midway
  run_tcr -- claude -p "do it" --allowedTools Bash --output-format json
  assert_status 0
  assert_equal "$(jq -r '[.is_error, .result] | @csv' "$out")" 'false,"finished by work"'
  carried_on
}

@test "tool call: stream-json shows the work once and the answer once" {
  stopped_midway
  run_tcr -- claude -p "do it" --allowedTools Bash --output-format stream-json --verbose
  assert_status 0
  assert_equal "$(jq -r 'select(.type == "assistant") | .message.content[0].type' "$out" | paste -sd ' ')" "tool_use text"
  assert_equal "$(jq -r 'select(.type == "result") | [.is_error, .result] | @csv' "$out")" 'false,"finished by work"'
  carried_on
}

@test "tool call: the next key goes on working" {
  pool home work
  answers home "tool:echo one >> effects.txt" "limit:five_hour:3600"
  answers work "tool:echo two >> effects.txt" "ok:both done"
  run_tcr -- claude -p "do it" --allowedTools Bash
  assert_status 0
  assert_stdout "both done"
  assert_equal "$(paste -sd ' ' effects.txt)" "one two"
  assert_equal "$(last_request .tool_results)" 2
}

@test "tool call: limits on two keys, each after some work, then the master" {
  pool home work --master api:billing
  answers home "tool:echo one >> effects.txt" "limit:five_hour:3600"
  answers work "tool:echo two >> effects.txt" "limit:seven_day:360000"
  answers api:billing "tool:echo three >> effects.txt" "ok:all done"
  run_tcr -- claude -p "do it" --allowedTools Bash
  assert_status 0
  assert_stdout "all done"
  assert_equal "$(paste -sd ' ' effects.txt)" "one two three"
  assert_seen_once "bearer:home bearer:work x-api-key:billing"
  assert_equal "$(last_request .tool_results)" 3
}

@test "tool call: server trouble in the middle is carried on too" {
  pool home work
  answers home "tool:echo line >> effects.txt" 500
  answers work "ok:finished by work"
  run_tcr -- claude -p "do it" --allowedTools Bash
  assert_status 0
  assert_stdout "finished by work"
  assert_equal "$(wc -l < effects.txt)" 1
  assert_equal "$(last_request .tool_results)" 1
}

@test "tool call: a failing tool and an answer with exit 0 stay one attempt" {
  pool home work
  answers home "tool:echo 429 rate_limit_error >&2; exit 1" "ok:it failed"
  answers work "ok:finished by work"
  run_tcr -- claude -p "do it" --allowedTools Bash
  assert_status 0
  assert_stdout "it failed"
  assert_seen "bearer:home bearer:home"
}
