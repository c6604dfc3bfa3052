# A person at a terminal. The client stays when its limit is reached; when the person leaves, the conversation can go on.

load helpers

# The first start asks about colours and trust; neither is what these tests are about.
accept_dialogs() {
  jq -n --arg dir "$project" '{hasCompletedOnboarding: true, theme: "dark",
    projects: {($dir): {hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true}}}' > "$home/.claude.json"
}

terminal() {
  tmux -f /dev/null -S "$scratch/tmux" "$@"
}

# The status is shown on the screen and kept in a file, the screen stays for a look. The shell outlives a Ctrl-C.
start() {
  local -a env_list
  accept_dialogs
  mapfile -d '' env_list < <(environment screen-256color)
  echo 'trap : INT' > "$scratch/command"
  printf '%q ' env -i "${env_list[@]}" "$@" >> "$scratch/command"
  printf '\necho "exit status $?" | tee %q\nsleep 600\n' "$scratch/status" >> "$scratch/command"
  terminal new-session -d -s run -x 110 -y 45 -c "$project" "bash $(printf %q "$scratch/command")" 3>&-
}

screen() {
  terminal capture-pane -p -S -200 -t run
}

wait_for() {
  local i
  for ((i = 0; i < ${2:-150}; i++)); do
    if screen | grep -qE -- "$1"; then
      return 0
    fi
    sleep 0.1
  done
  echo "the screen never showed: $1"
  screen
  return 1
}

ready() {
  wait_for "$(says ready)"
  # The prompt is drawn a little before keys are read.
  sleep 0.5
}

say() {
  terminal send-keys -t run -l "$1"
  sleep 0.4
  terminal send-keys -t run Enter
}

# The second press only counts after the first was understood; a menu that is just opening swallows one.
ends_shown() {
  screen | grep -cE '^tcr-run: |exit status|^Resume this session' || true
}

leave() {
  local try before
  before=$(ends_shown)
  for try in 1 2 3 4; do
    terminal send-keys -t run C-c
    if wait_for 'Press Ctrl-C again to exit' 50 > /dev/null; then
      break
    fi
  done
  wait_for 'Press Ctrl-C again to exit' 1
  # A press that came late has been the second one: a third would be for whoever has the terminal then.
  [ "$(ends_shown)" -gt "$before" ] || terminal send-keys -t run C-c
}

exit_status() {
  wait_for 'exit status [0-9]+'
  cat "$scratch/status"
}

until_limit() {
  pool home work
  answers home "ok:pong from home" "limit:five_hour:3600"
  answers work "ok:pong from work"
  start "$TCR_RUN" "$@" -- claude
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
  until_limit --no-resume
  assert_equal "$(exit_status)" "exit status 0"
  assert_equal "$(count_of work)" 0
  run ! grep -qE '[Ee]nter to' <(screen | grep '^tcr-run')
}

@test "interactive: the offer can be refused" {
  until_limit
  wait_for '^tcr-run: .*[Ee]nter'
  terminal send-keys -t run C-c
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
  start "$TCR_RUN" -- claude
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
  start "$TCR_RUN" -- claude
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
}

@test "interactive: an API key is used without a question" {
  pool api:ci
  answers api:ci "ok:pong from ci"
  start "$TCR_RUN" -- claude
  ready
  say "first question"
  wait_for 'pong from ci'
  assert_seen "x-api-key:ci"
}

@test "interactive: -p on a terminal carries on by itself" {
  pool home work
  answers home "limit:five_hour:3600"
  answers work "ok:pong from work"
  start "$TCR_RUN" -- claude -p "ping"
  assert_equal "$(exit_status)" "exit status 0"
  grep -q "pong from work" <(screen)
  run ! grep -q "You've hit your" <(screen | grep -v '^tcr-run')
  assert_seen "bearer:home bearer:work"
}

@test "interactive: Ctrl-C during -p ends the run, no other key is asked" {
  pool home work
  answers home "hang:60"
  answers work "ok:pong from work"
  start "$TCR_RUN" -- claude -p "ping"
  wait_for_request home
  terminal send-keys -t run C-c
  exit_status
  assert_equal "$(count_of work)" 0
}
