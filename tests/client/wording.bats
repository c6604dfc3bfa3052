# What the client says of a used-up key, in words that no table knows: nothing of it reaches the reader.

load helpers

# The provider's refusals, worded as nobody words them.
REFUSALS=(
  '403:permission_error:Zurblat is not for the likes of you.'
  '402:billing_error:Kindly settle the matter of the eleven crowns.'
  '429:rate_limit_error:The well is dry for questions as long as this one.'
  '400:invalid_request_error:You are out of extra usage. Fetch some more and keep going.'
  '400:invalid_request_error:This organization has been disabled.'
)

# second_answers REFUSAL: "home" is refused so, "work" answers.
second_answers() {
  rm -rf "$home/.local/state"
  : > "$log"
  pool home work
  answers home "error:$1"
  answers work "ok:pong from work"
}

@test "wording: text" {
  for refusal in "${REFUSALS[@]}"; do
    second_answers "$refusal"
    run_tcr -- claude -p "ping"
    assert_equal "$refusal: $status $(cat "$out")" "$refusal: 0 pong from work"
    assert_equal "$(seen_once)" "bearer:home bearer:work"
  done
}

@test "wording: json" {
  for refusal in "${REFUSALS[@]}"; do
    second_answers "$refusal"
    run_tcr -- claude -p "ping" --output-format json
    assert_equal "$refusal: $status $(wc -l < "$out")" "$refusal: 0 1"
    assert_equal "$(jq -r '[.is_error, .result] | @csv' "$out")" 'false,"pong from work"'
  done
}

@test "wording: stream-json" {
  for refusal in "${REFUSALS[@]}"; do
    second_answers "$refusal"
    run_tcr -- claude -p "ping" --output-format stream-json --verbose
    assert_equal "$refusal: $status" "$refusal: 0"
    assert_equal "$(jq -r 'select(.type == "result" or .type == "assistant") | [.error, .is_error, .result // .message.content[0].text] | @csv' "$out")" \
      "$(printf '%s\n' ',,"pong from work"' ',false,"pong from work"')"
  done
}

@test "wording: after a tool call" {
  pool home work
  answers home "tool:echo one >> effects" "error:403:permission_error:Zurblat is not for the likes of you."
  answers work "ok:pong from work"
  run_tcr -- claude -p "ping" --allowedTools Bash
  assert_status 0
  assert_stdout "pong from work"
  assert_equal "$(cat effects)" one
}

@test "wording: what no other key follows is shown" {
  pool home work
  answers home "error:404:not_found_error:Zurblat was never here."
  answers work "ok:pong from work"
  run_tcr -- claude -p "ping"
  [ "$status" -ne 0 ]
  [ -s "$out" ]
  assert_seen_once "bearer:home"
}

@test "wording: a refusal of one model leaves the key to the others" {
  second_answers '429:rate_limit_error:Extra usage is required for long context requests.'
  run_tcr -- claude -p "ping" --model sonnet
  assert_stdout "pong from work"
  assert_seen_once "bearer:home bearer:work"
  answers home "ok:pong from home"
  : > "$log"
  run_tcr -k home -- claude -p "ping" --model opus
  assert_stdout "pong from home"
  run_tcr -- claude -p "ping" --model sonnet
  assert_stdout "pong from work"
}

@test "wording: an answer that quotes a refusal is an answer" {
  pool home work
  answers home "ok:You've hit your session limit · resets 11:21pm (UTC)"
  answers work "ok:pong from work"
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "You've hit your session limit · resets 11:21pm (UTC)"
  assert_seen "bearer:home"
}
