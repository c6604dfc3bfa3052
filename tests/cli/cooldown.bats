# How long a key rests, and who rests with it.
load helpers

# rests SECONDS OPTION...: "a" fails with exit status 9, or as it was told to.
rests() {
  local seconds=$1
  shift
  rm -rf "$state"
  tcr "$@" -- client
  assert_equal "$* $(rest_of a)" "$* $seconds"
}

fail_as() {
  plays a 'exit 9'
  as_class=--exit-class=9=$1
}

@test "every class has its own rest" {
  pool a b
  while read -r class seconds; do
    fail_as "$class"
    rests "$seconds" "$as_class"
  done <<'END'
limit 300
throttled 60
auth 3600
forbidden 3600
billing 3600
server 15
network 15
END
}

@test "--cooldown: one time for all classes, in every unit" {
  pool a b
  for class in limit auth server; do
    fail_as $class
    rests 60 "$as_class" --cooldown 60
    rests 0 "$as_class" -c 0
    rests 5400 "$as_class" --cooldown=1h30m
    rests 86400 "$as_class" --cooldown 1d
  done
}

@test "--cooldown: a time per class leaves the other classes theirs" {
  pool a b
  fail_as auth
  rests 7200 "$as_class" --cooldown auth=2h,limit=10m
  fail_as limit
  rests 600 "$as_class" --cooldown auth=2h,limit=10m
  fail_as server
  rests 15 "$as_class" --cooldown auth=2h,limit=10m
}

@test "--cooldown: a class named beside a time for all keeps its own" {
  pool a b
  fail_as limit
  rests 60 "$as_class" --cooldown 60,auth=2h
  fail_as auth
  rests 7200 "$as_class" --cooldown 60,auth=2h
}

@test "cooldown in the key file, in its three forms" {
  fail_as auth
  for value in 77 '"77s"' '{"auth": "77s"}' '{"auth": 77, "limit": "1h"}'; do
    echo "{\"keys\": [$(entry a), $(entry b)], \"policy\": {\"cooldown\": $value}}" | keyfile
    rests 77 "$as_class"
  done
}

@test "the command line goes before the key file" {
  fail_as auth
  echo "{\"keys\": [$(entry a), $(entry b)], \"policy\": {\"cooldown\": {\"auth\": \"1h\"}}}" | keyfile
  rests 60 "$as_class" --cooldown 60
  rests 120 "$as_class" --cooldown auth=2m
  echo "{\"keys\": [$(entry a), $(entry b)], \"policy\": {\"cooldown\": \"1h\"}}" | keyfile
  rests 60 "$as_class" --cooldown 60
  rests 120 "$as_class" --cooldown auth=2m
}

@test "a reset that was told is the end of the rest" {
  pool a b
  reset=$(($(date +%s) + 7384))
  plays a "echo 'Claude AI usage limit reached|$reset'; exit 1"
  tcr -- client
  assert_used 'a b'
  assert_equal "$(record a '.cooldowns[0].until')" "$reset"
  assert_stderr_has 'resets ([A-Z][a-z]+ [0-9]+ )?[0-9]+:[0-9]+'
}

@test "--cooldown 60 goes before a reset that was told" {
  pool a b
  plays a "echo 'Claude AI usage limit reached|$(($(date +%s) + 7384))'; exit 1"
  tcr --cooldown 60 -- client
  assert_equal "$(rest_of a)" 60
}

@test "a reset told in the past does not count" {
  pool a b
  plays a "echo 'Claude AI usage limit reached|$(($(date +%s) - 7384))'; exit 1"
  tcr -- client
  assert_equal "$(rest_of a)" 300
}

@test "a reset in another zone is understood" {
  pool a b
  # In a few hours: a session's window does not last longer.
  reset=$(($(date +%s) / 60 * 60 + 2 * 3600 + 1800))
  plays a "echo \"You've hit your session limit · resets $(TZ=Asia/Tokyo date -d "@$reset" +%-I:%M%P) (Asia/Tokyo)\"; exit 1"
  tcr -- client
  assert_equal "$(record a '.cooldowns[0].until')" $reset
}

@test "the key rests until its time, and not longer" {
  pool a b
  fails a
  tcr --cooldown 60 -- client
  works a
  age 40
  fresh --cooldown 60 --key b -- client
  plays b 'exit 9'
  age 1
  fresh --cooldown 60 --exit-class 9=limit -- client
  assert_used b
  age 25
  fresh -- client
  assert_used a
}

@test "a rest is never longer than its own length from now, whatever the clock did" {
  pool a b
  fails a
  tcr --cooldown 60 -- client
  change_state '.keys[].cooldowns[]?.until += 315360000'
  tcr status --json
  left=$(jq '.keys[0] | select(.state == "cooling") | .until' "$out")
  assert_between "$((left - $(date +%s)))" 50 61
}

@test "a rest of the future is cut to its own length once, not again at every look" {
  pool a
  fails a
  tcr --cooldown 2 -- client
  change_state '.keys[].cooldowns[]?.until += 315360000'
  works a
  fresh -- client
  assert_refused 75
  sleep 1
  tcr -- client
  sleep 1.1
  fresh -- client
  assert_status 0
  assert_used a
}

