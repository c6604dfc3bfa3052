# --wait: what happens when no key is left.
load helpers

# The client fails with "a" until so many runs were made.
recovers_after() {
  plays a "[ \"\$(wc -l < \"\$PLAY/.used\")\" -gt $1 ] && { echo recovered; exit 0; }; echo '$(sentence limit)'; exit 1"
}

@test "without --wait: status 75, what rests until when, and what to do about it" {
  pool home work
  fails home; fails work auth
  tcr -- client
  fresh -- client
  assert_refused 75
  assert_stderr_has '"home" limited until .*\(in .*"work" auth error until .*\(in '
  assert_stderr_has '"home" is ready first, at .*\(in .*--wait.*tcr-run reset'
}

@test "--wait: goes on with the first key that is ready, with one line of explanation" {
  pool a
  recovers_after 1
  tcr --cooldown 1 --wait -- client
  assert_status 0
  assert_used 'a a'
  assert_stdout recovered
  assert_stderr_has 'waiting for "a", ready at .*\(in 1s\)'
  assert_stderr_has '"a" is ready'
  assert_ms "$took" 1000 60000
}

@test "--wait: also when nothing was usable from the start" {
  pool a
  fails a
  tcr --cooldown 1 -- client
  works a
  fresh --wait -- client
  assert_status 0
  assert_used a
}

@test "--wait: ends when the key is ready, not seconds later" {
  pool a
  recovers_after 1
  tcr --cooldown 1 --wait -- client
  assert_status 0
  assert_ms "$took" 1000 3500
}

@test "--wait=MAX: gives up at once if it would take longer" {
  pool a
  fails a
  tcr --cooldown 1h --wait=5m -- client
  assert_status 1
  assert_used a
  assert_stdout "$(sentence limit)"$'\n''after the mark of a'
  assert_ms "$took" 0 5000
  fresh --wait=5m -- client
  assert_refused 75
  assert_stderr_has '^tcr-run: "a" is ready first, at ([A-Z][a-z]+ [0-9]+ ([0-9]{4} )?)?[0-9:]+( \(in [0-9a-z ]+\)), and --wait ends at ([A-Z][a-z]+ [0-9]+ ([0-9]{4} )?)?[0-9:]+ \(in 5m\); giving up$'
}

@test "--wait with --key: that key is used though it rests, and then waited for" {
  pool a b
  fails a
  tcr --cooldown 1h -- client
  fresh --cooldown 1h --wait=5m --key a -- client
  assert_status 1
  assert_used a
  assert_stderr_has '"a" is ready first, at .*, and --wait ends at .*; giving up$'
  recovers_after 1
  fresh --cooldown 1 --wait --key a -- client
  assert_status 0
  assert_used 'a a'
  assert_ms "$took" 1000 60000
}

@test "--wait=MAX ends also where keys do not rest" {
  pool a
  fails a
  tcr --cooldown 0 --wait=1s -- client
  assert_status 1
  assert_stderr_has '^tcr-run: --wait is over; giving up$'
  assert_ms "$took" 1000 4000
}

@test "--wait: a key that does not rest is used once a second" {
  pool a
  plays a "[ \"\$(wc -l < \"\$PLAY/.used\")\" -gt 3 ] && exit 0; echo '$(sentence limit)'; exit 1"
  tcr --cooldown 0 --wait -- client
  assert_status 0
  assert_used 'a a a a'
  assert_ms "$took" 2000 8000
}

@test "--wait: the output of attempts before the wait is given up" {
  pool a
  plays a "[ \"\$(wc -l < \"\$PLAY/.used\")\" -gt 1 ] && { cat; exit 0; }; cat > /dev/null; echo '$(sentence limit)'; exit 1"
  printf 'the input\n' > "$scratch/input"
  input=$scratch/input tcr --cooldown 1 --wait -- client
  assert_status 0
  assert_stdout 'the input'
}

wait_and_kill() {
  pool a
  fails a
  tcr -- client
  tcr_background --wait -- client
  eventually grep -q 'waiting for' "$err"
  kill "-$1" "$pid"
  await
}

@test "--wait: a signal ends it at once" {
  for signal in TERM INT HUP QUIT; do
    wait_and_kill $signal
    assert_ms "$took" 0 1500
    [ "$status" -ne 0 ] || fail "$signal: status 0"
  done
}

# A shell's loop around tcr-run ends only if it died of the signal.
@test "--wait: tcr-run dies of the signal that ended it" {
  for signal in TERM INT; do
    wait_and_kill $signal
    assert_status $((128 + $(kill -l $signal)))
  done
}

@test "--wait: wrong lengths of time are refused" {
  pool a
  for value in x 5x -1 ''; do
    tcr "--wait=$value" -- client
    assert_refused
    assert_stderr_has '--wait: .*90s, 5m'
  done
}
