# The plain case: the first key's window is used up, the next key answers, the reader sees one answer and nothing else.

load helpers

first_is_used_up() {
  pool home work
  answers home "limit:five_hour:3600"
  answers work "ok:pong from work"
}

@test "limit: text" {
  first_is_used_up
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from work"
  assert_seen "bearer:home bearer:work"
  assert_stderr_has '^tcr-run: .*home'
}

@test "limit: json" {
  first_is_used_up
  run_tcr -- claude -p "ping" --output-format json
  assert_status 0
  assert_equal "$(wc -l < "$out")" 1
  assert_equal "$(jq -r '[.type, .is_error, .result] | @csv' "$out")" '"result",false,"pong from work"'
  assert_seen "bearer:home bearer:work"
}

@test "limit: json with --verbose is an array" {
  first_is_used_up
  run_tcr -- claude -p "ping" --output-format json --verbose
  assert_status 0
  assert_equal "$(wc -l < "$out")" 1
  assert_equal "$(jq -r '.[-1] | [.type, .is_error, .result] | @csv' "$out")" '"result",false,"pong from work"'
  assert_equal "$(jq '[.[] | select(.type == "rate_limit_event" and .rate_limit_info.status == "rejected")] | length' "$out")" 0
  assert_seen "bearer:home bearer:work"
}

@test "limit: stream-json" {
  first_is_used_up
  run_tcr -- claude -p "ping" --output-format stream-json --verbose
  assert_status 0
  jq -e . "$out" > /dev/null
  assert_equal "$(jq -r 'select(.type == "result") | [.is_error, .result] | @csv' "$out")" 'false,"pong from work"'
  assert_equal "$(jq -r 'select(.type == "assistant") | .message.content[0].text' "$out")" "pong from work"
  assert_equal "$(jq -c 'select(.type == "rate_limit_event" and .rate_limit_info.status == "rejected")' "$out")" ""
  assert_equal "$(tail -n 1 "$out" | jq -r .type)" result
  assert_seen "bearer:home bearer:work"
}

@test "limit: a stream is one session" {
  first_is_used_up
  run_tcr -- claude -p "ping" --output-format stream-json --verbose
  assert_status 0
  assert_equal "$(jq -r .session_id "$out" | sort -u | wc -l)" 1
}

@test "limit: quiet means quiet" {
  first_is_used_up
  run_tcr -q -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from work"
  assert_no_stderr
}

@test "limit: a used-up key is left alone by the next run" {
  first_is_used_up
  run_tcr -- claude -p "one"
  assert_status 0
  run_tcr -- claude -p "two"
  assert_status 0
  assert_stdout "pong from work"
  assert_seen "bearer:home bearer:work bearer:work"
}

@test "limit: the key comes back when its window ends" {
  pool home work
  answers home "limit:five_hour:6" "ok:home is back"
  answers work "ok:pong from work"
  run_tcr -- claude -p "one" --output-format stream-json --verbose
  assert_status 0
  assert_seen "bearer:home bearer:work"
  # Two keys in turn: whichever comes first, within two runs home has been asked again.
  sleep 6
  run_tcr --key home -- claude -p "two"
  assert_status 0
  assert_stdout "home is back"
}

@test "limit: two in a row, then the master" {
  pool home work --master api:billing
  answers home "limit:five_hour:3600"
  answers work "limit:seven_day:360000"
  answers api:billing "ok:pong from billing"
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from billing"
  assert_seen "bearer:home bearer:work x-api-key:billing"
  assert_stderr_has '^tcr-run: .*billing'
}

@test "limit: --no-master ends with the last attempt's own output" {
  pool home work --master api:billing
  answers home "limit:five_hour:3600"
  answers work "limit:seven_day:360000"
  answers api:billing "ok:pong from billing"
  run_tcr --no-master -- claude -p "ping"
  assert_status 1
  assert_seen "bearer:home bearer:work"
  assert_equal "$(grep -c "You've hit your" "$out")" 1
  grep -q "weekly limit" "$out"
}

