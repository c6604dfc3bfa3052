# Keys that are refused, throttled or out of money, and servers in trouble.

load helpers

# The next case of a loop starts with no memory of the one before.
forget() {
  rm -rf "$home/.local/state/tcr"
  : > "$log"
}

@test "failure: a revoked token" {
  pool home work
  answers home revoked
  answers work "ok:pong from work"
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from work"
  assert_seen_once "bearer:home bearer:work"
}

@test "failure: a wrong token is remembered" {
  pool home work
  answers home 401
  answers work "ok:pong from work"
  run_tcr -- claude -p "one"
  assert_status 0
  run_tcr -- claude -p "two"
  assert_status 0
  assert_seen_once "bearer:home bearer:work"
  assert_equal "$(count_of work)" 2
}

@test "failure: an organization that refuses subscriptions" {
  pool home work
  answers home 403
  answers work "ok:pong from work"
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from work"
  assert_seen_once "bearer:home bearer:work"
}

@test "failure: an API key's 429 hands over within 3 seconds, whatever retry-after says" {
  pool api:ci api:dev
  answers api:ci "rate429:30"
  answers api:dev "ok:pong from dev"
  LIMIT=45 run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from dev"
  assert_seen_once "x-api-key:ci x-api-key:dev"
  assert_soon api:ci api:dev
}

@test "failure: a 401 on an API key" {
  pool api:ci api:dev
  answers api:ci 401
  answers api:dev "ok:pong from dev"
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from dev"
  assert_seen_once "x-api-key:ci x-api-key:dev"
  assert_soon api:ci api:dev
}

@test "failure: a short throttle on a subscription" {
  pool home work
  answers home "rate429:20"
  answers work "ok:pong from work"
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from work"
  assert_seen_once "bearer:home bearer:work"
}

@test "failure: no money" {
  local step
  for step in credit spend; do
    pool api:ci api:dev
    answers api:ci "$step"
    answers api:dev "ok:pong from dev"
    run_tcr -- claude -p "ping"
    assert_status 0
    assert_stdout "pong from dev"
    assert_seen_once "x-api-key:ci x-api-key:dev"
    forget
  done
}

@test "failure: server trouble goes to the next key and the master is not spent" {
  local step
  for step in 500 529 reset; do
    pool home work --master api:billing
    answers home "$step"
    answers work "ok:pong from work"
    answers api:billing "ok:pong from billing"
    run_tcr -- claude -p "ping"
    assert_status 0
    assert_stdout "pong from work"
    assert_seen_once "bearer:home bearer:work"
    forget
  done
}

@test "failure: server trouble on every key ends there, without the master" {
  pool home work --master api:billing
  answers home 500
  answers work 529
  answers api:billing "ok:pong from billing"
  extra_env=(CLAUDE_CODE_MAX_RETRIES=0)
  run_tcr -- claude -p "ping"
  assert_status 1
  assert_seen_once "bearer:home bearer:work"
  grep -q "API Error: 529" "$out"
  assert_equal "$(wc -l < "$out")" 1
}

@test "failure: the client's patience is the user's where the user set it" {
  pool home work
  answers home 500
  answers work "ok:pong from work"
  extra_env=(CLAUDE_CODE_MAX_RETRIES=2)
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_equal "$(count_of home)" 3
}

@test "failure: without a wish of the user's, one key is tried twice at most" {
  pool home work
  answers home 500
  answers work "ok:pong from work"
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_less "$(count_of home)" 3
}

@test "failure: --no-fast-fail leaves the client its patience" {
  pool home work
  answers home 500 500 500 "ok:pong from home"
  answers work "ok:pong from work"
  run_tcr --no-fast-fail -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from home"
  assert_seen_once "bearer:home"
}

@test "failure: the last key gets the client's patience back" {
  pool home
  answers home 500 500 "ok:pong from home"
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from home"
  assert_equal "$(count_of home)" 3
}
