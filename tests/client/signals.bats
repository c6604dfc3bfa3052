# A run that is told to stop stops: the client with it, and no other key is asked.

load helpers

# Started in the background, told to stop once the client waits for its answer.
stopped_by() {
  local -a env_list
  mapfile -d '' env_list < <(environment)
  env -i "${env_list[@]}" "$TCR_RUN" -- claude -p "ping" --allowedTools Bash < /dev/null > "$out" 2> "$err" 3>&- &
  local pid=$!
  wait_for_request "$2"
  sleep 0.5
  kill -s "$1" "$pid"
  status=0
  wait "$pid" || status=$?
  nobody_left
}

@test "signal: TERM while waiting for the answer" {
  pool home work
  answers home "hang:60"
  answers work "ok:pong from work"
  stopped_by TERM home
  # The client's own exit status for it.
  assert_status 143
  assert_equal "$(count_of work)" 0
  [ ! -s "$out" ]
}

@test "signal: HUP while waiting for the answer" {
  pool home work
  answers home "hang:60"
  answers work "ok:pong from work"
  stopped_by HUP home
  assert_status 129
  assert_equal "$(count_of work)" 0
}

@test "signal: TERM during the second attempt" {
  pool home work ci
  answers home "limit:five_hour:3600"
  answers work "hang:60"
  answers ci "ok:pong from ci"
  stopped_by TERM work
  assert_status 143
  assert_equal "$(count_of ci)" 0
}

@test "signal: KILL takes the client along" {
  pool home work
  answers home "hang:60"
  answers work "ok:pong from work"
  stopped_by KILL home
  assert_status 137
  assert_equal "$(count_of work)" 0
}

@test "signal: a run that was stopped cost the key nothing" {
  pool home work
  answers home "hang:60"
  answers work "ok:pong from work"
  stopped_by TERM home
  answers home "ok:pong from home"
  run_tcr --key home -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from home"
}
