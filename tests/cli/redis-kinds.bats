# On a server: runs that need keys of several kinds, and runs that wait for a key.
load redis-helpers

eval "redis_$(declare -f setup)"
eval "redis_$(declare -f teardown)"

setup() {
  redis_setup
  runs=()
}

# What was not let go ends with its folder.
teardown() {
  local run
  touch "$play/go"
  for run in "${runs[@]}"; do
    wait "$run" || true
  done
  redis_teardown
}

# Stays until "go" is there, or "go.RUN" for the run of that name.
stays='echo "$RUN" >> "$PLAY/.order"
while [ -d "$PLAY" ] && [ ! -e "$PLAY/go" ] && [ ! -e "$PLAY/go.$RUN" ]; do sleep 0.05; done'

# begin NAME OPTION...: a run in the background, on a machine of its own.
begin() {
  local name=$1
  shift
  on ".$name" within "$TCR_RUN" "$@" -- env "RUN=$name" "${command-client}" > /dev/null 2> "$err.$name" < /dev/null &
  runs+=($!)
}

finish() {
  local run
  for run in "${runs[@]}"; do
    wait "$run" || fail "a run failed: $(cat "$err".*)"
  done
  runs=()
}

# All leases there, each with the run it is of.
leases() {
  ask --raw HVALS tcr:leases | jq -cs "map(.[]) | ${1:-.}"
}

came() {
  [ -e "$play/.order" ] && [ "$(wc -l < "$play/.order")" -ge "$1" ]
}

waiting() {
  [ "$(leases 'map(select(.ticket > 0)) | length')" = "$1" ]
}

# How many runs other machines see on each key.
seen() {
  on .looks tcr status --json
  jq -c '[.keys[] | [.name, .runs_now]] | from_entries' "$out" 2> /dev/null ||
    jq -c '[.keys[] | {key: .name, value: .runs_now}] | from_entries' "$out"
}

@test "a run of two kinds has a lease for each, other machines count both, and both end with it" {
  server_start
  two_kinds
  extra_env+=("TCR_STATE=$url")
  plays o1p1 "$stays"
  command=pair begin one --kind anthropic,openai
  eventually came 1
  assert_equal "$(ask HLEN tcr:leases)" 1
  assert_equal "$(leases 'map(.key) | unique | length')" 2
  assert_equal "$(seen)" '{"o1":1,"o2":0,"p1":1,"p2":0}'
  on .two tcr --kind openai,anthropic -- pair
  assert_used 'o1p1 o2p2'
  touch "$play/go"
  finish
  assert_equal "$(ask EXISTS tcr:leases tcr:alive)" 0
  assert_equal "$(seen)" '{"o1":0,"o2":0,"p1":0,"p2":0}'
}

@test "a failover of one kind moves that lease alone; a renewal tells both" {
  server_start
  two_kinds
  extra_env+=("TCR_STATE=$url")
  plays o1p1 'echo "openai.RateLimitError: Error code: 429 - {}" >&2; exit 1'
  plays o1p2 "$stays"
  extra_env+=(TCR_REDIS_LEASE=2s)
  command=pair begin one --kind anthropic,openai
  eventually came 1
  assert_equal "$(seen)" '{"o1":1,"o2":0,"p1":0,"p2":1}'
  ask DEL tcr:leases tcr:alive > /dev/null
  renewed() { [ "$(ask HLEN tcr:leases)" = 1 ]; }
  eventually renewed
  assert_equal "$(seen)" '{"o1":1,"o2":0,"p1":0,"p2":1}'
  touch "$play/go"
  finish
  assert_equal "$(ask EXISTS tcr:leases tcr:alive)" 0
}

@test "each kind has its cursor on the server, what is not known there stays" {
  server_start
  two_kinds
  extra_env+=("TCR_STATE=$url")
  plays o1p1 'echo "openai.RateLimitError: Error code: 429 - {}" >&2; exit 1'
  on .1 tcr --kind anthropic,openai -- pair
  p2=$(in_state '.keys | to_entries[] | select(.value.name == "p2").key')
  assert_equal "$(in_state .pools.openai.cursor)" "$p2"
  ask HSET tcr:state text "$(in_state '.pools.openai.later = [1] | .keys[].cooldowns = []')" > /dev/null
  on .2 tcr --kind openai -- pair
  assert_used 'o1p1 o1p2 p2'
  on .2 tcr --kind cursor,openai -- pair || true
  assert_equal "$(in_state '.pools.openai | [.cursor, .later[0]] | join(" ")')" "$p2 1"
}

@test "--max-per-key 1: runs of many machines wait in one line, first come, first served" {
  server_start
  pool a
  plays a "$stays"
  begin 0 --max-per-key 1
  eventually came 1
  for name in 1 2 3; do
    begin "$name" --max-per-key 1
    eventually waiting "$name"
  done
  assert_equal "$(leases '[.[] | select(.ticket > 0)] | [(map(.key) | unique), (map(.queue) | unique | length), (map(.ticket) | sort)]')" \
    '[[""],1,[1,2,3]]'
  assert_equal "$(seen)" '{"a":1}'
  for name in 0 1 2; do
    touch "$play/go.$name"
    eventually came $((name + 2))
  done
  touch "$play/go"
  finish
  assert_equal "$(paste -sd ' ' "$play/.order")" '0 1 2 3'
  assert_equal "$(ask EXISTS tcr:leases tcr:alive)" 0
}

