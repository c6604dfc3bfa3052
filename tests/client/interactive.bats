# A person at a terminal, without a gateway. The client stays when its limit is reached; when the person leaves, the conversation can go on.

load helpers
load terminal

until_limit() {
  pool home work
  answers home "ok:pong from home" "limit:five_hour:3600"
  answers work "ok:pong from work"
  start "$TCR_RUN" --no-gateway "$@" -- claude
  ready
  say "first question"
  wait_for 'pong from home'
  say "second question"
  wait_for "$(says session-limit)"
  leave
}

# The conversation of the first key is on the screen again and the second key answers in it.
carried_on() {
  local i
  for ((i = 0; i < 40; i++)); do
    [ "$(count_of work)" = 0 ] || break
    sleep 0.1
  done
  if [ "$(count_of work)" = 0 ]; then
    ready
    say "third question"
  fi
  wait_for 'pong from work'
  assert_seen "bearer:home bearer:home bearer:work"
  assert_equal "$(last_request '.user_texts[:2] | join(", ")')" '"first question, second question"'
  assert_equal "$(transcripts | wc -l)" 1
}

@test "interactive: an offer after the limit, taken with Enter" {
  until_limit
  wait_for '^tcr-run: .*[Ee]nter'
  assert_equal "$(count_of work)" 0
  terminal send-keys -t run Enter
  carried_on
  leave
  assert_equal "$(exit_status)" "exit status 0"
}

@test "interactive: --auto does not ask" {
  until_limit --auto
  carried_on
  leave
  assert_equal "$(exit_status)" "exit status 0"
}

@test "interactive: --no-resume never offers" {
  until_limit --no-resume -v
  wait_for 'without --no-resume the conversation would be carried on'
  assert_equal "$(exit_status)" "exit status 0"
  assert_equal "$(count_of work)" 0
  run ! grep -qE '[Ee]nter to' <(screen | grep '^tcr-run')
}

@test "interactive: the offer can be refused" {
  until_limit -v
  wait_for '^tcr-run: .*[Ee]nter'
  terminal send-keys -t run C-c
  wait_for 'the answer was no; --auto carries on without asking'
  wait_for 'exit status [0-9]+'
  assert_equal "$(count_of work)" 0
}

@test "interactive: the used-up key is not used by the next run" {
  until_limit --no-resume
  exit_status
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from work"
}

@test "interactive: a healthy session ends without a word" {
  pool home work
  answers home "ok:pong from home"
  start "$TCR_RUN" --no-gateway -- claude
  ready
  say "first question"
  wait_for 'pong from home'
  leave
  assert_equal "$(exit_status)" "exit status 0"
  run ! grep -qE '^tcr-run: .*[Ee]nter' <(screen)
  assert_seen "bearer:home"
}

@test "interactive: a limit that was waited out is not one at the end" {
  pool home work
  answers home "limit:five_hour:3600" "ok:pong from home"
  start "$TCR_RUN" -v --no-gateway -- claude
  ready
  say "first question"
  wait_for "$(says session-limit)"
  terminal send-keys -t run Escape
  sleep 1
  say "second question"
  wait_for 'pong from home'
  leave
  assert_equal "$(exit_status)" "exit status 0"
  assert_equal "$(count_of work)" 0
  # But it is told of, as another key was free the while.
  grep -qE '^tcr-run: "home" reached .*, and Claude Code waited' <(screen | tr -d '\n' | sed 's/tcr-run: /\n&/g')
}

@test "interactive: an API key is used without a question" {
  pool api:ci
  answers api:ci "ok:pong from ci"
  start "$TCR_RUN" --no-gateway -- claude
  ready
  say "first question"
  wait_for 'pong from ci'
  assert_seen "x-api-key:ci"
}

@test "interactive: -p on a terminal carries on by itself" {
  pool home work
  answers home "limit:five_hour:3600"
  answers work "ok:pong from work"
  start "$TCR_RUN" --no-gateway -- claude -p "ping"
  assert_equal "$(exit_status)" "exit status 0"
  grep -q "pong from work" <(screen)
  run ! grep -q "You've hit your" <(screen | grep -v '^tcr-run')
  assert_seen "bearer:home bearer:work"
}

@test "interactive: Ctrl-C during -p ends the run, no other key is asked" {
  pool home work
  answers home "hang:60"
  answers work "ok:pong from work"
  start "$TCR_RUN" --no-gateway -- claude -p "ping"
  wait_for_request home
  terminal send-keys -t run C-c
  exit_status
  assert_equal "$(count_of work)" 0
}
