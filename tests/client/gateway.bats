# The real client behind a gateway of the run's own: a used-up key is replaced inside the request that it refused.
load helpers

@test "a limit is not seen: text, json and stream-json, prompt as an argument and on stdin" {
  pool home work
  for format in text json stream-json; do
    for where in argument stdin; do
      answers home limit:five_hour:3600
      answers work "ok:the answer of work"
      : > "$log"
      rm -rf "$home/.local/state" # else the key that worked last is the first
      local -a words=(claude -p --output-format "$format")
      [ "$format" != stream-json ] || words+=(--verbose)
      if [ $where = stdin ]; then
        run_tcr --gateway -- "${words[@]}" < <(echo "a question")
      else
        run_tcr --gateway -- "${words[@]}" "a question" < /dev/null
      fi
      assert_status 0
      grep -q 'the answer of work' "$out" || fail "no answer"
      if grep -qiE 'hit your|api_retry|rejected|"is_error":true' "$out"; then
        fail "$format: the limit shows"
      fi
      assert_seen "bearer:home bearer:work"
      assert_stderr_has '^tcr-run: "home" reached its session limit at [0-9:]+; [0-9]+ requests? used "work"$'
    done
  done
}

@test "after a tool call: it is made once, the session goes on with the next key" {
  pool home work
  answers home "tool:echo ran >> $scratch/effect" limit:five_hour:3600
  answers work "ok:done after the tool"
  run_tcr --gateway -- claude -p --dangerously-skip-permissions "do it" < /dev/null
  assert_status 0
  assert_stdout "done after the tool"
  assert_equal "$(cat "$scratch/effect")" ran
  assert_seen "bearer:home bearer:home bearer:work"
}

@test "401 is hidden; two in a row, then the master, which is said" {
  pool home work --master api:billing
  answers home 401
  answers work limit:seven_day:7200
  answers api:billing "ok:paid for"
  run_tcr --gateway -- claude -p "a question" < /dev/null
  assert_status 0
  assert_stdout "paid for"
  assert_stderr_has 'used the master key "billing", which is billed'
  assert_seen "bearer:home bearer:work x-api-key:billing"
}

@test "a subscription is used up: the pool's API key serves the session, and the master is not spent" {
  pool home api:ci --master api:billing
  answers home limit:five_hour:3600
  answers api:ci "ok:the answer of ci"
  answers api:billing "ok:paid for"
  run_tcr --gateway -- claude -p "a question" < /dev/null
  assert_status 0
  assert_stdout "the answer of ci"
  assert_seen "bearer:home x-api-key:ci"
}

@test "all used up: the client shows the reset that comes first" {
  pool home work
  answers home limit:five_hour:7200
  answers work limit:five_hour:3600
  run_tcr --gateway -- claude -p "a question" < /dev/null
  assert_status 1
  first=$(date -u -d '+1 hour' +%-I:%M)
  grep -qE "resets $first|resets $(date -u -d '+1 hour -1 minute' +%-I:%M)" "$out" || fail "another time: $(cat "$out")"
}

@test "a script on the node SDK: no key in its environment, a 429 is not seen" {
  pool api:ci api:dev
  answers api:ci rate429:20
  answers api:dev "ok:pong from dev"
  extra_env=("SDK_MODULES=$HERE")
  run_tcr --gateway -- sh -c 'env > "$0"; exec node "$@"' "$scratch/environment" "$HERE/fixtures/ask.mjs" ping
  assert_status 0
  assert_stdout "pong from dev"
  if grep -F FAKE "$scratch/environment"; then
    fail "the script's environment holds a key"
  fi
  assert_equal "$(seen | sed 's/[a-z-]*://g')" "ci dev"
}

@test "a script on the node SDK with subscriptions' tokens: it finds the stand-in where it looks" {
  pool home work
  answers home limit:five_hour:3600
  answers work "ok:pong from work"
  extra_env=("SDK_MODULES=$HERE")
  run_tcr --gateway -- node "$HERE/fixtures/ask.mjs" ping
  assert_status 0
  assert_stdout "pong from work"
  assert_seen "bearer:home bearer:work"
}

