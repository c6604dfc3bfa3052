# tcr-run doctor looks at the Redis server.
load redis-helpers

@test "a server that answers" {
  server_start
  pool a
  tcr -- client
  tcr doctor
  assert_stdout_has '^ok +state +— redis\+unix://.* answers \([0-9.]+ ms\), without TLS, without a password$'
  assert_stdout_has '^ok +clock'
  assert_equal "$(ls -A "$home/.local/state" 2> /dev/null)" ''
}

@test "it changes nothing" {
  server_start
  pool a
  tcr doctor
  assert_equal "$(ask DBSIZE)" 0
}

@test "the password is right, wrong, missing" {
  server_start --requirepass FAKE-right-0001
  pool a
  with_env TCR_REDIS_PASSWORD=FAKE-right-0001 tcr doctor
  assert_stdout_has '^ok +state .*with a password$'
  with_env TCR_REDIS_PASSWORD=FAKE-wrong-0001 tcr doctor
  assert_status 1
  assert_stdout_has '^fail +state .*refused us: WRONGPASS.*give the password in TCR_REDIS_PASSWORD_FILE'
  ! grep FAKE-wrong "$out" "$err" || fail "the password is shown"
  tcr doctor
  assert_stdout_has '^fail +state .*refused us: NOAUTH'
}

@test "no server, no such host, no such URL" {
  pool a
  tcr doctor
  assert_status 1
  assert_stdout_has '^fail +state .*cannot be reached: No such file.*check that the server runs'
  assert_no_stderr
  with_env TCR_STATE=redis://nowhere.invalid tcr doctor
  assert_stdout_has '^fail +state +— redis://nowhere.invalid:6379/0.prefix=tcr: '
  with_env TCR_STATE=redis://:FAKE/word tcr doctor
  assert_stdout_has '^fail +state +— TCR_STATE: .*expected redis://'
  ! grep FAKE "$out" "$err"
}

@test "a state of a newer version, and keys of somebody else" {
  server_start
  pool a
  ask HSET tcr:state text '{"version":2}' > /dev/null
  tcr doctor
  assert_stdout_has '^fail +state .*newer tcr-run.*update this tcr-run'
  ask DEL tcr:state > /dev/null
  ask SET tcr:state x > /dev/null
  tcr doctor
  assert_stdout_has '^fail +state .*hold something else.*name another prefix'
}

@test "a refused key is found in the state on the server" {
  server_start
  pool a b
  fails a auth
  tcr -- client
  tcr doctor
  assert_stdout_has '^warn +refused +— "a"'
}
