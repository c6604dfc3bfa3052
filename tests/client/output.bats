# Every byte of a long answer, whatever the reader does. The client by itself loses most of it into a pipe whose reader sleeps.

load helpers

SIZE=800000

# The program under test at the head of a pipe, with its own exit status.
into() {
  capture bash -c "\"\$0\" \"\$@\" | { $1; }; exit \"\${PIPESTATUS[0]}\"" "$TCR_RUN" -- claude -p ping "${@:2}"
}

setup_answer() {
  big_answer "$SIZE" > "$scratch/expected"
  pool home work
  answers home "big:$SIZE"
  answers work "big:$SIZE"
}

@test "output: a reader that sleeps gets all of it" {
  setup_answer
  local i
  for ((i = 0; i < REPEAT; i++)); do
    into 'sleep 3; cat'
    assert_status 0
    cmp "$scratch/expected" "$out" || fail "run $i: $(wc -c < "$out") bytes"
  done
}

@test "output: a fast reader gets all of it" {
  setup_answer
  local i
  for ((i = 0; i < REPEAT; i++)); do
    into cat
    assert_status 0
    cmp "$scratch/expected" "$out" || fail "run $i: $(wc -c < "$out") bytes"
  done
}

@test "output: a reader that stops and starts gets all of it" {
  setup_answer
  into 'for i in 1 2 3 4 5; do head -c 100000; sleep 0.3; done; cat'
  assert_status 0
  cmp "$scratch/expected" "$out"
}

@test "output: a file gets all of it" {
  setup_answer
  local i
  for ((i = 0; i < REPEAT; i++)); do
    run_tcr -- claude -p "ping"
    assert_status 0
    cmp "$scratch/expected" "$out"
  done
}

@test "output: appending to a file" {
  setup_answer
  echo "before" > "$scratch/appended"
  capture bash -c '"$0" -- claude -p ping >> "$1"' "$TCR_RUN" "$scratch/appended"
  assert_status 0
  (echo "before"; cat "$scratch/expected") | cmp - "$scratch/appended"
}

@test "output: all of it after a limit, too" {
  setup_answer
  answers home "limit:five_hour:3600"
  into 'sleep 3; cat'
  assert_status 0
  cmp "$scratch/expected" "$out"
  assert_seen "bearer:home bearer:work"
}

@test "output: one line of json as long" {
  setup_answer
  into 'sleep 3; cat' --output-format json
  assert_status 0
  jq -rj .result "$out" | cmp -n "$SIZE" - "$scratch/expected"
  assert_equal "$(jq -r '.result | length' "$out")" "$SIZE"
}

@test "output: one line of stream-json as long" {
  setup_answer
  into 'sleep 3; cat' --output-format stream-json --verbose
  assert_status 0
  assert_equal "$(jq -r 'select(.type == "result") | .result | length' "$out")" "$SIZE"
}

@test "output: a reader that goes away ends the run" {
  setup_answer
  capture bash -c '"$0" -- claude -p ping | head -c 10' "$TCR_RUN"
  assert_ms "$took" 0 20000
  assert_equal "$(cat "$out")" "0000000 xx"
  nobody_left
}

@test "output: a stream arrives while it is made" {
  pool home
  answers home "tool:sleep 4" "ok:pong"
  capture bash -c '"$0" -- claude -p ping --allowedTools Bash --output-format stream-json --verbose |
    while IFS= read -r line; do echo "$(date +%s%N) $line"; done' "$TCR_RUN"
  assert_status 0
  local first last
  first=$(head -n 1 "$out" | cut -d ' ' -f 1)
  last=$(tail -n 1 "$out" | cut -d ' ' -f 1)
  assert_less 3500 $(((last - first) / 1000000))
}
