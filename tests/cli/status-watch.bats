# tcr-run status --watch, in a real terminal (tmux) that can be looked at.
load helpers

eval "of_all_$(declare -f teardown)"
teardown() {
  [ -n "${BATS_TEST_COMPLETED-}" ] || { echo "--- pane:"; pane 2> /dev/null; }
  [ -z "${pid-}" ] || kill "$pid" 2> /dev/null || true
  tmux -S "$scratch/tmux" kill-server 2> /dev/null || true
  of_all_teardown
}

# terminal COLUMNS ROWS [VARIABLE=VALUE...]: an interactive shell in one.
terminal() {
  local columns=$1 rows=$2
  shift 2
  command -v tmux > /dev/null || skip "needs tmux"
  printf '%s\n' 'set -g default-terminal screen-256color' 'set -g remain-on-exit on' > "$scratch/tmux.conf"
  # LeakSanitizer hangs where a terminal goes away while it stops the process: it looks in one test.
  env -i "ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=${leaks:-0}" PATH="$scratch/bin:/usr/bin:/bin" \
    HOME="$home" TERM=screen-256color LANG=C.UTF-8 TZ=UTC PLAY="$play" "$@" \
    tmux -S "$scratch/tmux" -f "$scratch/tmux.conf" new-session -d -x "$columns" -y "$rows" \
    "env PS1='ready> ' bash --norc --noprofile -i" 3>&-
  eventually pane_has '^ready>'
}

tm() {
  tmux -S "$scratch/tmux" "$@"
}

pane() {
  tm capture-pane -p
}

pane_has() {
  pane | grep -qE -- "$1"
}

pane_lacks() {
  ! pane_has "$1"
}

type_line() {
  tm send-keys -l -- "$1"
  tm send-keys Enter
}

# flag NAME: what tmux knows of the terminal: alternate_on, cursor_flag, wrap_flag.
flag() {
  tm display-message -p "#{$1}"
}

# Begins to watch, with what the terminal was like before in a file.
watch() {
  type_line "echo before; stty -a > $scratch/before; $TCR_RUN status --watch $*"
  eventually pane_has 'KEY +.*STATE'
}

# The terminal is as it was: modes, screen, cursor; what was on it before is there again.
assert_restored() {
  eventually pane_has '^before'
  eventually pane_has "${1:-^ready>}"
  type_line "echo; stty -a > $scratch/after; echo told"
  eventually pane_has '^told'
  cmp "$scratch/before" "$scratch/after"
  assert_equal "$(flag alternate_on)$(flag cursor_flag)$(flag wrap_flag)" 011
}

watcher() {
  pgrep -f "^$TCR_RUN status --watch" -s "$(tm display-message -p '#{pane_pid}')"
}

@test "it shows the table on a screen of its own, and q ends it" {
  pool home work
  terminal 100 20
  watch
  assert_equal "$(flag alternate_on)$(flag cursor_flag)$(flag wrap_flag)" 100
  pane_has '^> home +oauth +ready'
  pane_has '^next: home$'
  pane_lacks '^before'
  tm send-keys q
  assert_restored
  type_line 'echo status $?'
}

@test "q gives status 0" {
  pool home
  leaks=1
  terminal 100 20
  watch '; echo status $?'
  tm send-keys q
  eventually pane_has '^status 0'
}

@test "Ctrl-C ends it" {
  pool home
  terminal 100 20
  watch
  tm send-keys C-c
  eventually pane_has '^before'
  type_line 'echo status $?'
  eventually pane_has '^status 130'
  assert_restored
}

@test "signals that end it leave the terminal as it was" {
  pool home
  terminal 100 40
  for signal in TERM:143 HUP:129 QUIT:131 USR1:138; do
    watch
    kill -"${signal%:*}" "$(watcher)"
    eventually pane_has '^before'
    type_line "echo $signal status \$?"
    eventually pane_has "^$signal status ${signal#*:}"
    assert_restored
    type_line clear
    eventually pane_lacks before
  done
}

@test "it shows what changes, in its place" {
  pool home work
  terminal 100 20
  watch
  fails home
  (err=$scratch/stderr2; tcr -- client)
  eventually pane_has '^  home +oauth +limited until'
  eventually pane_has '^> work +oauth +ready'
  assert_equal "$(pane | grep -c '^[> ] home ')" 1
  pane | head -n 1 | grep -qE '^[0-9]{2}:[0-9]{2}:[0-9]{2}  q ends$'
  before=$(pane | head -n 1)
  ticked() { [ "$(pane | head -n 1)" != "$before" ]; }
  eventually ticked
  # What was longer before leaves nothing behind.
  tcr reset
  eventually pane_has '^[> ] home +oauth +ready +[0-9]+  [0-9:]{5}( .*)?$'
  pane_lacks 'limited'
}

@test "what somebody else writes over it goes with the next frame" {
  pool home
  terminal 100 20
  watch
  printf '\n\nnoise below\033[1;40Hnoise beside' > "$(flag pane_tty)"
  eventually pane_lacks noise
  pane_has '^> home +oauth +ready'
  tm send-keys q
  assert_restored
}