@test "the clock is set back by ten years while a key is waited for" {
  needs_preloading
  pool a
  plays a "[ \"\$(wc -l < \"\$PLAY/.used\")\" -gt 1 ] && { echo recovered; exit 0; }; echo '$(sentence limit)'; exit 1"
  "${CC:-cc}" -shared -fPIC -o "$scratch/clock.so" -xc - << END
#include <time.h>
#include <unistd.h>
time_t time(time_t *at)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time_t shown = now.tv_sec - (access("$scratch/back", F_OK) == 0 ? 315360000 : 0);
    if (at)
        *at = shown;
    return shown;
}
END
  extra_env=("LD_PRELOAD=$scratch/clock.so")
  tcr_background --cooldown 2 --wait -- client
  eventually grep -q 'waiting for' "$err"
  touch "$scratch/back"
  eventually grep -q 'going on' "$err" || kill "$pid"
  await
  assert_status 0
  assert_stdout recovered
}

@test "stamps of the future do no harm" {
  pool a b
  fails a
  tcr --cooldown 60 -- client
  works a
  age -315360000
  # Used at once, and again after its own length of rest: not ten years later.
  fresh -- client
  assert_used b
  age 61
  plays b 'exit 9'
  fresh --exit-class 9=limit -- client
  assert_used 'b a'
}

@test "a throttle and a lack of credit rest the whole organization, a plan's limit the key alone" {
  echo "{\"keys\": [$(entry a '"organization": "acme"'), $(entry b '"organization": "acme"'), $(entry c)]}" | keyfile
  for class in throttled billing; do
    rm -rf "$state"
    fails a $class
    fresh -- client
    assert_equal "$class $(used)" "$class a c"
  done
  for class in limit auth; do
    rm -rf "$state"
    fails a $class
    fresh -- client
    assert_equal "$class $(used)" "$class a b"
  done
}

@test "an organization's rest is seen by later runs, and by keys added later" {
  echo "{\"keys\": [$(entry a '"organization": "acme"'), $(entry z)]}" | keyfile
  fails a throttled
  tcr -- client
  echo "{\"keys\": [$(entry a '"organization": "acme"'), $(entry new '"organization": "acme"'), $(entry z)]}" | keyfile
  plays z 'exit 9'
  fresh --exit-class 9=limit -- client
  assert_used z
  works a
  age 61
  fresh --exit-class 9=limit -- client
  assert_used a
}

@test "without an organization a throttle rests its key" {
  pool a b
  fails a throttled
  tcr -- client
  assert_used 'a b'
  assert_equal "$(rest_of a)" 60
}

# limited SECONDS: "a" rests for so long, as its provider told.
limited() {
  pool a b
  plays a "echo 'Claude AI usage limit reached|$(($(date +%s) + $1))'; exit 1"
  tcr -- client
  works a
}

@test "a success that shows no use of the key leaves the rest that was told" {
  limited 7200
  told=$(rest_of a)
  assert_between "$told" 7100 7200
  for command in true 'client --version'; do
    tcr -k a -- $command
    assert_status 0
    assert_equal "$(rest_of a)" "$told"
  done
  tcr -k a --client claude -- client --version
  assert_status 0
  [ "$(record a '.cooldowns | length')" = 1 ]
  assert_equal "$(jq -s '[.[] | select(.event == "recovered")] | length' "$state/events.jsonl")" 0
}

@test "but ends one that nobody told, and says so" {
  pool a b
  fails a auth
  tcr -- client
  works a
  tcr -k a -- client
  assert_status 0
  assert_equal "$(record a '.cooldowns // [] | length')" 0
  assert_equal "$(jq -sr '[.[] | select(.event == "recovered")] | .[0].text' "$state/events.jsonl")" 'the command ended well'
  tcr log
  assert_stdout_has 'the rest of "a" ended early: the command ended well'
}

@test "a success of Claude Code without an answer ends no rest, one with an answer does" {
  pool a b
  fails a auth
  tcr -- client
  works a
  tcr -k a --client claude -- client --version
  [ "$(record a '.cooldowns | length')" = 1 ]
  plays a "echo '{\"type\":\"result\",\"is_error\":false,\"result\":\"pong\"}'"
  limited 7200
  plays a "echo '{\"type\":\"result\",\"is_error\":false,\"result\":\"pong\"}'"
  tcr -k a --client claude -- client -p ping --output-format json
  assert_equal "$(record a '.cooldowns // [] | length')" 0
  assert_equal "$(jq -sr '[.[] | select(.event == "recovered")] | .[0].text' "$state/events.jsonl")" 'it was served'
}

@test "an answer of one model ends no rest of another" {
  pool a b
  plays a "echo \"You've hit your Opus limit · resets in 2h\"; exit 1"
  tcr --client claude -- client -p x --model opus
  assert_equal "$(record a '.cooldowns[0].model')" opus
  plays a "echo '{\"type\":\"result\",\"is_error\":false,\"result\":\"pong\"}'"
  tcr -k a --client claude -- client -p x --model sonnet
  assert_equal "$(record a '.cooldowns[0].model')" opus
  tcr -k a --client claude -- client -p x --model opus
  assert_equal "$(record a '.cooldowns // [] | length')" 0
}
