# --max-per-key: a run waits for a free key rather than share one.
load helpers

# Stays until "go" is there, or "go.RUN" for the run of that name.
stays='while [ -d "$PLAY" ] && [ ! -e "$PLAY/go" ] && [ ! -e "$PLAY/go.$RUN" ]; do sleep 0.05; done
date +%s%N > "$PLAY/.ended.$RUN"'

# begin NAME OPTION...: a run in the background, with a number of its own in runs[NAME].
declare -A runs
begin() {
  local name=$1
  shift
  within "$TCR_RUN" "$@" -- env "RUN=$name" client > "$out.$name" 2> "$err.$name" < /dev/null &
  runs[$name]=$!
}

# The client tells which run it is of, so that the order of the runs can be seen.
one_key() {
  pool a
  plays a 'echo "$RUN" >> "$PLAY/.order"; date +%s%N >> "$PLAY/.started"'$'\n'"$stays"
}

# Runs that stand in a queue: what the state knows of them.
waiting() {
  [ "$(jq '[.leases[] | select(.ticket > 0)] | length' "$state/state.json")" = "$1" ]
}

finish() {
  local name
  failed=0
  for name in "${!runs[@]}"; do
    wait "${runs[$name]}" || failed=$((failed + 1))
  done
}

@test "--max-per-key 1: a run waits for the key, says so once, and takes it within a second" {
  one_key
  begin first --max-per-key 1
  eventually lines_of "$play/.order" 1
  begin second --max-per-key 1
  eventually grep -q 'waiting for a free key' "$err.second"
  sleep 0.5
  assert_used a
  touch "$play/go.first"
  eventually lines_of "$play/.order" 2
  assert_ms $((($(sed -n 2p "$play/.started") - $(cat "$play/.ended.first")) / 1000000)) 0 1000
  touch "$play/go"
  finish
  assert_equal "$failed" 0
  assert_equal "$(cat "$err.first")" ''
  assert_equal "$(cat "$err.second")" 'tcr-run: waiting for a free key (--max-per-key 1)
tcr-run: "a" is free; going on'
  tcr log
  assert_stdout_has 'waits for a free key'
}

@test "--max-per-key 2: two runs share a key, the third waits; TCR_MAX_PER_KEY and the key file say the same" {
  one_key
  for way in option variable file; do
    rm -f "$play"/.[a-z]* "$play"/go*
    extra_env=()
    options=()
    runs=()
    case $way in
      option) options=(--max-per-key 2) ;;
      variable) extra_env=(TCR_MAX_PER_KEY=2) ;;
      file) echo "{\"keys\": [$(entry a)], \"policy\": {\"max_per_key\": 2}}" | keyfile ;;
    esac
    begin 1 "${options[@]}"
    begin 2 "${options[@]}"
    eventually lines_of "$play/.order" 2
    begin 3 "${options[@]}"
    eventually waiting 1
    assert_used 'a a'
    touch "$play/go.1"
    eventually lines_of "$play/.order" 3
    touch "$play/go"
    finish
    assert_equal "$failed" 0
  done
}

@test "--max-per-key: first come, first served, and a later run does not pass those that wait" {
  one_key
  begin 0 --max-per-key 1
  eventually lines_of "$play/.order" 1
  for name in 1 2 3 4 5 6; do
    begin $name --max-per-key 1
    eventually waiting $name
  done
  rm "$play/a"
  plays a 'echo "$RUN" >> "$PLAY/.order"'
  touch "$play/go.0"
  begin 7 --max-per-key 1
  finish
  assert_equal "$failed" 0
  assert_equal "$(paste -sd ' ' "$play/.order")" '0 1 2 3 4 5 6 7'
  assert_equal "$(grep -c 'behind 5 other runs' "$err.6")" 1
}

@test "--max-per-key 1: 40 runs over 4 keys never share one, and all are served" {
  pool a b c d
  for key in a b c d; do
    plays $key 'mkdir "$PLAY/on.$name" || touch "$PLAY/shared"; sleep 0.02; rmdir "$PLAY/on.$name"'
  done
  for name in {1..40}; do begin "$name" --max-per-key 1; done
  finish
  assert_equal "$failed" 0
  [ ! -e "$play/shared" ] || fail "a key was shared"
  assert_equal "$(wc -l < "$play/.used")" 40
}