@test "a smaller window: fewer columns, no wrapping; a larger one again" {
  pool home work --master api:billing
  fails home
  (err=$scratch/stderr2; tcr -- client)
  terminal 100 20
  watch
  pane_has '^  KEY +KIND +STATE +FAIL +USED +LAST FAILURE'
  tm resize-window -x 30 -y 20
  eventually pane_has '^  KEY +STATE$'
  eventually pane_lacks 'KIND'
  assert_equal "$(pane | grep -cE '^[> ] (home|work|billing) ')" 3
  tm resize-window -x 100 -y 20
  eventually pane_has 'KIND'
  tm send-keys q
  eventually pane_lacks 'q ends'
}

@test "500 keys: what rests and what was used comes first, and the arrows scroll" {
  local -a names=()
  for i in $(seq 500); do names+=("k$i"); done
  pool "${names[@]}"
  fails k1
  tcr --cooldown 1d -- client
  assert_used 'k1 k2'
  works k1
  tcr reset k2
  terminal 80 16
  watch
  pane_has '^499 of 500 ready, 1 resting \(first back '
  # The next one, then what rests, then what was used, then the others as in the file.
  shown() { [ "$(pane | sed -nE 's/^(> |  )(k[0-9]+) .*/\2/p' | paste -sd ' ')" = "$1" ]; }
  eventually shown 'k2 k1 k3 k4 k5 k6 k7 k8 k9'
  pane_has '^  1–9 of 500 · '
  tm send-keys Down Down
  eventually pane_has '^  3–11 of 500 · '
  tm send-keys Up
  eventually pane_has '^  2–10 of 500 · '
  tm send-keys PageDown
  eventually pane_has '^  10–18 of 500 · '
  tm send-keys PageUp PageUp
  eventually pane_has '^  1–9 of 500 · '
  tm send-keys End
  eventually pane_has '^  492–500 of 500 · '
  pane_has '^  k500 '
  tm send-keys Down Home
  eventually pane_has '^  1–9 of 500 · '
  assert_equal "$(pane | wc -l)" 16
  tm send-keys q
  assert_restored
}

@test "more keys than lines: the first of them, and what is next stays in sight" {
  pool a b c d e f g h i j k l
  terminal 80 10
  watch
  assert_equal "$(pane | wc -l)" 10
  pane_has '^> a '
  pane_has '^  1–3 of 12 · ↑ ↓ PgUp PgDn$'
  assert_equal "$(pane | tail -n 1)" 'next: a'
  tm resize-window -x 80 -y 30
  eventually pane_has '^  l '
  eventually pane_lacks 'PgDn$'
  tm send-keys q
  eventually pane_lacks 'q ends'
}

@test "Ctrl-Z stops it with the terminal as it was, fg shows it again" {
  pool home
  terminal 100 20
  watch
  tm send-keys C-z
  eventually pane_has 'Stopped'
  assert_restored
  type_line fg
  eventually pane_has 'q ends'
  assert_equal "$(flag alternate_on)$(flag cursor_flag)" 10
  tm send-keys q
  assert_restored
}

@test "after SIGSTOP and SIGCONT it is on its screen again, and ends as it should" {
  pool home
  terminal 100 20
  watch
  stopped=$(watcher)
  kill -STOP "$stopped"
  eventually pane_has 'Stopped'
  type_line fg
  eventually pane_has 'q ends'
  eventually tm_flag_is alternate_on 1
  tm send-keys q
  assert_restored
}

tm_flag_is() {
  [ "$(flag "$1")" = "$2" ]
}

@test "what was typed meanwhile is not left for the shell" {
  pool home
  terminal 100 20
  watch
  tm send-keys -l 'echo opps; xyz'
  tm send-keys q
  assert_restored
  pane_lacks 'opps'
}

@test "colours, and none with NO_COLOR" {
  pool home
  terminal 100 20
  watch
  tm capture-pane -pe | grep -q $'\033\\[32mready'
  tm send-keys q
  eventually pane_lacks 'q ends'
  tm kill-server
  rm -f "$scratch/tmux"
  terminal 100 20 NO_COLOR=1
  watch
  ! tm capture-pane -pe | grep -q $'\033\\[32mready' || fail "colours in spite of NO_COLOR"
}

@test "complaints stand where they can still be read afterwards" {
  pool home
  mkdir -p "$state"
  echo '{"version": 99}' > "$state/state.json"
  terminal 200 20
  watch
  tm send-keys q
  eventually pane_has 'newer tcr-run'
}

@test "without a terminal that can be redrawn it is refused" {
  pool home
  extra_env=(TERM=xterm)
  tcr status --watch
  assert_status 125
  assert_no_stdout
  assert_stderr_has '^tcr-run: status: --watch needs a terminal'
  extra_env=(TERM=dumb)
  capture script -qec "$TCR_RUN status --watch" /dev/null < /dev/null
  assert_status 125
  assert_stdout_has 'needs a terminal'
  ! grep -q $'\033' "$out" || fail "a dumb terminal was told to move"
}

@test "input that is no terminal: it shows, and Ctrl-C ends it" {
  pool home
  terminal 100 20
  watch '</dev/null'
  sleep 1.2
  pane_has 'q ends'
  tm send-keys C-c
  assert_restored
}

@test "a terminal that goes away ends it" {
  pool home
  terminal 100 20
  watch
  alone=$(watcher)
  tm kill-server
  gone() { ! kill -0 "$alone"; }
  eventually gone
}