# What the process could give away at any time: a core file holds no more.
@test "a script on the node SDK: no key in its memory, before and after one was replaced" {
  pool api:ci api:dev
  answers api:ci "ok:first" rate429:20
  answers api:dev "ok:second"
  extra_env=("SDK_MODULES=$HERE" "PYTHON=$PYTHON" "FIXTURES=$HERE/fixtures")
  cat > "$scratch/bin/hold.mjs" << 'SCRIPT'
for (let i = 0; i < 2; i++)
  await import(`${process.env.FIXTURES}/ask.mjs?${i}`)
console.log('asked')
setInterval(() => {}, 1000)
SCRIPT
  cat > "$scratch/bin/look" << 'SCRIPT'
#!/bin/sh
node "${0%/*}/hold.mjs" > "$1" &
for i in $(seq 300); do
  ! grep -q asked "$1" || break
  sleep 0.1
done
cat "$1"
"$PYTHON" "$FIXTURES/memory.py" $! 'FAKE -[a-z]+-0001' 'api03-t cr-'
kill $!
SCRIPT
  chmod +x "$scratch/bin/look"
  run_tcr --gateway -- "$scratch/bin/look" "$scratch/asked"
  assert_status 0
  grep -q '^second$' "$out" || fail "no answer of the second key"
  grep -q '^FAKE -\[a-z\]+-0001 0$' "$out" || fail "a key is in the memory of the command"
  # Its stand-in is: what was read is its memory.
  grep -qE '^api03-t cr- [1-9]' "$out" || fail "its memory could not be read"
}

@test "sub-agents at once: all go on with the next key when their session's is used up" {
  pool home work
  answers home agents:3 limit:five_hour:3600
  answers work "ok:part"
  run_tcr --gateway -- claude -p --dangerously-skip-permissions "do it" < /dev/null
  assert_status 0
  run ! grep -qiE 'hit your|limit' "$out"
  # The session and each of its agents had been refused at most once.
  assert_less "$(count_of home)" 6
  for part in 0 1 2; do
    requests 'select(.user_text == "part '$part'") | .token' | grep -q FAKE-work || fail "part $part found no key"
  done
}

@test "sub-agents at once stay on their session's key" {
  pool home work
  answers home agents:3 "ok:part"
  answers work "ok:from another key"
  run_tcr --gateway -- claude -p --dangerously-skip-permissions "do it" < /dev/null
  assert_status 0
  assert_equal "$(seen_once)" "bearer:home"
  assert_less 4 "$(count_of home)"
}

@test "the Agent SDK: a limit is not seen" {
  pool home work
  answers home limit:five_hour:3600
  answers work "ok:pong from work"
  extra_env=("SDK_MODULES=$modules" "AGENT_SDK=$AGENT_SDK")
  run_tcr --gateway -- node "$HERE/fixtures/agent.mjs" ping < /dev/null
  assert_status 0
  assert_stdout "pong from work"
  assert_seen "bearer:home bearer:work"
}

# The main requests of one run, each way with a server of its own: what was sent lies in the folder named.
requests_of() {
  local folder=$1 way=$2
  shift 2
  mkdir -p "$scratch/$folder"
  rm -rf "$home/.claude/projects" "$project/effect"
  kill "$api_pid"
  rm -f "$scratch/port"
  "$PYTHON" "$HERE/fake_api.py" --scenario "$scenario" --log "$log" --port-file "$scratch/port" --dump "$scratch/$folder" 3>&- &
  api_pid=$!
  eventually test -s "$scratch/port"
  port=$(cat "$scratch/port")
  url=http://127.0.0.1:$port
  if [ "$way" = direct ]; then
    cp "$scratch/port" "$NOBODY_FORWARD"
    url=
    run_bare home "$@" < /dev/null
    rm "$NOBODY_FORWARD"
  else
    run_tcr --gateway -- claude "$@" < /dev/null
  fi
  assert_status 0
}

eventually() {
  local i
  for ((i = 0; i < 300; i++)); do
    ! "$@" || return 0
    sleep 0.05
  done
  fail "never: $*"
}

@test "by the socket the requests are those of a direct run: hello, a tool call, a sub-agent" {
  pool home
  for steps in "ok:hello" "tool:echo ran > $project/effect|ok:done" "agents:1|ok:done"; do
    IFS='|' read -ra list <<< "$steps"
    answers home "${list[@]}"
    rm -rf "$scratch"/{first,second,other}
    requests_of first direct -p --dangerously-skip-permissions "a question"
    requests_of second direct -p --dangerously-skip-permissions "a question"
    requests_of other gateway -p --dangerously-skip-permissions "a question"
    # That two direct runs are the same shows that nothing is missing from the list of what differs.
    "$PYTHON" "$HERE/parity.py" "$scratch/first" "$scratch/second" || fail "two direct runs differ"
    "$PYTHON" "$HERE/parity.py" "$scratch/first" "$scratch/other" || fail "the gateway's requests differ"
  done
}

@test "what the answers tell of a plan's windows is known to status" {
  pool home work
  answers home warn:hello
  run_tcr --gateway -- claude -p "a question" < /dev/null
  assert_status 0
  run_tcr status --line
  grep -q '^home 5h 93%' "$out"
}