@test "a waiter that was killed, or stopped, does not hold up those behind it" {
  one_key
  begin 0 --max-per-key 1
  eventually lines_of "$play/.order" 1
  for name in killed stopped; do
    tcr_background --max-per-key 1 -- env RUN=$name client
    eval "$name=$pid"
    eventually waiting $([ $name = killed ] && echo 1 || echo 2)
  done
  begin last --max-per-key 1
  eventually waiting 3
  kill -KILL "$killed"
  kill -STOP "$stopped"
  touch "$play/go.0"
  eventually lines_of "$play/.order" 2
  kill -CONT "$stopped"
  touch "$play/go"
  finish
  wait "$stopped"
  assert_equal "$(paste -sd ' ' "$play/.order")" '0 last stopped'
}

@test "a run that was killed frees its key within a second" {
  one_key
  tcr_background --max-per-key 1 -- env RUN=first client
  eventually lines_of "$play/.order" 1
  begin second --max-per-key 1
  eventually waiting 1
  kill -KILL "$pid"
  now=$(date +%s%N)
  eventually lines_of "$play/.order" 2
  assert_ms $((($(sed -n 2p "$play/.started") - now) / 1000000)) 0 1000
  touch "$play/go"
  finish
}

@test "a signal ends a waiter at once, and tcr-run dies of it" {
  one_key
  begin 0 --max-per-key 1
  eventually lines_of "$play/.order" 1
  for signal in INT TERM; do
    tcr_background --max-per-key 1 -- client
    eventually grep -q 'waiting for a free key' "$err"
    kill -$signal "$pid"
    await
    assert_status $((128 + $(kill -l $signal)))
    assert_ms "$took" 0 500
  done
  touch "$play/go"
  finish
  assert_used a
}

@test "--wait=MAX bounds the wait for a free key: status 75" {
  one_key
  begin 0 --max-per-key 1
  eventually lines_of "$play/.order" 1
  tcr --max-per-key 1 --wait=1s -- client
  assert_status 75
  assert_ms "$took" 1000 3000
  assert_stderr_has 'no key became free in time for --wait; giving up'
  touch "$play/go"
  finish
  assert_used a
}

@test "keys that rest are not waited for without --wait, keys in use are" {
  one_key
  pool a b
  fails b
  tcr --key b -- client
  forget_used
  begin 0 --max-per-key 1
  eventually lines_of "$play/.order" 1
  begin 1 --max-per-key 1
  eventually waiting 1
  touch "$play/go"
  finish
  assert_equal "$failed" 0
  fails a
  tcr --key a -- client
  fresh --max-per-key 1 -- client
  assert_refused 75
  assert_stderr_has 'no key can be used'
}

@test "a run whose key is used up waits for one in use, and carries on there; the master is not spent" {
  one_key
  pool a b --master api:m
  begin 0 --max-per-key 1
  eventually lines_of "$play/.order" 1
  fails b
  begin 1 --max-per-key 1
  eventually waiting 1
  sentences "$err.1" | grep -q '"b" reached its usage limit .*; every other key is in use' || fail "$(cat "$err.1")"
  touch "$play/go"
  finish
  assert_equal "$failed" 0
  assert_used 'a b a'
}

@test "when the key that is waited for is used up, that is the end, and said" {
  pool a
  plays a "$stays; echo '$(sentence limit)'; exit 1"
  begin 0 --max-per-key 1
  eventually lines_of "$play/.used" 1
  begin 1 --max-per-key 1
  eventually waiting 1
  touch "$play/go"
  status=0
  wait "${runs[1]}" || status=$?
  assert_status 75
  assert_used a
  sentences "$err.1" | grep -q 'the keys in use are used up as well; --wait waits for "a", ready first' || fail "$(cat "$err.1")"
  wait "${runs[0]}" || true
}

@test "with --wait, who waits for a reset stands in the queue too, and sees a key that is ready sooner" {
  pool a
  fails a
  tcr --cooldown 1h -- client
  forget_used
  plays a 'echo "$RUN" >> "$PLAY/.order"'
  begin 1 --max-per-key 1 --wait
  eventually waiting 1
  begin 2 --max-per-key 1 --wait
  eventually waiting 2
  (tcr reset a)
  now=$(date +%s)
  begin 3 --max-per-key 1
  finish
  assert_equal "$failed" 0
  assert_equal "$(paste -sd ' ' "$play/.order")" '1 2 3'
  assert_ms $((($(date +%s) - now) * 1000)) 0 6000
}