@test "--max-per-key 1: a waiter that was killed holds up nobody of its machine" {
  server_start
  pool a
  plays a "$stays"
  begin 0 --max-per-key 1
  eventually came 1
  tcr_background --max-per-key 1 -- env RUN=killed client
  eventually waiting 1
  begin last --max-per-key 1
  eventually waiting 2
  kill -KILL "$pid"
  now=$(date +%s%N)
  touch "$play/go.0"
  eventually came 2
  assert_ms $((($(date +%s%N) - now) / 1000000)) 0 1500
  touch "$play/go"
  finish
  assert_equal "$(paste -sd ' ' "$play/.order")" '0 last'
}

@test "--max-per-key 1: a waiter of a machine that vanished holds up the others until its lease ends" {
  need_namespaces
  server_start
  pool a
  plays a "$stays"
  begin 0 --max-per-key 1
  eventually came 1
  extra_env+=(TCR_REDIS_LEASE=3s)
  on .gone within "${container[@]}" machine-gone "$TCR_RUN" --max-per-key 1 -- env RUN=gone client \
    < /dev/null > /dev/null 2>&1 &
  gone=$!
  eventually waiting 1
  begin last --max-per-key 1
  eventually waiting 2
  pkill_of "$gone"
  wait "$gone" || true
  touch "$play/go.0"
  eventually came 2
  touch "$play/go"
  finish
  assert_equal "$(paste -sd ' ' "$play/.order")" '0 last'
}

@test "--max-per-key and two kinds: who waits for one holds none of the other" {
  server_start
  two_kinds
  extra_env+=("TCR_STATE=$url")
  plays o1 "$stays"
  plays o2 "$stays"
  begin 1 --max-per-key 1 --kind anthropic
  begin 2 --max-per-key 1 --kind anthropic
  eventually came 2
  command=pair begin 3 --max-per-key 1 --kind openai,anthropic
  eventually waiting 1
  LIMIT=30 on .4 tcr --max-per-key 1 --kind openai -- true
  assert_status 0
  assert_no_stderr
  touch "$play/go"
  finish
}

@test "who got a key while the server was away stands no longer in the line there" {
  server_start
  pool a
  plays a "$stays"
  begin 0 --max-per-key 1
  eventually came 1
  extra_env+=(TCR_REDIS_LEASE=2s)
  begin 1 --max-per-key 1
  eventually waiting 1
  mv "$place/sock" "$place/away"
  redis-cli -s "$place/away" CLIENT KILL TYPE normal > /dev/null
  eventually came 2 # its machine knows of no other run
  mv "$place/away" "$place/sock"
  told() { [ "$(leases 'map(select(.ticket > 0)) | length')" = 0 ] && [ "$(ask HLEN tcr:leases)" = 2 ]; }
  eventually told
  assert_equal "$(seen)" '{"a":2}'
  touch "$play/go"
  finish
}

# A user who may begin a change and not end it: the change is made again, on the state of this machine.
refuse_commits() {
  ask ACL SETUSER default -hset > /dev/null || skip "needs a server with access lists"
}

@test "that keys end soon is said once, also if it has to be noted twice" {
  server_start
  soon=$(($(date +%s) + 86400))
  echo "{\"keys\": [$(entry a "\"expires\": $soon"), $(entry b "\"expires\": $soon"), $(entry c "\"expires\": $soon")]}" | keyfile
  refuse_commits
  on .1 tcr -- client
  assert_status 0
  assert_equal "$(grep -cE '"[abc]" ends' "$err")" 3
}

@test "that a key ends soon is said once by all machines, and the server keeps when" {
  server_start
  echo "{\"keys\": [$(entry a "\"expires\": $(($(date +%s) + 86400))")]}" | keyfile
  on .1 tcr -- client
  assert_stderr_has '"a" ends'
  on .2 tcr -- client
  assert_no_stderr
  assert_between "$(in_state '.keys[].warned_end')" $(($(date +%s) - 60)) "$(date +%s)"
}

@test "--wait=MAX is by our clock, whatever the server's is" {
  needs_preloading
  server_start
  make_clock -7200
  pool a
  plays a "$stays"
  begin 0 --max-per-key 1
  eventually came 1
  extra_env+=("LD_PRELOAD=$clock")
  tcr --max-per-key 1 --wait=1s -- client
  assert_status 75
  assert_ms "$took" 1000 3500
  refute_stderr_has 'since'
  touch "$play/go"
  finish
  fails a throttled
  fresh --cooldown 30m -- client
  fresh --wait=1m -- client
  assert_status 75
  assert_stderr_has 'and --wait ends at .* \(in (1m|59s)\); giving up'
}
