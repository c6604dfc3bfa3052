# One state for many machines, on a Redis server: what it keeps, and what may be wrong with it.
load redis-helpers

@test "what one machine learns the others know" {
  server_start
  pool a b
  fails a
  on 1 tcr -- client
  assert_stdout 'answer of b'
  on 2 fresh -- client
  assert_used b
  assert_no_stderr
  on 3 tcr status --json
  assert_equal "$(jq -r '.keys[0].state' "$out")" cooling
}

@test "nothing of it is left on the machine" {
  server_start
  pool a
  on 1 tcr -- client
  assert_equal "$(ls -A "$scratch/machine1")" ''
}

@test "log and reset work on it" {
  server_start
  pool a b
  fails a
  on 1 tcr -- client
  on 2 tcr log
  assert_stdout_has '"a" reached its usage limit .*; carried on with "b"'
  on 3 tcr reset a
  assert_status 0
  assert_stderr_has 'forgot the rests and failures of "a"'
  on 1 tcr log --json
  assert_equal "$(jq -r '.event' "$out" | tail -1)" reset
  works a
  assert_equal "$(in_state '[.keys[] | select(.name == "a")][0].cooldowns | length')" 0
}

@test "log -f shows what other machines do" {
  server_start
  pool a
  on 1 tcr_background log -f --json
  on 2 within "$TCR_RUN" -- client > /dev/null
  eventually grep -q '"event":"attempt"' "$out"
  on 2 within "$TCR_RUN" -- client > /dev/null
  two_lines() { [ "$(wc -l < "$out")" -ge 2 ]; }
  eventually two_lines
  kill "$pid"
  await
}

@test "a log without events says so" {
  server_start
  pool a
  on 1 tcr log
  assert_status 0
  assert_stderr_has 'nothing has happened yet: there is no redis\+unix://'
}

@test "prefixes and databases are states of their own" {
  server_start
  pool a
  tcr -- client
  with_env "TCR_STATE=$url?prefix=team" tcr -- client
  with_env "TCR_STATE=$url?db=3" tcr -- client
  assert_equal "$(ask KEYS '*:state' | sort | paste -sd ' ')" 'tcr:state team:state'
  assert_equal "$(ask -n 3 KEYS '*:state')" tcr:state
}

@test "over the loopback, by address and by name" {
  port=$(free_port)
  server_start --port "$port" --bind 127.0.0.1
  pool a
  with_env "TCR_STATE=redis://127.0.0.1:$port" tcr -- client
  with_env "TCR_STATE=redis://localhost:$port" tcr -- client
  assert_no_stderr
  assert_equal "$(in_state '.keys[].runs')" 2
}

@test "the command learns neither where the server is nor its password" {
  server_start --requirepass FAKE-pass-0001
  pool a
  plays a 'env | grep -E "TCR|FAKE-pass"; tr "\0" "\n" < /proc/$PPID/cmdline | grep FAKE-pass'
  with_env TCR_REDIS_PASSWORD=FAKE-pass-0001 tcr -- client
  assert_no_stdout
  assert_no_stderr
  assert_equal "$(ask -a FAKE-pass-0001 HGET tcr:state revision 2> /dev/null)" 1
}

@test "a password from a file, from a variable, in the URL; a user" {
  server_start --requirepass FAKE-pass-0001 --user ann on '>FAKE-ann-0001' '~*' '+@all'
  pool a
  (umask 077 && echo FAKE-pass-0001 > "$scratch/password")
  with_env "TCR_REDIS_PASSWORD_FILE=$scratch/password" tcr -- client
  assert_no_stderr
  with_env TCR_REDIS_PASSWORD=FAKE-pass-0001 tcr -- client
  assert_no_stderr
  with_env "TCR_STATE=redis+unix://:FAKE-pass-0001@$place/sock" tcr -- client
  assert_no_stderr
  with_env "TCR_STATE=redis+unix://ann:FAKE-ann-0001@$place/sock" tcr -- client
  assert_no_stderr
  (umask 077 && echo FAKE-ann-0001 > "$scratch/password")
  extra_env+=("TCR_REDIS_PASSWORD_FILE=$scratch/password")
  with_env "TCR_STATE=redis+unix://ann@$place/sock" tcr -- client
  assert_no_stderr
  assert_equal "$(ask -a FAKE-pass-0001 HGET tcr:state text 2> /dev/null | jq '.keys[].runs')" 5
}

@test "a wrong password: said once, not shown, and the run goes on" {
  server_start --requirepass FAKE-right-0001
  pool a b
  fails a
  with_env TCR_REDIS_PASSWORD=FAKE-wrong-0001 on 1 tcr -- client
  assert_status 0
  assert_stdout 'answer of b'
  assert_equal "$(grep -c 'refused us: WRONGPASS' "$err")" 1
  assert_stderr_has 'this run goes on with the state of this machine, in .*/redis-[0-9a-f]{8}.json$'
  refute_stderr_has FAKE
  on 1 tcr -- client
  assert_stderr_has 'refused us: NOAUTH'
  # The machine remembered.
  assert_stdout 'answer of b'
}

