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
  for ((i = 0; i < ${2:-600}; i++)); do
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

ends_shown() {
  screen | grep -cE '^tcr-run: |exit status|^Resume this session' || true
}

# within TENTHS COMMAND...: until the command succeeds, for so many tenths of a second at most.
within() {
  local tenths=$1
  shift
  for ((; tenths > 0; tenths--)); do
    ! "$@" || return 0
    sleep 0.1
  done
  return 1
}

asks_again() {
  screen | grep -q 'Press Ctrl-C again to exit'
}

does_not_ask() {
  ! asks_again
}

# The second press only counts after the first was understood, and for a moment only: one that comes late is a first one
# again. A menu that is just opening swallows one. A press too many would be for whoever has the terminal then.
leave() {
  local before
  before=$(ends_shown)
  has_ended() { [ "$(ends_shown)" -gt "$before" ]; }
  has_ended_or_asks() { has_ended || asks_again; }
  has_ended_or_gone_on() { has_ended || does_not_ask; }
  for _ in 1 2 3 4 5 6; do
    terminal send-keys -t run C-c
    within 50 has_ended_or_asks || continue
    has_ended || terminal send-keys -t run C-c
    within 600 has_ended_or_gone_on || break
    ! within 30 has_ended || return 0
  done
  fail "it does not end: $(screen)"
}

exit_status() {
  wait_for 'exit status [0-9]+'
  cat "$scratch/status"
}
