# A server that answers, but not as Redis does: no subcommand crashes or hangs, and a run goes on without it.
load redis-helpers

answers_with() {
  if [ -z "$server" ]; then
    "$PYTHON" "$HERE/fake_redis.py" "$place/sock" "$place/reply" > /dev/null 2>&1 3>&- &
    server=$!
    eventually test -S "$place/sock"
  fi
  printf -- "$1" > "$place/reply"
}

# What came back is an end of our own, in a bounded time, and what was said holds one line for each thing.
assert_survived() {
  [ "$status" -lt 126 ] || fail "$1, to $2: status $status"
  assert_ms "$took" 0 20000
  assert_stderr_is_ours
}

survives() {
  local words
  answers_with "$1"
  # Long answers to commands that take turns would take 5 s for each.
  for words in status 'status --json' 'explain -- client' log; do
    tcr $words
    assert_survived "$words" "$1"
    [ "$words" = log ] || assert_stderr_has "${2-answers in a way that is not understood}"
  done
}

BULK='$10\r\n1795209600\r\n'

@test "a look of one element" {
  pool a
  survives '*1\r\n:0\r\n'
  survives '*1\r\n*0\r\n'
}

@test "other kinds than a look is made of" {
  pool a
  for reply in ':1\r\n' '$-1\r\n' '*-1\r\n' '*0\r\n' '+OK\r\n' '$3\r\nabc\r\n' '*5\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n' \
    '*5\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n' '*5\r\n*0\r\n*0\r\n*0\r\n*0\r\n*0\r\n' '*1\r\n*1\r\n*1\r\n:1\r\n'; do
    survives "$reply"
  done
}

@test "a time that cannot be" {
  pool a
  for time in 9223372036854775807 -9223372036854775808 -1 99999999999999; do
    survives "*5\r\n:1\r\n:$time\r\n"'$-1\r\n$0\r\n\r\n*0\r\n'
  done
}

@test "a state and leases that are none" {
  pool a
  survives "*5\r\n:1\r\n$BULK"'$4\r\n{{{{\r\n$1\r\n1\r\n*0\r\n' 'holds a state that cannot be understood'
  answers_with "*5\r\n:1\r\n$BULK"'$-1\r\n$1\r\n1\r\n*4\r\n:1\r\n*0\r\n$2\r\n[]\r\n$3\r\n[{}\r\n'
  for words in status 'explain -- client'; do
    tcr $words
    assert_status 0
    assert_no_stderr
  done
}

@test "no Redis, too much, too little" {
  pool a
  survives 'HTTP/1.1 400 Bad Request\r\n\r\n' 'what answers there is not Redis'
  survives '+a\r\n+b\r\n+c\r\n' 'what answers there is not Redis|not understood'
  survives '' 'Connection reset|the connection failed'
  survives '*5\r\n:1\r\n' 'does not answer'
  survives '-ERR unknown \033]0;title\007 command\r\n' 'refused us: ERR unknown'
  ! grep -q $'\033' "$err" || fail "a control character of the server's"
}

@test "events that never end are not read for ever" {
  pool a
  answers_with '*1\r\n*2\r\n$10\r\ntcr:events\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$4\r\nline\r\n$2\r\n{}\r\n'
  tcr log
  assert_survived log 'the same event'
  assert_stderr_has 'answers in a way that is not understood'
  answers_with '*1\r\n*2\r\n:1\r\n:2\r\n'
  tcr log
  assert_survived log 'no events'
}

@test "a run goes on, whatever is answered" {
  pool a b
  fails a
  for reply in '*1\r\n$1\r\n0\r\n' ':1\r\n' '*5\r\n:1\r\n:-5\r\n$-1\r\n$-1\r\n*0\r\n' 'nonsense\r\n'; do
    answers_with "$reply"
    rm -rf "$state"
    fresh -- client
    assert_status 0
    assert_used 'a b'
    assert_ms "$took" 0 30000
    assert_equal "$(grep -c 'this run goes on' "$err")" 1
  done
}
