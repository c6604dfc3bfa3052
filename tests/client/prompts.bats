# The prompt can come in many ways, and each attempt has to get it.

load helpers

first_is_used_up() {
  pool home work
  answers home "limit:five_hour:3600"
  answers work "ok:pong from work"
}

# Both keys were asked the same thing.
both_asked() {
  assert_status 0
  assert_stdout "pong from work"
  assert_seen "bearer:home bearer:work"
  assert_equal "$(requests .user_text | sort -u)" "$(jq -nc --arg text "$1" '$text')"
}

@test "prompt: the last argument" {
  first_is_used_up
  run_tcr -- claude -p "what is it?"
  both_asked "what is it?"
}

@test "prompt: before other options" {
  first_is_used_up
  run_tcr -- claude -p "what is it?" --allowedTools Bash Edit
  both_asked "what is it?"
}

@test "prompt: after options that swallow words, and --" {
  first_is_used_up
  run_tcr -- claude -p --allowedTools Bash Edit -- "what is it?"
  both_asked "what is it?"
}

@test "prompt: one that looks like an option, after --" {
  first_is_used_up
  run_tcr -- claude -p -- "--what is it?"
  both_asked "--what is it?"
}

@test "prompt: after an option written with =" {
  first_is_used_up
  run_tcr -- claude -p --allowedTools=Bash "what is it?"
  both_asked "what is it?"
}

@test "prompt: first word of all" {
  first_is_used_up
  run_tcr -- claude "what is it?" -p --model sonnet
  both_asked "what is it?"
}

@test "prompt: several lines, quotes and unicode" {
  first_is_used_up
  local text=$'first "line"\n\tsecond \'line\' — ünïcode \\ $HOME'
  run_tcr -- claude -p "$text"
  both_asked "$text"
}

@test "prompt: from a pipe" {
  first_is_used_up
  printf 'from a pipe' | run_tcr_piped -- claude -p
  load_capture
  both_asked "from a pipe"
}

@test "prompt: from a file" {
  first_is_used_up
  printf 'from a file' > "$scratch/prompt"
  run_tcr -- claude -p < "$scratch/prompt"
  both_asked "from a file"
}

@test "prompt: an argument and a pipe" {
  first_is_used_up
  printf 'some data' | run_tcr_piped -- claude -p "what is it?"
  load_capture
  both_asked $'what is it?\nsome data'
}

@test "prompt: an argument and a file" {
  first_is_used_up
  printf 'some data' > "$scratch/prompt"
  run_tcr -- claude -p "what is it?" < "$scratch/prompt"
  both_asked $'what is it?\nsome data'
}

@test "prompt: a large one from a pipe" {
  first_is_used_up
  big_answer 100000 | run_tcr_piped -- claude -p
  load_capture
  assert_status 0
  assert_stdout "pong from work"
  assert_equal "$(requests '.user_text | length' | sort -u)" 100001
}

@test "prompt: a pipe that stays open and silent" {
  first_is_used_up
  mkfifo "$scratch/silent"
  sleep 300 > "$scratch/silent" 3>&- &
  local writer=$!
  run_tcr -- claude -p "what is it?" < "$scratch/silent"
  # The writer outlives the run; nobody waits for it.
  kill "$writer"
  both_asked "what is it?"
}

@test "prompt: none is the client's own error" {
  first_is_used_up
  run_tcr -- claude -p --allowedTools Bash "swallowed"
  assert_status 1
  assert_stderr_has 'Input must be provided'
  assert_seen ""
}

# From a pipe: this client reads nothing from a regular file in that mode.
@test "prompt: stream-json on stdin" {
  first_is_used_up
  jq -nc '{type: "user", message: {role: "user", content: "streamed"}}' |
    run_tcr_piped -- claude -p --input-format stream-json --output-format stream-json --verbose
  load_capture
  assert_status 0
  assert_seen "bearer:home bearer:work"
  assert_equal "$(jq -r 'select(.type == "result") | [.is_error, .result] | @csv' "$out")" 'false,"pong from work"'
  assert_equal "$(last_request '.user_texts | index("streamed") != null')" true
}

@test "prompt: stream-json on stdin, with work done" {
  pool home work
  answers home "tool:echo line >> effects.txt" "limit:five_hour:3600"
  answers work "ok:finished by work"
  jq -nc '{type: "user", message: {role: "user", content: "streamed"}}' |
    run_tcr_piped -- claude -p --input-format stream-json --output-format stream-json --verbose --allowedTools Bash
  load_capture
  assert_status 0
  assert_equal "$(wc -l < effects.txt)" 1
  assert_equal "$(jq -r 'select(.type == "result") | [.is_error, .result] | @csv' "$out")" 'false,"finished by work"'
}
