# The user's own session options stay the user's.

load helpers

ID=11111111-1111-4111-8111-111111111111

first_is_used_up() {
  pool home work
  answers home "limit:five_hour:3600"
  answers work "ok:pong from work"
}

# A conversation from before, made without tcr-run.
earlier() {
  answers home "ok:first answer"
  run_bare home -p "first question" "$@"
  assert_status 0
  : > "$log"
}

@test "session: --session-id of the user's" {
  first_is_used_up
  run_tcr -- claude -p "ping" --session-id "$ID"
  assert_status 0
  assert_stdout "pong from work"
  assert_seen "bearer:home bearer:work"
  assert_equal "$(basename "$(transcripts)")" "$ID.jsonl"
}

@test "session: --session-id of the user's, with work done" {
  pool home work
  answers home "tool:echo line >> effects.txt" "limit:five_hour:3600"
  answers work "ok:finished by work"
  run_tcr -- claude -p "do it" --session-id="$ID" --allowedTools Bash
  assert_status 0
  assert_stdout "finished by work"
  assert_equal "$(wc -l < effects.txt)" 1
  assert_equal "$(last_request .tool_results)" 1
  assert_equal "$(basename "$(transcripts)")" "$ID.jsonl"
}

@test "session: an id that is in use is the client's own error" {
  earlier --session-id "$ID"
  first_is_used_up
  run_tcr -- claude -p "ping" --session-id "$ID"
  assert_status 1
  assert_stderr_has 'already in use'
  assert_seen ""
}

@test "session: --resume" {
  earlier --session-id "$ID"
  first_is_used_up
  run_tcr -- claude -p --resume "$ID" "second question"
  assert_status 0
  assert_stdout "pong from work"
  assert_seen "bearer:home bearer:work"
  assert_equal "$(last_request .user_text)" '"second question"'
  assert_less 3 "$(last_request .messages)"
  assert_equal "$(basename "$(transcripts)")" "$ID.jsonl"
}

@test "session: --resume, and work done before the limit" {
  earlier --session-id "$ID"
  pool home work
  answers home "tool:echo line >> effects.txt" "limit:five_hour:3600"
  answers work "ok:finished by work"
  run_tcr -- claude --resume="$ID" -p "second question" --allowedTools Bash
  assert_status 0
  assert_stdout "finished by work"
  assert_equal "$(wc -l < effects.txt)" 1
  assert_equal "$(last_request .tool_results)" 1
  assert_equal "$(last_request .user_text)" '"Continue from where you left off."'
}

@test "session: work done before this run is not taken for work of this run" {
  answers home "tool:echo line >> effects.txt" "ok:first answer"
  run_bare home -p "first question" --session-id "$ID" --allowedTools Bash
  assert_status 0
  : > "$log"
  first_is_used_up
  run_tcr -- claude -p --resume "$ID" "second question" --allowedTools Bash
  assert_status 0
  assert_stdout "pong from work"
  assert_equal "$(last_request .user_text)" '"second question"'
}

@test "session: an error row from before is not taken for one of this run" {
  answers home "limit:five_hour:3600"
  run_bare home -p "first question" --session-id "$ID"
  assert_status 1
  : > "$log"
  pool home work
  answers home "ok:pong from home"
  answers work "ok:pong from work"
  run_tcr -- claude -p --resume "$ID" "second question"
  assert_status 0
  assert_stdout "pong from home"
  assert_seen "bearer:home"
}

@test "session: --continue" {
  earlier
  first_is_used_up
  run_tcr -- claude --continue -p "second question"
  assert_status 0
  assert_stdout "pong from work"
  assert_seen "bearer:home bearer:work"
  assert_equal "$(last_request .user_text)" '"second question"'
  assert_less 3 "$(last_request .messages)"
}

@test "session: --continue, and work done before the limit" {
  earlier
  pool home work
  answers home "tool:echo line >> effects.txt" "limit:five_hour:3600"
  answers work "ok:finished by work"
  run_tcr -- claude -c -p "second question" --allowedTools Bash
  assert_status 0
  assert_stdout "finished by work"
  assert_equal "$(wc -l < effects.txt)" 1
  assert_equal "$(last_request .tool_results)" 1
}

@test "session: --resume with --fork-session leaves the old one alone" {
  earlier --session-id "$ID"
  local before
  before=$(sha256sum < "$(transcripts)")
  first_is_used_up
  run_tcr -- claude -p --resume "$ID" --fork-session "second question"
  assert_status 0
  assert_stdout "pong from work"
  assert_equal "$(last_request '.user_texts | map(select(test("question"))) | unique')" '["first question","second question"]'
  assert_less 3 "$(last_request .messages)"
  assert_equal "$(sha256sum < "$(transcripts | grep "$ID")")" "$before"
}

@test "session: --resume of an unknown id is the client's own error" {
  first_is_used_up
  run_tcr -- claude -p --resume 99999999-9999-4999-8999-999999999999 "ping"
  assert_status 1
  assert_stderr_has 'No conversation found'
  assert_seen ""
}

@test "session: --no-session-persistence" {
  first_is_used_up
  run_tcr -- claude -p "ping" --no-session-persistence
  assert_status 0
  assert_stdout "pong from work"
  assert_seen "bearer:home bearer:work"
  assert_equal "$(requests .user_text | sort -u)" '"ping"'
  assert_equal "$(transcripts)" ""
}

@test "session: --no-resume asks again instead" {
  first_is_used_up
  run_tcr --no-resume -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from work"
  assert_equal "$(requests .user_text | sort -u)" '"ping"'
  assert_equal "$(last_request .messages)" "$(requests .messages | head -n 1)"
}

@test "session: a folder reached through a link, with odd characters" {
  mkdir -p "$scratch/r é a.l_1"
  ln -s "$scratch/r é a.l_1" "$scratch/link"
  cd "$scratch/link"
  pool home work
  answers home "tool:echo line >> effects.txt" "limit:five_hour:3600"
  answers work "ok:finished by work"
  run_tcr -- claude -p "do it" --allowedTools Bash
  assert_status 0
  assert_stdout "finished by work"
  assert_equal "$(wc -l < effects.txt)" 1
}

@test "session: a very long path" {
  local deep
  deep=$scratch/$(printf 'd%.0s' {1..120})/$(printf 'e%.0s' {1..120})
  mkdir -p "$deep"
  cd "$deep"
  pool home work
  answers home "tool:echo line >> effects.txt" "limit:five_hour:3600"
  answers work "ok:finished by work"
  run_tcr -- claude -p "do it" --allowedTools Bash
  assert_status 0
  assert_stdout "finished by work"
  assert_equal "$(wc -l < effects.txt)" 1
}

@test "session: two runs at once in one folder" {
  pool home work ci
  answers home "tool:echo one >> effects.txt" "limit:five_hour:3600"
  answers work "tool:echo two >> effects.txt" "limit:five_hour:3600"
  answers ci "ok:finished by ci"
  local first_out=$scratch/first
  (
    out=$first_out err=$scratch/first.err
    run_tcr -- claude -p "do it" --allowedTools Bash
    echo "$status" > "$scratch/first.status"
  ) &
  local other=$!
  run_tcr -- claude -p "do it too" --allowedTools Bash
  wait "$other"
  assert_status 0
  assert_equal "$(cat "$scratch/first.status")" 0
  assert_stdout "finished by ci"
  assert_equal "$(cat "$first_out")" "finished by ci"
  assert_equal "$(sort effects.txt | paste -sd ' ')" "one two"
}