@test "runs that wait for other keys do not hold up this one" {
  pool a b
  for key in a b; do plays $key "$stays"; done
  begin 0 --max-per-key 1 --key a
  eventually lines_of "$play/.used" 1
  begin 1 --max-per-key 1 --key a
  eventually waiting 1
  works b
  LIMIT=30 fresh --max-per-key 1 -- client
  assert_used b
  touch "$play/go"
  finish
}

@test "several kinds: who waits for one holds none of the other" {
  rm -f "$keys"
  extra_env=("CLAUDE_CODE_OAUTH_TOKENS=o=$(token o)" "OPENAI_API_KEYS=p=sk-proj-FAKE-p-0001")
  plays o "$stays"
  begin 0 --max-per-key 1 --kind anthropic
  eventually lines_of "$play/.used" 1
  begin 1 --max-per-key 1 --kind openai,anthropic
  eventually waiting 1
  LIMIT=30 tcr --max-per-key 1 --kind openai -- true
  assert_status 0
  assert_no_stderr
  touch "$play/go"
  finish
  assert_equal "$failed" 0
}

@test "several kinds: who has to wait after a failure gives up what it has of the other, and looks for it again" {
  rm -f "$keys"
  extra_env=("CLAUDE_CODE_OAUTH_TOKENS=o=$(token o)" "OPENAI_API_KEYS=p=sk-proj-FAKE-p-0001,q=sk-proj-FAKE-q-0001")
  plays q "$stays"
  begin 0 --max-per-key 1 --key q
  eventually lines_of "$play/.used" 1
  plays o 'case $OPENAI_API_KEY in *-p-*) echo "openai.RateLimitError: Error code: 429 - {}"; exit 1 ;; esac'
  begin 1 --max-per-key 1 --kind openai,anthropic
  eventually waiting 1
  plays o "$stays"
  begin 2 --max-per-key 1 --kind anthropic
  eventually lines_of "$play/.used" 3
  touch "$play/go.0"
  wait "${runs[0]}"
  sleep 0.5
  assert_used 'q o o'
  assert_equal "$(jq -r '[.leases[] | select(.ticket > 0)] | length' "$state/state.json")" 1
  touch "$play/go"
  finish
  assert_equal "$failed" 0
  assert_used 'q o o o'
}

@test "a run whose next key gives no token waits for the one in use" {
  echo "{\"keys\": [$(entry a), {\"name\": \"b\", \"token_command\": [\"false\"]}, $(entry c)]}" | keyfile
  plays c "$stays"
  begin 0 --max-per-key 1 --key c
  eventually lines_of "$play/.used" 1
  fails a
  begin 1 --max-per-key 1
  eventually waiting 1
  grep -q '"b" is passed over' "$err.1" || fail "$(cat "$err.1")"
  touch "$play/go"
  finish
  assert_equal "$failed" 0
  assert_used 'c a c'
}

@test "on a terminal the wait is shown on one line, and Ctrl-C ends it" {
  one_key
  begin 0 --max-per-key 1
  eventually lines_of "$play/.order" 1
  (sleep 1; printf '\003') | within script -qec "$TCR_RUN --max-per-key 1 -- client" /dev/null > "$out" 2>&1 || status=$?
  assert_equal "$status" 130
  tr '\r' '\n' < "$out" | grep -q 'waiting for a free key (--max-per-key 1).*(Ctrl-C ends)' || fail "no line"
  assert_equal "$(grep -c . "$out")" 1
  touch "$play/go"
  finish
}

@test "explain shows the bound, and which keys are in use" {
  one_key
  begin 0 --max-per-key 1
  eventually lines_of "$play/.order" 1
  tcr explain --max-per-key 1 -- client
  assert_status 75
  assert_stdout_has '^  a +in use by as many runs as --max-per-key allows$'
  assert_stdout_has '^runs at once on one key: at most 1$'
  touch "$play/go"
  finish
}

@test "--max-per-key: wrong numbers are refused, wherever they stand" {
  pool a
  for value in 0 -1 x 1x '' 10001; do
    tcr "--max-per-key=$value" -- client
    assert_refused
    assert_stderr_has '--max-per-key: .*write 1 to 10000'
  done
  extra_env=(TCR_MAX_PER_KEY=none)
  tcr -- client
  assert_refused
  assert_stderr_has 'TCR_MAX_PER_KEY: "none" is not a number of runs'
  extra_env=(TCR_MAX_PER_KEY=2)
  echo "{\"keys\": [$(entry a)], \"policy\": {\"max_per_key\": 0}}" | keyfile
  tcr -- client
  assert_refused
  assert_stderr_has 'policy.max_per_key: expected a whole number from 1 to 10000'
}
