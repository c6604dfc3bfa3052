# Many runs at once on one pool.
load helpers

# Starts N runs whose client stays until "go" is there: all of them live at the same time.
#   many N OPTION... -- COMMAND...
many() {
  local count=$1 i
  shift
  runs=()
  for ((i = 0; i < count; i++)); do
    within "$TCR_RUN" "$@" > "$out.$i" 2> "$err.$i" < /dev/null &
    runs+=($!)
  done
}

await_all() {
  local run
  failed=0
  for run in "${runs[@]}"; do
    wait "$run" || failed=$((failed + 1))
  done
}

lines_of() {
  [ "$(wc -l < "$1")" -ge "$2" ]
}

stays='while [ -d "$PLAY" ] && [ ! -e "$PLAY/go" ]; do sleep 0.1; done; echo "$name is done"'

@test "50 runs at once over 5 keys get 10 each" {
  pool a b c d e
  for key in a b c d e; do plays $key "$stays"; done
  many 50 -- client
  eventually lines_of "$play/.used" 50
  touch "$play/go"
  await_all
  assert_equal "$failed" 0
  assert_equal "$(sort "$play/.used" | uniq -c | tr -s ' \n' ' ')" ' 10 a 10 b 10 c 10 d 10 e '
}

@test "more runs than keys: one warning among all of them, and the runs go on" {
  pool a b
  for key in a b; do plays $key "$stays"; done
  many 8 -- client
  eventually lines_of "$play/.used" 8
  touch "$play/go"
  await_all
  assert_equal "$failed" 0
  assert_equal "$(cat "$err".* | wc -l)" 1
  cat "$err".* > "$err"
  assert_stderr_has '^tcr-run: warning: 3 runs share 2 ready keys'
}

@test "as many runs as keys: no warning" {
  pool a b c
  for key in a b c; do plays $key "$stays"; done
  many 3 -- client
  eventually lines_of "$play/.used" 3
  touch "$play/go"
  await_all
  assert_equal "$(sort "$play/.used" | paste -sd ' ')" 'a b c'
  assert_equal "$(cat "$err".*)" ''
}

@test "a run alone after them uses one key, and no lease is left in the way" {
  pool a b c
  for key in a b c; do plays $key "$stays"; done
  many 6 -- client
  eventually lines_of "$play/.used" 6
  touch "$play/go"
  await_all
  first=$(fresh -- client && used)
  for run in 1 2 3; do
    fresh -- client
    assert_used "$first"
  done
}

@test "a run that was killed holds its key no longer" {
  pool a b
  plays a "$stays"
  tcr_background -- client
  eventually lines_of "$play/.used" 1
  kill -9 "$pid"
  await
  works a
  # The cursor is on a: only a lease could send the run to b.
  fresh -- client
  assert_used a
}

@test "a run that lives holds its key" {
  pool a b
  plays a "$stays"
  tcr_background -- client
  eventually lines_of "$play/.used" 1
  for run in 1 2; do
    fresh -- client
    assert_used b
  done
  touch "$play/go"
  await
}

@test "status shows the runs of the moment" {
  pool a b
  for key in a b; do plays $key "$stays"; done
  many 3 -- client
  eventually lines_of "$play/.used" 3
  tcr status --json
  assert_equal "$(jq -c '[.keys[].runs_now] | sort' "$out")" '[1,2]'
  tcr status
  assert_stdout_has 'in use ×2'
  touch "$play/go"
  await_all
  tcr status --json
  assert_equal "$(jq -c '[.keys[].runs_now]' "$out")" '[0,0]'
}

@test "40 runs that fail at once lose no rest" {
  names=$(printf 'k%d ' {1..40})
  pool $names
  for key in $names; do plays $key 'exit 9'; done
  runs=()
  for key in $names; do
    within "$TCR_RUN" --exit-class 9=limit --key "$key" -- client > "$out.$key" 2> "$err.$key" < /dev/null &
    runs+=($!)
  done
  await_all
  assert_equal "$failed" 40
  tcr status --json
  assert_equal "$(jq '[.keys[] | select(.state == "cooling" and .failures == 1 and .runs == 1)] | length' "$out")" 40
}

@test "20 runs at once on a pool that is used up in turn: none is lost, none uses a key that rests" {
  names=$(printf 'k%d ' {1..10})
  pool $names
  for key in $names; do plays $key 'exit 9'; done
  works k10
  many 20 --retries 10 --exit-class 9=limit -- client
  await_all
  assert_equal "$failed" 0
  assert_equal "$(cat "$out".* | sort | uniq -c | tr -s ' ')" ' 20 answer of k10'
}

@test "runs wait for the state's lock, but not for ever" {
  pool a
  tcr -- client
  (exec 9>> "$state/state.lock" && flock 9 && touch "$scratch/locked" && exec sleep 30) 3>&- &
  holder=$!
  eventually test -e "$scratch/locked"
  fresh -- client
  kill "$holder"
  assert_status 0
  assert_used a
  assert_stderr_has 'cannot be locked'
  assert_between "$took" 1000 20000
}