@test "limit: --retries bounds the attempts" {
  pool home work ci
  answers home "limit:five_hour:3600"
  answers work "limit:five_hour:3600"
  answers ci "ok:pong from ci"
  run_tcr --retries 2 -- claude -p "ping"
  assert_status 1
  assert_seen "bearer:home bearer:work"
}

@test "limit: one model's window leaves the key to the others" {
  pool home work
  answers home "limit:seven_day_opus:360000" "ok:pong from home"
  answers work "ok:pong from work"
  run_tcr -- claude -p "ping" --model opus
  assert_status 0
  assert_stdout "pong from work"
  run_tcr --key home -- claude -p "ping" --model sonnet
  assert_status 0
  assert_stdout "pong from home"
  assert_seen "bearer:home bearer:work bearer:home"
}

@test "limit: an answer that talks about limits is an answer" {
  pool home work
  answers home "ok:You've hit your session limit · resets 11:21pm (UTC)"
  answers work "ok:pong from work"
  run_tcr -- claude -p "what does it say?"
  assert_status 0
  assert_stdout "You've hit your session limit · resets 11:21pm (UTC)"
  assert_seen "bearer:home"
}

@test "limit: a healthy stream with its rate_limit_event is passed on as it is" {
  pool home work
  answers home "warn:pong"
  answers work "ok:pong from work"
  run_tcr -- claude -p "ping" --output-format stream-json --verbose
  assert_status 0
  assert_equal "$(jq -r 'select(.type == "result") | .result' "$out")" pong
  [ -n "$(jq -r 'select(.type == "rate_limit_event")' "$out")" ]
  assert_seen "bearer:home"
}

@test "limit: the client's own mistake costs no key" {
  pool home work
  answers home "ok:pong from home"
  answers work "ok:pong from work"
  run_tcr -- claude -p "ping" --no-such-option
  assert_status 1
  assert_stderr_has 'unknown option'
  assert_seen ""
  run_tcr -- claude -p "ping"
  assert_stdout "pong from home"
}

@test "limit: with every key at rest for Opus the next model of the key file carries the run on" {
  pool home
  jq '. + {model_fallback: {"claude-opus-*": ["claude-sonnet-*"]}}' "$keys" > "$keys.new" && cat "$keys.new" > "$keys"
  answers home "limit:seven_day_opus:360000" "ok:pong from the other model"
  run_tcr -- claude -p "ping" --model opus
  assert_status 0
  assert_stdout "pong from the other model"
  assert_stderr_has '"home" reached its '"$(says opus-limit)"' .*every key rests for opus; using sonnet with "home"'
  answers home "limit:seven_day_opus:360000"
  run_tcr reset
  run_tcr --no-model-fallback -- claude -p "ping" --model opus
  assert_status 1
  answers home "limit:seven_day_opus:360000" "ok:pong from haiku"
  run_tcr reset
  run_tcr --model-fallback opus=haiku -- claude -p "ping" --model opus
  assert_status 0
  assert_stderr_has 'using haiku with "home"'
}

@test "limit: the next model comes before the master, and the master is asked for the first one" {
  pool home --master api:billing
  jq '. + {model_fallback: {"claude-*": ["claude-haiku-4-5"]}}' "$keys" > "$keys.new" && cat "$keys.new" > "$keys"
  answers home "limit:seven_day_opus:360000" "ok:pong from haiku"
  answers api:billing "ok:pong from the master"
  run_tcr -- claude -p "ping" --model opus
  assert_status 0
  assert_stdout "pong from haiku"
  assert_seen "bearer:home bearer:home"
  answers home "limit:seven_day_opus:360000" "limit:five_hour:3600"
  run_tcr reset
  run_tcr -- claude -p "ping" --model opus
  assert_status 0
  assert_stdout "pong from the master"
  assert_stderr_has 'using the master key "billing"'
  assert_equal "$(tail -n 1 "$log" | jq -r .model | grep -o "opus\|haiku")" opus
  # So it is where the key fails otherwise for the next model.
  answers home "limit:seven_day_opus:360000" 403
  run_tcr reset
  run_tcr -- claude -p "ping" --model opus
  assert_status 0
  assert_stdout "pong from the master"
  assert_equal "$(tail -n 1 "$log" | jq -r .model | grep -o "opus\|haiku")" opus
}
