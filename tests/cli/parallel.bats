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

stays='while [ -d "$PLAY" ] && [ ! -e "$PLAY/go" ]; do sleep 0.1; done; echo "$name is done"'

# How far apart the keys are at this moment, of those named or all; and how many runs there are.
runs_now() {
  within "$TCR_RUN" status --json 2> /dev/null |
    jq -c --arg names "${1-}" '[.keys[] | select($names == "" or (.name | inside($names))).runs_now]'
}

@test "100 runs at once over 10 keys: 10 each, and never two keys further apart than one run" {
  pool a b c d e f g h i j
  for key in a b c d e f g h i j; do plays $key "$stays"; done
  many 100 -- client
  samples=0
  until lines_of "$play/.used" 100; do
    now=$(runs_now)
    [ "$(jq 'max - min' <<< "$now")" -le 1 ] || fail "uneven: $now"
    samples=$((samples + 1))
    [ $samples -lt 500 ] || fail "only $(used | wc -w) runs"
  done
  assert_equal "$(runs_now)" '[10,10,10,10,10,10,10,10,10,10]'
  touch "$play/go"
  await_all
  assert_equal "$failed" 0
  assert_equal "$(sort "$play/.used" | uniq -c | awk '{ print $1 }' | sort -u)" 10
}

@test "a key that is used up under 10 runs: each carries on by itself, spread over the others" {
  pool a b c d
  for key in b c d; do plays $key "$stays"; done
  plays a "while [ ! -e \"\$PLAY/limit\" ]; do sleep 0.1; done; echo '$(sentence limit)'; exit 1"
  many 40 -- client
  eventually lines_of "$play/.used" 40
  assert_equal "$(runs_now)" '[10,10,10,10]'
  touch "$play/limit"
  eventually lines_of "$play/.used" 50
  assert_equal "$(tail -n 10 "$play/.used" | grep -c a || true)" 0
  assert_equal "$(runs_now | jq -c '[.[0], (.[1:] | add, max - min)]')" '[0,40,1]'
  assert_equal "$(cat "$err".* | grep -c '"a" reached its usage limit')" 10
  touch "$play/go"
  await_all
  assert_equal "$failed" 0
}

@test "what one run learned of a key, the success of another that began before does not undo" {
  pool a b
  fails a
  tcr --key a -- client
  age 600
  plays a "$stays"
  tcr_background --key a -- client
  eventually lines_of "$play/.used" 2
  fails a
  (tcr --key a -- client)
  works a
  touch "$play/go"
  await
  assert_status 0
  assert_equal "$(record a .failures)" 2
  fresh -- client
  assert_used b
}

@test "more runs than keys: one warning among all of them, and the runs go on" {
  pool a b
  for key in a b; do plays $key "$stays"; done
  many 8 -- client
  eventually lines_of "$play/.used" 8
  touch "$play/go"
  await_all
  assert_equal "$failed" 0
  cat "$err".* > "$err"
  assert_equal "$(sentences "$err" | wc -l)" 1
  assert_stderr_has '^tcr-run: warning: 3 runs share 2 ready keys; add keys of other accounts, or use --max-per-key 1$'
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
  assert_ms "$took" 1000 20000
}
