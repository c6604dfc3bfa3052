# The real client on a terminal of its own, which tmux plays.
#
#   start COMMAND...       starts it and returns; $scratch/status will hold its exit status
#   ready                  the client waits for a prompt
#   say TEXT               types it, and Enter
#   wait_for REGEX [N]     until the screen shows it, N tenths of a second at most
#   leave                  Ctrl-C twice
#   exit_status            "exit status N", once the command has ended

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
