# What a run does when its keys are used up: --on-exhausted, --notify.
load helpers

HOOK='env | grep ^TCR_ | sort > $HOME/hook.new; env > $HOME/all; echo once >> $HOME/count; mv $HOME/hook.new $HOME/hook'

@test "the command runs once, with the reason, detached, and sees no key" {
  pool home work
  fails home; fails work
  extra_env=(ANTHROPIC_API_KEY=sk-ant-api03-FAKE-own-0001)
  tcr --on-exhausted "$HOOK" -- client
  assert_status 1
  eventually test -e "$home/hook"
  assert_equal "$(cut -d= -f1 "$home/hook" | paste -sd ' ')" \
    'TCR_EXHAUSTED_CLASS TCR_EXHAUSTED_COMMAND TCR_EXHAUSTED_KEY TCR_EXHAUSTED_REASON TCR_EXHAUSTED_UNTIL'
  grep -qE '^TCR_EXHAUSTED_REASON="work" reached its usage limit .*; no other key is left' "$home/hook"
  grep -qx 'TCR_EXHAUSTED_KEY=work' "$home/hook"
  grep -qx 'TCR_EXHAUSTED_CLASS=limit' "$home/hook"
  grep -qx 'TCR_EXHAUSTED_COMMAND=client' "$home/hook"
  assert_equal "$(sed -n 's/^TCR_EXHAUSTED_UNTIL=//p' "$home/hook")" "$(record work '.cooldowns[0].until')"
  ! grep -E 'FAKE' "$home/all" || fail "the command sees a key"
  assert_equal "$(wc -l < "$home/count")" 1
}

@test "also where no key can be used to begin with; not where a key is left, or nothing failed" {
  pool home work
  tcr --on-exhausted "$HOOK" -- client
  fails home
  tcr --on-exhausted "$HOOK" -- client
  assert_status 0
  fails work
  tcr -- client
  [ ! -e "$home/count" ] || fail "it ran"
  tcr --on-exhausted "$HOOK" -- client
  assert_status 75
  eventually test -e "$home/hook"
  grep -qE '^TCR_EXHAUSTED_REASON=no key can be used: ' "$home/hook"
  grep -qx 'TCR_EXHAUSTED_KEY=' "$home/hook"
}

@test "a command that cannot be run is told of at the start, once, and the run goes on" {
  pool home
  touch "$scratch/plain"
  while IFS='|' read -r command why; do
    tcr --on-exhausted "$command" -- client
    assert_status 0
    [[ $(cat "$err") == "tcr-run: warning: --on-exhausted: "$why"; nothing will happen when the keys are used up" ]] ||
      fail "$command: $(cat "$err")"
  done << CASES
no-such-alarm --loud|there is no program no-such-alarm that can be run
./no-such-alarm; true|there is no program ./no-such-alarm that can be run
"\$HOME/no such" x|there is no program "\$HOME/no such" that can be run
~/no-such|there is no program ~/no-such that can be run
$scratch/plain|there is no program $scratch/plain that can be run
echo "half|/bin/sh cannot read it: *
  |it is empty
CASES
  for command in client 'client -x' "$scratch/bin/client" '{ client; }' 'X=1 client' 'if true; then client; fi' ': > x' '"$PLAY/../bin/client"'; do
    tcr --on-exhausted "$command" -- client
    assert_no_stderr
  done
}

@test "the run does not wait for it, and its output goes nowhere" {
  pool home
  fails home
  LIMIT=10 tcr --on-exhausted 'echo loud; echo loud >&2; sleep 30 & echo $! > $HOME/pid; wait' -- client
  assert_status 1
  ! grep -q loud "$out" "$err" || fail "it has our streams"
  eventually test -s "$home/pid"
  kill "$(cat "$home/pid")"
}

# What a terminal gets, with these variables.
on_terminal() {
  extra_env=("${@:2}")
  capture script -qec "$TCR_RUN $1 -- client" /dev/null < /dev/null
}

@test "--notify: the terminal's own sequence, and nothing unless it is asked for" {
  pool home
  fails home
  on_terminal '--notify --cooldown 0' TERM=xterm
  grep -q $'\033]9;tcr-run: "home" reached its usage limit.*\a' "$out"
  on_terminal '--notify --cooldown 0' TERM=foot
  grep -q $'\033]777;notify;tcr-run;"home" reached its usage limit, no other key is left.*\a' "$out"
  on_terminal '--notify --cooldown 0' TERM=screen TMUX=/tmp/x,1,0
  grep -q $'\033Ptmux;\033\033]9;tcr-run: .*\a\033\\\\' "$out"
  on_terminal '--notify --cooldown 0' TERM=dumb
  ! grep -q $'\033' "$out" || fail "a dumb terminal"
  on_terminal '--cooldown 0' TERM=xterm
  ! grep -q $'\033]' "$out" || fail "nobody asked"
  tcr --notify --cooldown 0 -- client
  ! grep -q $'\033' "$out" "$err" || fail "into a file"
  echo "{\"keys\": [$(entry home)], \"policy\": {\"notify\": true}}" | keyfile
  on_terminal '--cooldown 0' TERM=xterm
  grep -q $'\033]9;' "$out"
  echo "{\"keys\": [$(entry home)], \"policy\": {\"notify\": 1}}" | keyfile
  tcr -- client
  assert_status 125
  assert_stderr_has 'policy.notify: expected true or false, found a number'
}
