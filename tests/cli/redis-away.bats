# A Redis server that goes and comes: the run goes on, and nothing that happened is lost.
load redis-helpers

@test "no server: said once, quickly, and the machine remembers meanwhile" {
  pool a b
  fails a
  on 1 tcr -- client
  assert_status 0
  assert_stdout 'answer of b'
  assert_equal "$(grep -c 'cannot be reached' "$err")" 1
  assert_ms "$took" 0 3000
  on 1 fresh -- client
  assert_used b
  on 1 tcr status
  assert_stdout_has 'a .*limited'
  on 1 tcr log
  assert_stdout_has '"a" reached its usage limit'
}

@test "when it comes back, the rests of meanwhile are there, and what was there stays" {
  server_start
  pool a b c d
  fails a
  on 1 tcr -- client
  salt=$(in_state .salt)
  # The socket is out of the way: machine 2 has never seen the server, so its state has another salt.
  mv "$place/sock" "$place/away"
  fails b
  on 2 tcr --key b -- client
  ls "$scratch"/machine2/.local/state/tcr/redis-????????.json
  mv "$place/away" "$place/sock"
  on 2 fresh -- client
  assert_no_stderr
  assert_used c
  assert_equal "$(in_state .salt)" "$salt"
  assert_equal "$(in_state '[.keys[] | select(.cooldowns != []) | .name] | sort | join(" ")')" 'a b'
  assert_equal "$(in_state '[.keys[] | select(.name == "b")][0].failures')" 1
  assert_equal "$(ls "$scratch/machine2/.local/state/tcr" | grep -v lock)" ''
  on 3 tcr log
  assert_stdout_has '"b" reached its usage limit'
  # Told once: reset is for good.
  on 2 tcr reset
  works b
  on 2 fresh --key b -- client
  assert_equal "$(in_state '[.keys[] | select(.cooldowns != [])] | length')" 0
}

@test "stopped in the middle of a run: it fails over, and the next run tells" {
  server_start
  pool a b
  plays a 'touch "$PLAY/up"; while [ -d "$PLAY" ] && [ ! -e "$PLAY/go" ]; do sleep 0.05; done; echo "Claude usage limit reached."; exit 1'
  on 1 tcr_background -- client
  eventually test -e "$play/up"
  server_stop
  touch "$play/go"
  on 1 await
  assert_status 0
  assert_stdout 'answer of b'
  assert_stderr_has 'this run goes on with the state of this machine'
  server_start
  works a
  on 1 fresh -- client
  assert_used b
  on 2 fresh -- client
  assert_used b
}

@test "back in the middle of a run: the same run tells" {
  server_start
  pool a b
  mv "$place/sock" "$place/away"
  plays a 'touch "$PLAY/up"; while [ -d "$PLAY" ] && [ ! -e "$PLAY/go" ]; do sleep 0.05; done; echo "Claude usage limit reached."; exit 1'
  plays b 'while [ -d "$PLAY" ] && [ ! -e "$PLAY/go2" ]; do sleep 0.05; done; echo "Claude usage limit reached."; exit 1'
  on 1 tcr_background -- client
  eventually test -e "$play/up"
  touch "$play/go"
  eventually grep -q '"a" reached' "$err"
  mv "$place/away" "$place/sock"
  # A server that did not answer is left alone for 5 s.
  sleep 5
  touch "$play/go2"
  on 1 await
  assert_equal "$(in_state '[.keys[] | select(.cooldowns != []) | .name] | sort | join(" ")')" 'a b'
}

@test "restarted in the middle of a run: its lease is there again" {
  server_start
  pool a b
  plays a 'touch "$PLAY/up"; while [ -d "$PLAY" ] && [ ! -e "$PLAY/go" ]; do sleep 0.05; done'
  with_env TCR_REDIS_LEASE=2s on 1 tcr_background -- client
  eventually test -e "$play/up"
  server_stop
  server_start
  assert_equal "$(ask HLEN tcr:leases)" 0
  has_lease() { [ "$(ask HLEN tcr:leases)" = 1 ]; }
  eventually has_lease
  touch "$play/go"
  await
  assert_status 0
  assert_no_stderr
  assert_equal "$(ask HLEN tcr:leases)" 0
}

@test "a server that hangs costs a run two seconds at most, and its output nothing" {
  server_start
  pool a
  tcr -- client
  kill -STOP "$server"
  fresh -- client
  kill -CONT "$server"
  assert_status 0
  assert_used a
  assert_stderr_has 'does not answer; this run goes on'
  assert_ms "$took" 900 2500
}

@test "a server that hangs while a lease is renewed holds up no output" {
  server_start
  pool a
  plays a 'touch "$PLAY/up"; for i in $(seq 30); do date +%s%N; sleep 0.05; done'
  with_env TCR_REDIS_LEASE=1s within "$TCR_RUN" -- client < /dev/null 2> "$err" | "$PYTHON" -c '
import sys, time
for line in iter(sys.stdin.readline, ""):
    print((time.time_ns() - int(line)) // 1000000, flush=True)' > "$scratch/delays" &
  eventually test -e "$play/up"
  kill -STOP "$server"
  wait $!
  kill -CONT "$server"
  assert_no_stderr
  assert_equal "$(wc -l < "$scratch/delays")" 30
  assert_ms "$(sort -n "$scratch/delays" | tail -1)" 0 400
}

@test "a connection that broke meanwhile is made anew" {
  server_start
  pool a b
  plays a 'touch "$PLAY/up"; while [ -d "$PLAY" ] && [ ! -e "$PLAY/go" ]; do sleep 0.05; done; echo "Claude usage limit reached."; exit 1'
  tcr_background -- client
  eventually test -e "$play/up"
  ask CLIENT KILL TYPE normal > /dev/null
  touch "$play/go"
  await
  assert_status 0
  assert_stdout 'answer of b'
  refute_stderr_has 'state of this machine'
}

@test "a host whose name nobody knows, and one that nobody answers for" {
  pool a
  with_env TCR_STATE=redis://nowhere.invalid tcr -- client
  assert_status 0
  assert_stderr_has 'redis://nowhere.invalid:6379/0.prefix=tcr: '
  assert_ms "$took" 0 2500
  with_env "TCR_STATE=redis://127.0.0.1:$(free_port)" tcr -- client
  assert_status 0
  assert_stderr_has 'Connection refused'
}

@test "reset while the server is away fails and says so" {
  pool a
  tcr reset a
  assert_status 125
  assert_stderr_has 'cannot be reached'
}

@test "what cannot be told for reasons of this machine is told later, and the server used" {
  server_start
  pool a b
  mv "$place/sock" "$place/away"
  fails a
  on 1 tcr -- client
  mv "$place/away" "$place/sock"
  standin=$(ls "$scratch"/machine1/.local/state/tcr/redis-????????.json)
  mv "$standin.lock" "$scratch/lock"
  mkdir "$standin.lock"
  works a
  on 1 fresh -- client
  assert_no_stderr
  assert_used a
  assert_equal "$(in_state '[.keys[].runs] | add')" 1
  rmdir "$standin.lock"
  on 1 fresh -- client
  assert_used b
  test ! -e "$standin"
}
