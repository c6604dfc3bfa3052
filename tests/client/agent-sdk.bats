# The Agent SDK starts a client of its own, as a child of the script and with stdin as the conversation. The script is a plain
# command to tcr-run: repeated whole with the next key.

load helpers

agent() {
  extra_env+=("SDK_MODULES=$modules" "AGENT_SDK=$AGENT_SDK")
  "$@" node "$HERE/fixtures/agent.mjs" "ping"
}

@test "agent sdk: what the script says by itself" {
  answers home "limit:five_hour:3600"
  agent capture env "CLAUDE_CODE_OAUTH_TOKEN=$(token home)"
  assert_status 1
  grep -qE "hit your .*limit · resets " "$out" "$err"
}

@test "agent sdk: a limit, then the next key" {
  pool home work
  answers home "limit:five_hour:3600"
  answers work "ok:pong from work"
  agent run_tcr --
  assert_status 0
  assert_stdout "pong from work"
  assert_seen "bearer:home bearer:work"
}

@test "agent sdk: a revoked token" {
  pool home work
  answers home revoked
  answers work "ok:pong from work"
  agent run_tcr --
  assert_status 0
  assert_stdout "pong from work"
  assert_seen_once "bearer:home bearer:work"
}

@test "agent sdk: an API key's 429" {
  pool api:ci api:dev
  answers api:ci "rate429:30"
  answers api:dev "ok:pong from dev"
  extra_env=(CLAUDE_CODE_MAX_RETRIES=0)
  agent run_tcr --
  assert_status 0
  assert_stdout "pong from dev"
  assert_seen_once "x-api-key:ci x-api-key:dev"
}

@test "agent sdk: an error of the script costs no key" {
  pool home work
  answers home "ok:pong from home"
  answers work "ok:pong from work"
  extra_env=("SDK_MODULES=$modules" AGENT_SDK=not-installed)
  run_tcr -- node "$HERE/fixtures/agent.mjs" "ping"
  assert_status 1
  assert_seen ""
  extra_env=()
  agent run_tcr --
  assert_status 0
  assert_stdout "pong from home"
}
