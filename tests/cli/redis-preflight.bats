# --preflight and "keys check" with the state on a server.
load redis-helpers

eval "redis_$(declare -f setup)"
eval "redis_$(declare -f teardown)"

load provider-helpers

setup() {
  redis_setup || return 1
  answers=$scratch/answers
  asked=$scratch/asked
  provider=
}

teardown() {
  [ -z "$provider" ] || kill "$provider"
  redis_teardown
}

@test "what one machine finds out the others know" {
  server_start
  pool wrong home
  answer home=ok
  provide
  on 1 tcr --preflight -- client
  assert_used home
  on 2 fresh -- client
  assert_used home
  assert_no_stderr
  assert_equal "$(in_state '.keys[] | select(.name == "wrong") | .last_class')" auth
  answer home=ok wrong=ok
  on 2 tcr keys check
  assert_equal "$(in_state '.keys[] | select(.name == "wrong") | .cooldowns | length')" 0
}

@test "the server's clock is two hours ahead: a dead key is told as it is, and not used without a rest either" {
  needs_preloading
  server_start
  make_clock -7200
  pool limited home
  answer home=ok limited=429:90
  provide
  extra_env+=("LD_PRELOAD=$clock")
  tcr --preflight -- client
  assert_used home
  assert_stderr_has '"limited" is being rate limited \(429\) \(rests until [^)]*\)$'
  tcr keys check
  says limited limited '\(in (1m 30s|1m 29s|1m 28s)\)'
  ask FLUSHALL > /dev/null
  fresh --preflight --cooldown 0 -- client
  assert_used home
}