@test "a password file that others can read is not used" {
  server_start --requirepass FAKE-right-0001
  pool a
  echo FAKE-right-0001 > "$scratch/password"
  chmod 644 "$scratch/password"
  with_env "TCR_REDIS_PASSWORD_FILE=$scratch/password" tcr -- client
  assert_status 0
  assert_stderr_has "TCR_REDIS_PASSWORD_FILE $scratch/password: "
  refute_stderr_has FAKE-right
}

@test "a URL that is none: one line that repeats nothing of it" {
  pool a
  with_env 'TCR_STATE=redis://:FAKE-pass/word@host' tcr -- client
  assert_status 0
  assert_stdout 'answer of a'
  assert_equal "$(sentences "$err" | wc -l)" 1
  assert_stderr_has '^tcr-run: warning: TCR_STATE: there is no host.*expected redis://.*goes on with the state of this machine'
  refute_stderr_has FAKE
  test -f "$state/state.json"
}

@test "a URL of another scheme, or a scheme misspelt: not the path of a file with a password in its name" {
  pool a
  for url in valkey://:FAKE-pass@host REDIS://:FAKE-pass@host redis:/:FAKE-pass@host ' redis://:FAKE-pass@host'; do
    rm -rf "$state"
    for words in '-vvv -- client' status doctor; do
      with_env "TCR_STATE=$url" tcr $words
      ! grep -h FAKE-pass "$out" "$err" || fail "$url: $words"
    done
    with_env "TCR_STATE=$url" tcr -- client
    assert_stderr_has '^tcr-run: warning: TCR_STATE: this is not such a URL; expected redis://.*goes on with the state of this machine'
    assert_equal "$(ls -A)" ''
    test -f "$state/state.json"
  done
}

@test "a state that cannot be understood is set aside, and a new one begun" {
  server_start
  pool a
  ask HSET tcr:state text '{"version":1,' revision 7 > /dev/null
  tcr -- client
  assert_status 0
  assert_stderr_has 'could not be understood; it was set aside as "tcr:broken" and a new one is begun'
  assert_equal "$(ask GET tcr:broken)" '{"version":1,'
  assert_equal "$(in_state '.keys[].runs')" 1
  fresh -- client
  assert_no_stderr
}

@test "a newer version's state is left as it is" {
  server_start
  pool a
  ask HSET tcr:state text '{"version":2,"salt":"?"}' revision 7 > /dev/null
  tcr -- client
  assert_status 0
  assert_stderr_has 'was written by a newer tcr-run and is left as it is; this run goes on with the state of this machine'
  assert_equal "$(ask HGET tcr:state text)" '{"version":2,"salt":"?"}'
}

@test "keys of somebody else are left as they are" {
  server_start
  pool a
  ask SET tcr:state 'of another program' > /dev/null
  tcr -- client
  assert_status 0
  assert_stderr_has 'hold something else and are left alone; name another .prefix='
  assert_equal "$(ask GET tcr:state)" 'of another program'
}

@test "what is no Redis server is none" {
  pool a
  "$PYTHON" -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1] + "x"); s.listen(); os.rename(sys.argv[1] + "x", sys.argv[1])
c, _ = s.accept(); c.recv(1); c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"); c.recv(100000)' "$place/sock" 3>&- &
  eventually test -S "$place/sock"
  tcr -- client
  assert_status 0
  assert_stderr_has 'what answers there is not Redis'
}

@test "unknown fields are kept" {
  server_start
  pool a
  tcr -- client
  ask HSET tcr:state text "$(in_state '.later = {"x": [1]} | .keys[].more = "é"')" > /dev/null
  ask HGET tcr:state text | jq -c . > /dev/null
  fresh -- client
  assert_equal "$(in_state '.later.x[0], .keys[].more, .keys[].runs' | paste -sd ' ')" '1 é 2'
}

@test "a clock that is an hour ahead changes nothing" {
  needs_preloading
  server_start
  pool a b
  make_clock 3600
  fails a throttled
  on 1 tcr -- client
  on 2 with_env "LD_PRELOAD=$clock" fresh -- client
  assert_used b
  on 2 with_env "LD_PRELOAD=$clock" tcr status --json
  assert_between "$(jq '.keys[0].until - now | floor' "$out" 2> /dev/null || echo 0)" -3600 60
  # And the other way round.
  fails b throttled
  on 2 with_env "LD_PRELOAD=$clock" fresh -- client
  assert_between "$(in_state '[.keys[].cooldowns[].until - now] | max | floor')" 0 60
}
