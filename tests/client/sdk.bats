# Scripts on the SDKs: no sessions, the evidence is on stderr with a stack trace around it.

load helpers

# This SDK sends an API key as a bearer token.

node_script() {
  extra_env=("SDK_MODULES=$modules")
  run_tcr "$@" -- node "$HERE/fixtures/ask.mjs" "ping"
}

python_script() {
  run_tcr -- "$PYTHON" "$HERE/fixtures/ask.py" "ping"
}

@test "sdk: node, a 429, then the next key" {
  pool api:ci api:dev
  answers api:ci "rate429:20"
  answers api:dev "ok:pong from dev"
  node_script
  assert_status 0
  assert_stdout "pong from dev"
  assert_seen "bearer:ci bearer:dev"
}

@test "sdk: node, the dump of the attempt before is not shown" {
  pool api:ci api:dev
  answers api:ci "rate429:20"
  answers api:dev "ok:pong from dev"
  node_script -q
  assert_status 0
  run ! grep -qE "RateLimitError: 429" "$err"
}

@test "sdk: node, a wrong key" {
  pool api:ci api:dev
  answers api:ci 401
  answers api:dev "ok:pong from dev"
  node_script
  assert_status 0
  assert_stdout "pong from dev"
  assert_seen "bearer:ci bearer:dev"
}

@test "sdk: node, an overloaded server" {
  pool api:ci api:dev --master api:billing
  answers api:ci 529
  answers api:dev "ok:pong from dev"
  answers api:billing "ok:pong from billing"
  node_script
  assert_status 0
  assert_stdout "pong from dev"
  assert_seen "bearer:ci bearer:dev"
}

@test "sdk: node, the last attempt's dump and status when nothing helps" {
  pool api:ci api:dev
  answers '*' "rate429:20"
  node_script
  assert_status 1
  assert_seen "bearer:ci bearer:dev"
  assert_equal "$(grep -c '^RateLimitError: 429 ' "$err")" 1
  assert_stderr_has "requestID"
}

@test "sdk: node, a bug of the script's own costs no key" {
  pool api:ci api:dev
  answers api:ci "ok:pong from ci"
  answers api:dev "ok:pong from dev"
  run_tcr -- node -e 'throw new Error("429 is just a number here")'
  assert_status 1
  assert_stderr_has "just a number"
  assert_seen ""
  node_script
  assert_stdout "pong from ci"
}

@test "sdk: python, a 429, then the next key" {
  pool api:ci api:dev
  answers api:ci "rate429:20"
  answers api:dev "ok:pong from dev"
  python_script
  assert_status 0
  assert_stdout "pong from dev"
  assert_seen "x-api-key:ci x-api-key:dev"
}

@test "sdk: python, a wrong key" {
  pool api:ci api:dev
  answers api:ci 401
  answers api:dev "ok:pong from dev"
  python_script
  assert_status 0
  assert_stdout "pong from dev"
  assert_seen "x-api-key:ci x-api-key:dev"
}

@test "sdk: python, what it prints" {
  # The shape the marker is made for; if the fixture loses it the tests above prove nothing.
  answers api:ci "rate429:20"
  capture env "ANTHROPIC_API_KEY=$(token api:ci)" "$PYTHON" "$HERE/fixtures/ask.py" "ping"
  assert_status 1
  assert_stderr_has "^Traceback"
  assert_stderr_has "^anthropic.RateLimitError: Error code: 429 - \{'type': 'error', 'error': \{'type': 'rate_limit_error', "
}
