# What a run writes into events.jsonl.
load helpers

events() {
  [ ! -e "$state/events.jsonl" ] || jq -c "${1:-.}" "$state/events.jsonl"
}

# The kinds of all events, in order.
kinds() {
  events '.event' | tr -d '"' | paste -sd ' '
}

assert_kinds() {
  assert_equal "$(kinds)" "$1"
}

@test "a run that succeeds at once writes its start and its end" {
  pool home work
  plays home 'sleep 1.1; echo fine'
  tcr -- client
  assert_status 0
  assert_kinds 'attempt success'
  assert_equal "$(events 'keys_unsorted' | paste -sd ' ')" \
    '["time","event","key","pid","command"] ["time","event","key","duration_ms","pid","command"]'
  assert_equal "$(events '[.event, .key, .command]' | paste -sd ' ')" \
    '["attempt","home","client"] ["success","home","client"]'
  assert_between "$(events 'select(.event == "success").duration_ms')" 1100 60000
  for time in $(events .time); do assert_between "$time" $(($(date +%s) - 60)) "$(date +%s)"; done
  tcr log -n 1
  assert_stdout_has 'client ended well with "home" after [0-9.]+s$'
  assert_equal "$(stat -c %a "$state/events.jsonl")" 600
}

@test "and each costs one open, one write and one close" {
  command -v strace > /dev/null || skip "needs strace"
  pool home
  extra_env=(ASAN_OPTIONS=detect_leaks=0) # not beside strace
  tcr -- client
  capture strace -f -qq -y -e trace=openat,write,close,rename,renameat -o "$scratch/trace" "$TCR_RUN" -- client
  assert_status 0
  [ -s "$scratch/trace" ] || skip "nothing can be traced here"
  for call in openat write close; do
    assert_equal "$(grep -cE "^[0-9]+ +$call\(.*events\.jsonl" "$scratch/trace")" 2
  done
  # A line is written twice where another thread's call came in between.
  assert_equal "$(grep -v '^[0-9]* *\(openat\|write\|close\)(\|resumed>' "$scratch/trace" | grep -c events.jsonl)" 0
}

@test "neither arguments nor the folder of the command are written" {
  pool home
  mkdir "$scratch/bin/private"
  cp "$HERE/client" "$scratch/bin/private/tool"
  tcr -- "$scratch/bin/private/tool" --password hunter2
  assert_equal "$(events .command | uniq)" '"tool"'
  ! grep -E 'hunter2|password|private' "$state"/events.jsonl || fail "too much is written"
}

@test "a name that is no text makes a valid line" {
  pool home
  local odd=$'odd \xff\t"name\\'
  cp "$HERE/client" "$scratch/bin/$odd"
  tcr -- "$scratch/bin/$odd"
  assert_status 0
  assert_equal "$(events .command | uniq)" '"odd '$'\xef\xbf\xbd''\t\"name\\"'
}

@test "failover: who failed, how, until when, who is next" {
  pool home work
  plays home "printf '%s\n' \"You've hit your session limit · resets 11:21pm (UTC)\"; exit 1"
  tcr -- client
  assert_status 0
  assert_kinds 'attempt failover attempt success'
  assert_equal "$(events 'select(.event == "failover") | [.key, .class, .what, .next, .master]')" \
    '["home","limit","session limit","work",null]'
  assert_equal "$(events 'select(.event == "failover") | .until')" "$(record home '.cooldowns[0].until')"
  assert_equal "$(events 'select(.event == "success") | .key')" '"work"'
  assert_equal "$(events .pid | sort -u | wc -l)" 1
}

@test "failover to the master says that it is the master" {
  pool home --master api:billing
  fails home auth
  tcr -- client
  assert_kinds 'attempt failover attempt success'
  assert_equal "$(events 'select(.event == "failover") | [.class, .next, .master]')" '["auth","billing",true]'
  assert_equal "$(events 'select(.event == "attempt") | [.key, .master]' | paste -sd ' ')" \
    '["home",null] ["billing",true]'
}

@test "a limit of one model names it" {
  pool home work
  plays home "printf '%s\n' \"You've reached your Opus limit. You can go on with another model.\"; exit 1"
  tcr -- client
  assert_equal "$(events 'select(.event == "failover") | .model')" '"opus"'
}

@test "exhausted: the last key failed and there is no other" {
  pool home work
  fails home; fails work
  tcr -- client
  assert_status 1
  assert_kinds 'attempt failover attempt exhausted'
  assert_equal "$(events 'select(.event == "exhausted") | [.key, .next]')" '["work",null]'
  tcr -- client
  assert_status 75
  assert_equal "$(events | tail -n 1 | jq -c '[.event, .key, .command]')" '["exhausted",null,"client"]'
  assert_equal "$(events | tail -n 1 | jq .until)" "$(jq '[.keys[].cooldowns[].until] | min' "$state/state.json")"
}

@test "a run that ended for its keys: how its command ended, and what it took" {
  pool home work
  fails home; fails work
  tcr -- client
  assert_equal "$(events 'select(.event == "exhausted") | [.status, .assumed, .duration_ms > 0]')" '[1,true,true]'
  assert_equal "$(events 'select(.event == "failover") | [.status, .duration_ms]')" '[null,null]'
  tcr log -n 1
  assert_stdout_has '"work" reached its usage limit \(rests until [^)]*, reset unknown\); no other key was left; client failed with status 1 after [0-9.]+s$'
  tcr reset
  plays home "printf '%s\n' \"You've hit your session limit · resets $(LC_ALL=C TZ=UTC0 date -d '+2 hours' '+%-I:%M%P') (UTC)\"; exit 3"
  tcr --retry-on auth -- client
  assert_equal "$(events 'select(.event == "stopped") | [.status, .assumed]')" '[3,null]'
  tcr log -n 1
  assert_stdout_has '\(resets [^;)]*\); the run ended there; client failed with status 3 after [0-9.]+s$'
}

@test "stopped: nothing follows, because an option says so" {
  pool home work
  fails home
  tcr --retry-on auth -- client
  assert_status 1
  assert_kinds 'attempt stopped'
  assert_equal "$(events 'select(.event == "stopped") | [.key, .class]')" '["home","limit"]'
}

@test "retry: trouble that is not the key's, and the key once more" {
  pool home --master api:billing
  fails home server
  tcr -- client
  assert_kinds 'attempt retry attempt exhausted'
}

@test "a failure of the command's own" {
  pool home
  tcr -- sh -c 'exit 3'
  tcr -- sh -c 'kill -9 $$'
  tcr -- no-such-command
  assert_kinds 'attempt failed attempt failed attempt failed'
  assert_equal "$(events 'select(.event == "failed") | [.status, .signal]' | paste -sd ' ')" \
    '[3,null] [null,9] [127,null]'
}

@test "wait: for which key and until when" {
  pool home
  fails home
  tcr --cooldown 5 -- client
  works home
  tcr --wait -- client
  assert_status 0
  assert_kinds 'attempt exhausted exhausted wait attempt success'
  assert_equal "$(events 'select(.event == "wait") | .key')" '"home"'
  assert_equal "$(events 'select(.event == "wait") | .until')" "$(events 'select(.event == "exhausted") | .until' | head -n 1)"
}

@test "warning: a key that is passed over" {
  echo "{\"keys\": [{\"name\": \"broken\", \"token_command\": [\"sh\", \"-c\", \"echo hunter2 >&2; exit 3\"]}, $(entry b)]}" | keyfile
  tcr -- client
  assert_status 0
  assert_kinds 'warning attempt success'
  assert_equal "$(events 'select(.event == "warning") | .key')" '"broken"'
  events 'select(.event == "warning") | .text' | grep -q 'exited with status 3'
  ! grep hunter2 "$state/events.jsonl" || fail "what the command printed is written"
}

@test "warning: more runs than ready keys" {
  pool home
  plays home 'sleep 5'
  tcr_background -- client
  eventually test -s "$play/.used"
  works home
  (err=$scratch/stderr2; out=$scratch/stdout2; tcr -- client)
  kill "$pid"
  await
  assert_equal "$(events 'select(.event == "warning") | .text')" '"2 runs share 1 ready key"'
}

@test "reset: one line for each key that was forgotten" {
  pool home work spare
  fails home; fails work
  tcr -- client
  tcr reset
  assert_status 0
  assert_equal "$(events 'select(.event == "reset") | [.key, .command]' | paste -sd ' ')" '["home",null] ["work",null]'
  tcr reset
  assert_equal "$(events 'select(.event == "reset")' | wc -l)" 2
}

@test "quiet runs write as well" {
  pool home
  tcr -q -- client
  assert_kinds 'attempt success'
}

@test "nothing but commands that are run: no events of status, list and explain" {
  pool home
  tcr status; tcr keys list; tcr explain -- client; tcr log; tcr doctor
  [ ! -e "$state/events.jsonl" ] || fail "$(cat "$state/events.jsonl")"
}

@test "they lie beside the state that TCR_STATE names" {
  pool home
  mkdir "$scratch/elsewhere"
  extra_env=("TCR_STATE=$scratch/elsewhere/pool.json")
  tcr -- client
  assert_equal "$(jq -r .event "$scratch/elsewhere/events.jsonl" | paste -sd " ")" "attempt success"
  [ ! -e "$state" ] || fail "there is a state in the usual place"
}

@test "events that cannot be written cost nothing" {
  pool home
  tcr -- client
  rm "$state/events.jsonl"
  for obstacle in 'mkdir "$state/events.jsonl"' 'mkfifo "$state/events.jsonl"' 'ln -s "$scratch/target" "$state/events.jsonl"'; do
    eval "$obstacle"
    fresh -- client
    assert_status 0
    assert_used home
    assert_no_stderr
    rm -rf "$state/events.jsonl"
  done
  [ ! -e "$scratch/target" ] || fail "a link was followed"
}

@test "runs side by side write whole lines" {
  pool home work
  local -a pids=()
  for run in $(seq 20); do
    (out=$scratch/stdout-$run; err=$scratch/stderr-$run; tcr -- client) &
    pids+=($!)
  done
  wait "${pids[@]}"
  assert_equal "$(events 'select(.event == "attempt")' | wc -l)" 20
}

@test "over 1 MiB the file is put aside" {
  pool home
  tcr -- client
  yes '{"time":1,"event":"attempt","key":"old"}' | head -c 1100000 | sed '$d' >> "$state/events.jsonl"
  tcr -- client
  tcr -- client
  [ -e "$state/events.jsonl.1" ] || fail "nothing was put aside"
  assert_between "$(stat -c %s "$state/events.jsonl")" 1 1000
  assert_equal "$(cat "$state/events.jsonl.1" "$state/events.jsonl" | jq -r 'select(.key == "home" and .event == "attempt").event' | wc -l)" 3
}
