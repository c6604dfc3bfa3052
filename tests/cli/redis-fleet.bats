# Many runs on many machines, one Redis server. FULL=1 repeats what chance may decide.
load redis-helpers

rounds=$([ "${FULL-}" = 1 ] && echo 20 || echo 1)
# An instrumented build takes ten times the memory.
each=$(is_instrumented && echo 10 || echo 50)

# Four containers, each with so many runs at once: tcr-run's options follow.
fleet() {
  local machine
  machines=()
  for machine in 1 2 3 4; do
    on "$machine" within "${container[@]}" "machine$machine" sh -c 'i=0
      while [ $i -lt '"$each"' ]; do i=$((i + 1)); "$@" 2>> "$0" > /dev/null & done; wait' \
      "$err.$machine" "$TCR_RUN" "$@" < /dev/null &
    machines+=($!)
  done
}

await_fleet() {
  local machine
  for machine in "${machines[@]}"; do
    wait "$machine"
  done
}

live() {
  [ -e "$play/.used" ] && [ "$(wc -l < "$play/.used")" -ge "$1" ]
}

names() {
  printf 'k%d ' $(seq "$1")
}

# Many clients wait at one gate without looking at the clock.
gate='read -r line < "$PLAY/gate" || true'

open_gate() {
  exec 7<> "$play/gate"
  exec 7>&-
}

@test "4 machines with 50 runs each over 10 keys: each key has 20, never more than one apart" {
  need_namespaces
  server_start
  for round in $(seq "$rounds"); do
    pool $(names 10)
    forget_used
    rm -f "$play/gate"
    mkfifo "$play/gate"
    for key in $(names 10); do plays "$key" "$gate"; done
    fleet -q -- client
    apart=0
    until live $((4 * each)); do
      now=$(ask --raw HVALS tcr:leases | jq -s 'flatten | group_by(.key) | map(length) | if length == 10 then max - min else 0 end')
      [ "$now" -le "$apart" ] || apart=$now
      sleep 0.05
    done
    assert_between "$apart" 0 1
    assert_equal "$(sort "$play/.used" | uniq -c | awk '{print $1}' | sort -u)" $((4 * each / 10))
    open_gate
    await_fleet
    assert_equal "$(ask HLEN tcr:leases)" 0
    assert_equal "$(ask ZCARD tcr:alive)" 0
    assert_equal "$(in_state '[.keys[].runs] | add')" $((4 * each * round))
  done
}

@test "runs of 4 machines that fail at once lose no rest" {
  need_namespaces
  server_start
  pool $(names $((4 * 10)))
  for key in $(names 40); do plays "$key" 'exit 9'; done
  machines=()
  for machine in 1 2 3 4; do
    on "$machine" within "${container[@]}" "machine$machine" sh -c 'i=0
      while [ $i -lt 10 ]; do i=$((i + 1)); "$@" --key k$(('"$machine"' * 10 - 10 + i)) -- client & done; wait' \
      fleet "$TCR_RUN" -q --exit-class 9=limit > /dev/null 2>&1 &
    machines+=($!)
  done
  await_fleet
  assert_equal "$(in_state '[.keys[] | select(.cooldowns != [] and .failures == 1 and .runs == 1)] | length')" 40
}

@test "one that does not wait for its turn: nobody's change is lost" {
  server_start
  pool a b
  tcr -- client
  # It counts in the state itself, as another program with the same habits would.
  cat > "$scratch/intruder" << 'END'
EVAL "local s = cjson.decode(redis.call('HGET', 'tcr:state', 'text')) s.intruder = (s.intruder or 0) + 1 redis.call('HSET', 'tcr:state', 'text', cjson.encode(s)) return redis.call('HINCRBY', 'tcr:state', 'revision', 1)" 0
END
  yes "$(cat "$scratch/intruder")" | head -2000 | ask > /dev/null &
  intruder=$!
  for run in $(seq 40); do
    within "$TCR_RUN" -q -- client < /dev/null > /dev/null
  done
  wait "$intruder"
  assert_equal "$(in_state '.intruder, ([.keys[].runs] | add)' | paste -sd ' ')" '2000 41'
}

@test "a machine that vanishes: its leases expire, those of the others do not" {
  need_namespaces
  server_start
  pool a b
  mkfifo "$play/gate"
  plays a "$gate"
  plays b "$gate"
  extra_env+=(TCR_REDIS_LEASE=2s)
  on 1 within "${container[@]}" machine1 "$TCR_RUN" -- client < /dev/null > /dev/null &
  gone=$!
  eventually live 1
  on 2 tcr_background -- client
  eventually live 2
  assert_equal "$(ask HLEN tcr:leases)" 2
  start=$(date +%s%N)
  # The first process of a namespace takes all others of it along.
  pkill_of "$gone"
  wait "$gone" || true
  works a b
  on 3 fresh -- client
  on 3 tcr status --json
  eventually has_leases 1
  assert_ms $((($(date +%s%N) - start) / 1000000)) 1000 6000
  sleep 2
  assert_equal "$(has_leases 1 && echo yes)" yes
  on 3 fresh -- client
  assert_equal "$(ask HLEN tcr:leases)" 1
  kill "$pid"
  await
}

has_leases() {
  on 3 tcr status --json
  [ "$(jq '[.keys[].runs_now] | add' "$out")" = "$1" ]
}

@test "a killed run of this machine is gone at once" {
  server_start
  pool a b
  mkfifo "$play/gate"
  plays a "$gate"
  tcr_background -- client
  eventually live 1
  kill -9 "$pid"
  await
  works a
  assert_equal "$(ask HLEN tcr:leases)" 1
  fresh -- client
  assert_used a
  assert_equal "$(ask HLEN tcr:leases)" 0
}

@test "a run that ends leaves no lease, however it ends" {
  server_start
  pool a
  for end in 'exit 0' 'exit 7' 'kill -TERM $$'; do
    plays a "$end"
    tcr -- client
    assert_equal "$(ask HLEN tcr:leases)" 0
    assert_equal "$(ask ZCARD tcr:alive)" 0
  done
  plays a 'touch "$PLAY/up"; sleep 30'
  tcr_background -- client
  eventually test -e "$play/up"
  kill "$pid"
  await
  assert_status 143
  assert_equal "$(ask HLEN tcr:leases)" 0
}

@test "a lease lasts as long as its run" {
  server_start
  pool a
  plays a 'touch "$PLAY/up"; sleep 2.5'
  with_env TCR_REDIS_LEASE=1s tcr_background -- client
  eventually test -e "$play/up"
  sleep 2
  assert_between "$(ask ZCOUNT tcr:alive "$(($(date +%s%N) / 1000000))" +inf)" 1 1
  await
}

@test "more runs than keys on all machines together: one warning" {
  server_start
  pool a b
  mkfifo "$play/gate"
  plays a "$gate"
  plays b "$gate"
  for run in 1 2 3 4 5; do
    on "$run" within "$TCR_RUN" -- client < /dev/null > /dev/null 2> "$err.$run" &
  done
  eventually live 5
  open_gate
  wait_for_runs() { [ "$(ask HLEN tcr:leases)" = 0 ]; }
  eventually wait_for_runs
  assert_equal "$(cat "$err".? | grep -c 'runs share 2 ready keys')" 1
}
